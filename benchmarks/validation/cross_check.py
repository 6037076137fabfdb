"""One network in every framework, on a whole real series, against float64 NumPy.

Graph frameworks (onnxruntime, onnx's reference evaluator) answer with score
and alarm themselves; of the others, which run the network alone, the same
distance and threshold are taken in NumPy.
"""

import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.latency.engines import available
from stillwatch.benchmarks.latency.engines.base import Engine, Run
from stillwatch.benchmarks.latency.engines.onnxruntime import TOLERANCE as ONNXRUNTIME_TOLERANCE
from stillwatch.benchmarks.latency.engines.onnxruntime_int8 import TOLERANCE as INT8_TOLERANCE
from stillwatch.benchmarks.validation.case import Case, Prepared, prepare
from stillwatch.benchmarks.validation.difference import Difference, difference
from stillwatch.benchmarks.validation.mx2onnx import run_mx2onnx
from stillwatch.export.capsule.golden import TOLERANCE
from stillwatch.export.int8.quantization import quantize
from stillwatch.export.verify.graph_answers import Answer, by_onnxruntime, by_reference_evaluator
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError

__all__ = ["cross_check"]

_SEQUENCES = 190  # windows a call of an engine: bounds memory


def cross_check(
    case: Case, engines: list[Engine], scratch: Path
) -> tuple[list[Difference], dict[str, str]]:
    """Returns each framework's difference, and why the others are not in the list.

    engines: those that run a network from a checkpoint; onnxruntime's have
    answers of their own here. Rows at the end that fill no window are left out.
    """
    prepared = prepare(case, scratch)
    absent: dict[str, str] = {}
    differences = list(_by_graph(prepared, absent))
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
        except (ExtraError, InputError) as error:  # not installed, or not for this network
            absent[name] = str(error)
            continue
        score = prepared.judge.score(prepared.scaled, decoded)
        answer = Answer(name, decoded, prepared.judge.decide(score), 0.0, score)
        differences.append(difference(prepared, answer, tolerance, exact=exact))
    return differences, absent


def _loaded(engine: Engine, case: Case, scratch: Path) -> Run:
    return engine.load(engine.prepare(case.folder, scratch / engine.name), 1)


def _by_graph(p: Prepared, absent: dict[str, str]) -> Iterator[Difference]:
    """Yields onnxruntime's difference in each form, int8 too where it pays; the evaluator's."""
    runtime = f"onnxruntime {importlib.metadata.version('onnxruntime')}"
    for form, content in p.case.forms.items():
        yield _by_runtime(p, content, runtime + form, ONNXRUNTIME_TOLERANCE, exact=True)
        name = f"{runtime}, int8{form}"
        try:
            small = quantize(content, p.case.name)
        except InputError as error:
            absent[name] = str(error)
        else:
            yield _by_runtime(p, small, name, INT8_TOLERANCE, exact=False)
    answer = by_reference_evaluator(p.model, p.detector, p.values, p.moments, p.scaled)
    yield difference(p, answer, TOLERANCE, exact=True)


def _by_runtime(
    p: Prepared, content: bytes, name: str, tolerance: float, *, exact: bool
) -> Difference:
    """Returns how far a capsule in onnxruntime is."""
    detector = Detector.from_bytes(content, name)
    answer = by_onnxruntime(detector, p.values, p.moments, p.scaled)
    return difference(p, replace(answer, framework=name), tolerance, exact=exact)


def _by_windows(run: Run, p: Prepared) -> Float64:
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
