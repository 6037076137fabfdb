"""The recipe of the forecasters: scale by the training rows, train, let validation choose."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import ConfigError, InputError
from stillwatch.runtime.files import make_folder
from stillwatch.runtime.forecasting.calendar import TERM_WIDTH, calendar_terms
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.scoring.scaling import Moments
from stillwatch.train.calibration.windowed import finished, load_windowed, save_windowed, scaled
from stillwatch.train.data.checkpoint import Checkpoint
from stillwatch.train.data.fingerprint import fingerprint
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.forecaster.network import Direct, Recursive
from stillwatch.train.families.forecaster.ridge import fit_linear
from stillwatch.train.families.forecaster.samples import ForecastSamples, ScaledPart
from stillwatch.train.families.forecaster.scaling import scaling_of
from stillwatch.train.families.forecaster.share import set_linear, set_share
from stillwatch.train.families.forecaster.split import Split, split_of
from stillwatch.train.loop.epochs import Epoch, Telling, train_with_early_stopping
from stillwatch.train.loop.fit import count_parameters, seed_everything, to_nd
from stillwatch.train.loop.one_pass import Loss

__all__ = [
    "build_network",
    "load_network",
    "reconstruct",
    "scaled_part",
    "train_forecaster",
]

_VALIDATED = 7  # every so many windows: they overlap, and an epoch is short


def train_forecaster(
    series: Series,
    config: ForecasterConfig,
    folder: Path,
    *,
    split: Split | None = None,
    teacher: Path | None = None,
    progress: bool = True,
    after_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Checkpoint:
    """Trains on the first rows of a series and returns the checkpoint left in `folder`.

    split: where the parts begin, by default the configuration's shares.
    teacher: the folder of a larger forecaster's checkpoint, wanted where alpha
    is above 0. A run that was killed goes on where it stood; one that is done
    is read, not repeated. Raises InputError, CheckpointError and ConfigError.
    """
    split = split or split_of(len(series), config)
    _check(series, config, teacher)
    data = _origin(series, split)
    done = finished(folder, config, data)
    if done is not None:
        return done
    make_folder(folder)
    moments = scaling_of(series.values[: split.validation], config)
    whole = scaled_part(series, moments, config)
    seen = whole.rows(0, split.validation)
    held = whole.rows(split.validation - config.lookback, split.intervals)
    training, validation = _samples(seen, held, config)
    net = build_network(config, len(series.columns))
    if isinstance(net, Direct) and config.linear:
        net.linear.collect_params().setattr("grad_req", "null")  # solved, not trained
    curve = train_with_early_stopping(
        net,
        training,
        validation,
        config,
        folder,
        prepare_loss=lambda: _loss(training, config, teacher),
        telling=Telling(caption=folder.name if progress else None, after_epoch=after_epoch),
        schedule=_schedule(config),
    )
    if isinstance(net, Direct) and config.linear:
        penalty = _solve_linear(net, seen, held, config)
        data |= {"share": set_share(net, validation), "penalty": penalty}
    return save_windowed(
        Checkpoint(
            family="forecaster",
            config=config,
            channels=tuple((name, "") for name in series.columns),
            mean=tuple(map(float, moments.mean[0])),
            scale=tuple(map(float, moments.scale[0])),
            parameters=count_parameters(net),
            calibrations={},
            curve=curve,
            data=data,
        ),
        net,
        folder,
    )


def _origin(series: Series, split: Split) -> dict[str, Any]:
    return {
        "name": series.name,
        "rows": split.validation,
        "sha256": fingerprint([series.values[: split.test]]),
        "step": asdict(series.step) if series.step else None,
        "time_column": series.time_column,
    }


def _samples(
    seen: ScaledPart, held: ScaledPart, config: ForecasterConfig
) -> tuple[ForecastSamples, ForecastSamples]:
    """Returns what is trained and what is validated on."""
    most = config.steps * config.batch
    lookback, horizon = config.lookback, config.horizon
    return (
        ForecastSamples([seen], lookback=lookback, horizon=horizon, most=most),
        ForecastSamples([held], lookback=lookback, horizon=horizon, step=_VALIDATED),
    )


def _solve_linear(
    net: Direct, seen: ScaledPart, held: ScaledPart, config: ForecasterConfig
) -> float:
    """Gives the network its linear map, solved on what it saw; returns the penalty that held."""
    solved = fit_linear(
        [seen.channels],
        [held.channels[config.lookback - config.linear :]],
        lookback=config.linear,
        horizon=config.horizon,
        rank=config.rank,
    )
    set_linear(net, solved)
    net.linear.collect_params().setattr("grad_req", "write")  # they count as parameters
    return solved.penalty


def load_network(folder: Path) -> Direct | Recursive:
    """Returns the Gluon network of a checkpoint."""
    return load_windowed(folder, "forecaster", build_network)


def reconstruct(network: Direct | Recursive, scaled: Float64, config: ForecasterConfig) -> Float64:
    """Returns what a recursive network expected of scaled rows (T, C) a row before, (T, C).

    Of the first row nothing was: it stands for itself. Raises ConfigError for a direct one.
    """
    if not isinstance(network, Recursive):
        raise ConfigError(f"expected a recursive forecaster, got a {config.strategy} one")
    following = network.following(to_nd(scaled[None].astype(np.float32))).asnumpy()[0]
    expected: Float64 = np.concatenate([scaled[:1], following[:-1]]).astype(np.float64)
    return expected


def build_network(config: ForecasterConfig, columns: int) -> Direct | Recursive:
    """Returns the network of a configuration, initialized from its seed.

    columns: the channels and, behind them, the covariates.
    """
    seed_everything(config.seed)
    calendar = TERM_WIDTH * len(config.calendar)
    covariates = len(config.covariates)
    kind = Direct if config.strategy == "direct" else Recursive
    net = kind(
        config,
        channels=columns - covariates,
        inputs=covariates + calendar,
        calendar=calendar,
    )
    net.initialize(mx.init.Xavier())
    net.hybridize()
    return net


def scaled_part(series: Series, moments: Moments, config: ForecasterConfig) -> ScaledPart:
    """Returns the whole series as the network sees it."""
    values = scaled(series.values, moments)
    channels = values.shape[1] - len(config.covariates)
    times = np.empty(len(values), "datetime64[us]") if series.times is None else series.times
    calendar = calendar_terms(times, config.calendar)
    return ScaledPart(values[:, :channels], values[:, channels:], calendar)


def _check(series: Series, config: ForecasterConfig, teacher: Path | None) -> None:
    behind = series.columns[len(series.columns) - len(config.covariates) :]
    if behind != config.covariates or len(behind) == len(series.columns):
        raise InputError(
            f"expected channels to forecast and then the covariates {config.covariates}, got the "
            f"columns {series.columns}"
        )
    if config.calendar and series.times is None:
        raise InputError(
            f"calendar terms ({', '.join(config.calendar)}) come from the times of the rows: name "
            "their column with --time-column"
        )
    if config.alpha > 0 and teacher is None:
        raise InputError(f"expected a teacher for alpha {config.alpha:g}, got none")


def _schedule(config: ForecasterConfig) -> mx.lr_scheduler.LRScheduler:
    """Returns the learning rate by steps done: up for `warmup` of them, then a cosine to 0."""
    return mx.lr_scheduler.CosineScheduler(
        config.epochs * config.steps,
        base_lr=config.learning_rate,
        final_lr=0.0,
        warmup_steps=min(config.warmup, config.epochs * config.steps - 1),
    )


def _loss(samples: ForecastSamples, config: ForecasterConfig, teacher: Path | None) -> Loss:
    """Returns the mean absolute error, by `alpha` towards what a teacher answers."""
    taught = load_network(teacher) if teacher and config.alpha else None

    def loss(
        _: mx.nd.NDArray, answered: mx.nd.NDArray, numbers: npt.NDArray[np.int64]
    ) -> mx.nd.NDArray:
        minimised = mx.nd.mean(mx.nd.abs(answered - to_nd(samples.targets(numbers))))
        if taught is None:
            return minimised
        with mx.autograd.pause(train_mode=False):
            wanted = taught(*map(to_nd, samples.inputs(numbers)))
        towards = mx.nd.mean(mx.nd.abs(answered - wanted))
        return (1 - config.alpha) * minimised + config.alpha * towards

    return loss
