"""One network in every framework, on a whole real series, against float64 NumPy.

Graph frameworks (onnxruntime, onnx's reference evaluator) answer with score
and alarm themselves; of the others, which run the network alone, the same
distance and threshold are taken in NumPy.
"""

import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.engines import available
from stillwatch.benchmarks.engines.base import Engine, Run
from stillwatch.benchmarks.engines.onnxruntime import TOLERANCE as ONNXRUNTIME_TOLERANCE
from stillwatch.benchmarks.engines.onnxruntime_int8 import TOLERANCE as INT8_TOLERANCE
from stillwatch.benchmarks.mx2onnx import run_mx2onnx
from stillwatch.export.golden import TOLERANCE
from stillwatch.export.judges import Judgement, judgement
from stillwatch.export.quantize import quantize
from stillwatch.export.verification import Answer, by_onnxruntime, by_reference_evaluator
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.scaling import Moments, series_moments

__all__ = ["Case", "Difference", "cross_check"]

_SEQUENCES = 190  # windows a call of an engine: bounds memory


@dataclass(frozen=True, kw_only=True)
class Case:
    """A checkpoint, its capsule with thresholds, and the series (T, C) to compare on."""

    name: str
    folder: Path
    content: bytes
    series: str
    values: Float64


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far a framework is from float64 NumPy.

    largest, mean: of the reconstruction in scaled units, less what the rounding
    of a graph's outputs explains. units: the largest in the sensor's units.
    score, score_mean: relative to scores above one. exact: of single
    precision, where no alarm may flip.
    """

    model: str
    framework: str
    largest: float
    mean: float
    units: float
    score: float
    score_mean: float
    flips: int
    alarms: int
    tolerance: float
    exact: bool

    @property
    def passed(self) -> bool:
        """Whether it agrees: within tolerance, and no alarm flipped where it is exact.

        Of low precision the mean is held to the tolerance: it errs by a share of
        what it is given, so its largest difference is that of the series' wildest value.
        """
        if self.exact:
            return self.largest <= self.tolerance and not self.flips
        return self.mean <= self.tolerance


@dataclass(frozen=True)
class _Prepared:
    """A case with its series as the graphs see it, and float64's answer."""

    case: Case
    model: Path
    detector: Detector
    values: Float64
    moments: Moments
    scaled: Float64
    judge: Judgement
    decoded: Float64
    score: Float64
    alarm: Bool


def cross_check(
    case: Case, engines: list[Engine], scratch: Path
) -> tuple[list[Difference], dict[str, str]]:
    """Returns each framework's difference, and why the others are not in the list.

    engines: those that run a network from a checkpoint; onnxruntime's have
    answers of their own here. Rows at the end that fill no window are left out.
    """
    prepared = _prepare(case, scratch)
    absent: dict[str, str] = {}
    differences = list(_by_graph(prepared, scratch, absent))
    own = [engine for engine in engines if engine.package != "onnxruntime"]
    started, missing = available(own)
    absent |= missing
    witnesses: list[tuple[str, float, bool, Callable[[], Run]]] = [
        (
            f"{engine.name} {importlib.metadata.version(engine.package)}",
            engine.tolerance,
            engine.weight_bytes == 4,
            partial(_loaded, engine, case, scratch),
        )
        for engine in started
    ]
    # onnxruntime runs it, so its tolerance is onnxruntime's.
    of_mxnet = partial(run_mx2onnx, case.folder)
    witnesses.append(("mx2onnx's graph", ONNXRUNTIME_TOLERANCE, True, lambda: of_mxnet))
    for name, tolerance, exact, load in witnesses:
        try:
            decoded = _by_windows(load(), prepared)
        except ExtraError as error:
            absent[name] = str(error)
            continue
        score = prepared.judge.score(prepared.scaled, decoded)
        answer = Answer(name, decoded, prepared.judge.decide(score), 0.0, score)
        differences.append(_difference(prepared, answer, tolerance, exact=exact))
    return differences, absent


def _loaded(engine: Engine, case: Case, scratch: Path) -> Run:
    return engine.load(engine.prepare(case.folder, scratch / engine.name), 1)


def _prepare(case: Case, scratch: Path) -> _Prepared:
    model = scratch / "model.onnx"
    write_bytes(model, case.content)
    detector = Detector.load(model)
    window = detector.info.window
    values = case.values[: len(case.values) // window * window]
    if not len(values):
        raise InputError(f"expected at least {window} rows in {case.series}, a window")
    info = detector.info
    if info.scaling.kind == "trained":
        moments = Moments(np.array([info.mean]), np.array([info.scale]))
    else:
        moments = series_moments(values)  # as the published recipe scales a file
    # As the graphs compute it: who is given another input may give another answer.
    value, mean, scale = (part.astype(np.float32) for part in (values, moments.mean, moments.scale))
    scaled = ((value - mean) / scale).astype(np.float64)
    judge = judgement(model, case.folder, detector.info)
    decoded = judge.reconstruct(scaled)
    score = judge.score(scaled, decoded)
    return _Prepared(
        case, model, detector, values, moments, scaled, judge, decoded, score, judge.decide(score)
    )


def _by_graph(p: _Prepared, scratch: Path, absent: dict[str, str]) -> Iterator[Difference]:
    """Yields onnxruntime's difference, int8's where it pays, and the reference evaluator's."""
    runtime = f"onnxruntime {importlib.metadata.version('onnxruntime')}"
    answer = by_onnxruntime(p.detector, p.values, p.moments, p.scaled)
    named = Answer(runtime, answer.reconstruction, answer.alarm, answer.rounding, answer.score)
    yield _difference(p, named, ONNXRUNTIME_TOLERANCE, exact=True)
    try:
        small = scratch / "int8.onnx"
        write_bytes(small, quantize(p.case.content, p.case.name))
    except InputError as error:
        absent[f"{runtime}, int8"] = str(error)
    else:
        answer = by_onnxruntime(Detector.load(small), p.values, p.moments, p.scaled)
        name = f"{runtime}, int8"
        named = Answer(name, answer.reconstruction, answer.alarm, answer.rounding, answer.score)
        yield _difference(p, named, INT8_TOLERANCE, exact=False)
    answer = by_reference_evaluator(p.model, p.detector, p.values, p.moments, p.scaled)
    yield _difference(p, answer, TOLERANCE, exact=True)


def _by_windows(run: Run, p: _Prepared) -> Float64:
    """Returns the reconstruction (T, C) of the series by an engine of windows."""
    info = p.detector.info
    rows, channels = p.scaled.shape
    independent = info.channel_mode == "independent"
    windows = p.scaled.astype(np.float32).reshape(-1, info.window, channels)  # NTC
    if independent:
        windows = windows.transpose(0, 2, 1).reshape(-1, info.window, 1)
    windows = np.ascontiguousarray(windows)
    parts = [run(windows[i : i + _SEQUENCES]) for i in range(0, len(windows), _SEQUENCES)]
    decoded = np.concatenate(parts).astype(np.float64)
    if independent:
        decoded = decoded.reshape(-1, channels, info.window).transpose(0, 2, 1)
    return decoded.reshape(rows, channels)


def _difference(p: _Prepared, answer: Answer, tolerance: float, *, exact: bool) -> Difference:
    off = np.abs(answer.reconstruction - p.decoded)
    beyond = np.maximum(off - answer.rounding, 0)
    given = p.score if answer.score is None else answer.score
    score = np.abs(given - p.score) / np.maximum(1.0, np.abs(p.score))
    return Difference(
        model=p.case.name,
        framework=answer.framework,
        largest=float(beyond.max()),
        mean=float(beyond.mean()),
        units=float((off * p.moments.scale).max()),
        score=float(score.max()),
        score_mean=float(score.mean()),
        flips=int((answer.alarm != p.alarm).sum()),
        alarms=int(p.alarm.sum()),
        tolerance=tolerance,
        exact=exact,
    )
