"""Runs one forecaster in every framework at hand, and says how far apart their forecasts are.

As of detectors: MXNet is the origin, onnx's reference evaluator reads the
same graph by the letter of the standard, and the NumPy network shares neither
code nor graph with any of them.
"""

import importlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx.reference

from stillwatch.export.capsule.golden import TOLERANCE
from stillwatch.export.forecasting.capsule import Network
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.errors import ExtraError, InputError
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.series import read_series
from stillwatch.train.data.checkpoint import load_checkpoint

__all__ = ["ForecastAgreement", "compare", "report", "run"]

_RECIPE = "stillwatch.train.families.forecaster.recipe"


@dataclass(frozen=True)
class ForecastAgreement:
    """How far a framework is from onnxruntime, in scaled units: at most, and in the last row.

    Rounding to single precision in the sensor's units is taken off both.
    """

    framework: str
    largest: float
    last_row: float

    @property
    def passed(self) -> bool:
        """Whether they agree within single precision."""
        return self.largest <= TOLERANCE


def compare(
    content: bytes, name: str, folder: Path, values: Float64, times: AnyArray | None
) -> tuple[list[ForecastAgreement], dict[str, str]]:
    """Returns each framework's agreement with onnxruntime on what follows values (T, C + K).

    The second answer maps each framework that is not installed to the reason.
    """
    forecaster = Forecaster.from_bytes(content, name)
    checkpoint, weights = load_checkpoint(folder)
    network = Network(checkpoint, weights)
    config = network.config
    rows = values[-config.lookback :].astype(np.float32).astype(np.float64)
    when = forecaster.check_times(times, len(values))
    following = (
        None if when is None else forecaster.step_after(when).after(when[-1], config.horizon)
    )
    calendar = forecaster.calendar(when, following, len(rows))
    empty = np.empty((len(rows) + config.horizon, 0), np.float32)
    given = empty if calendar is None else calendar
    reference = forecaster.model.run(rows[None], calendar, config.horizon).forecast[0]
    answers = {
        f"onnx reference evaluator {metadata.version('onnx')}": _by_evaluator(
            content, rows, calendar
        ),
        f"NumPy {metadata.version('numpy')}, float64": network.forecast(rows, given),
    }
    absent = {}
    try:
        answers[f"MXNet {metadata.version('mxnet')}"] = _by_gluon(folder, network, rows, given)
    except (ExtraError, ModuleNotFoundError) as error:
        absent["MXNet"] = str(error)
    scale = network.scaler.scale[: network.layout.channels]
    result = [_agreement(name, reference, answer, scale) for name, answer in answers.items()]
    return result, absent


def run(model: str, folder: Path, series: Path | None) -> bool:
    """Prints the comparison on a file, or on waves; returns whether every framework agrees."""
    content = opening.read_bytes(model)
    forecaster = Forecaster.from_bytes(content, model)
    checkpoint, _ = load_checkpoint(folder)
    if checkpoint.family != forecaster.info.family:
        raise InputError(
            f"{model} is of family {forecaster.info.family}, {folder} of {checkpoint.family}"
        )
    if series is None:
        name, values, times = "waves", *_waves(forecaster)
    else:
        info = forecaster.info
        result = read_series(
            series, info.columns, info.time_column or None,
            fill=info.missing == "forward", timed=bool(info.calendar),
        )  # fmt: skip
        name, values, times = str(series), result.values, result.times
    agreements, absent = compare(content, model, folder, values, times)
    version = metadata.version("onnxruntime")
    print(f"against onnxruntime {version} on what follows {name}, {len(values)} rows:")
    for line in report(agreements, absent):
        print(f"  {line}")
    return all(agreement.passed for agreement in agreements)


def _waves(forecaster: Forecaster) -> tuple[Float64, AnyArray | None]:
    """Returns a lookback of rows (T, C + K), and times where the capsule reads them."""
    info = forecaster.info
    row, column = np.arange(info.lookback)[:, None], np.arange(len(info.columns))
    waves = np.sin(0.3 * row + column) + 0.5 * np.sin(1.7 * row + 2 * column)
    values = np.array(info.mean) + np.array(info.scale) * waves
    if not info.calendar or info.step is None:
        return values, None
    return values, info.step.before(np.datetime64("2024-03-01", "us"), info.lookback)


def report(agreements: list[ForecastAgreement], absent: dict[str, str]) -> list[str]:
    """Returns the comparison as lines of text."""
    lines = [
        f"{a.framework:<32} largest {a.largest:.2g} in forecasts (scaled), {a.last_row:.2g} in "
        f"the horizon's last row: {'passed' if a.passed else 'FAILED'}"
        for a in agreements
    ]
    return lines + [f"{name:<32} not compared: {why}" for name, why in absent.items()]


def _by_evaluator(content: bytes, rows: Float64, calendar: AnyArray | None) -> Float64:
    evaluator = onnx.reference.ReferenceEvaluator(onnx.load_from_string(content))
    feeds: dict[str, AnyArray] = {"values": rows[None].astype(np.float32)}
    if calendar is not None:
        feeds["calendar"] = calendar[None]
    with np.errstate(over="ignore"):  # its sigmoid is 1 / (1 + exp(-x)), right all the same
        (forecast,) = evaluator.run(["forecast"], feeds)
    result: Float64 = np.asarray(forecast, np.float64)[0]
    return result


def _by_gluon(folder: Path, network: Network, rows: Float64, calendar: AnyArray) -> Float64:
    recipe, fit = (importlib.import_module(name) for name in (_RECIPE, "stillwatch.train.loop.fit"))
    mean, scale = network.scaler.mean, network.scaler.scale
    scaled = ((rows.astype(np.float32) - mean) / scale).astype(np.float32)
    inputs = np.concatenate([scaled, calendar[: len(rows)].astype(np.float32)], axis=1)
    ahead = calendar[len(rows) :].astype(np.float32)
    given = [inputs, ahead] if ahead.shape[1] else [inputs]
    net = recipe.load_network(folder)
    answer = net(*(fit.to_nd(part[None]) for part in given)).asnumpy()[0].astype(np.float64)
    channels = network.layout.channels
    result: Float64 = answer * scale[:channels] + mean[:channels]
    return result


def _agreement(
    name: str, reference: AnyArray, answer: Float64, scale: AnyArray
) -> ForecastAgreement:
    rounding = 2 * np.finfo(np.float32).eps * np.abs(reference)
    off = np.maximum(np.abs(answer - reference) - rounding, 0) / scale
    return ForecastAgreement(name, float(off.max()), float(off[-1].max()))
