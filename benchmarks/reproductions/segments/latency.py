"""What capsules take, interleaved in one run: a window, and a new row of a stream of stride 1."""

import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from stillwatch.benchmarks.reproductions.segments.evaluation import WINDOW
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.runtime.capsule.info import OUTPUTS
from stillwatch.runtime.detector import Detector
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.recipe import held_out

__all__ = ["measured"]

_ROUNDS, _CALLS = 15, 10
_FIGURES = ("window_us", "score_us", "row_us")

Call = Callable[[], object]


def measured(
    contents: Mapping[str, bytes], machine: Machine, rounds: int = _ROUNDS
) -> dict[str, dict[str, float]]:
    """Returns microseconds by capsule: the least of all rounds, in which all take turns.

    Of the processor's time of one thread, so that neighbours on a shared
    machine count as little as can be.

    window_us: the whole graph on one window of a machine's channels, from
    Python. score_us: the same by `Detector.score`. row_us: a further row of a
    stream that answers every row. One thread each.
    """
    calls = {name: _calls(name, content, machine) for name, content in contents.items()}
    spans: dict[str, list[list[float]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, ours in calls.items():
            spans[name].append([_seconds(call) for call in ours])
    return {
        name: dict(zip(_FIGURES, map(float, 1e6 * np.min(result, axis=0)), strict=True))
        for name, result in spans.items()
    }


def _calls(name: str, content: bytes, machine: Machine) -> tuple[Call, ...]:
    detector = Detector.from_bytes(calibrate(content, name, held_out(machine)).content, name)
    window = machine.test[:WINDOW]
    fed = {"values": window[None].astype(np.float32)}
    stream = detector.stream(stride=1)
    stream.extend(window)
    return (
        partial(detector.session.run, list(OUTPUTS), fed),
        partial(detector.score, window),
        partial(stream.update, window[0]),
    )


def _seconds(call: Call) -> float:
    begin = time.thread_time()
    for _ in range(_CALLS):
        call()
    return (time.thread_time() - begin) / _CALLS
