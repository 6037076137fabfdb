"""Timing of several engines in turn: pure but for the clock, which a test may replace."""

import contextlib
import gc
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Clock", "Pace", "interleave", "undisturbed"]

Clock = Callable[[], int]  # nanoseconds
Task = Callable[[], object]

_WARM_UP, _MOST_WARM_UP = 50_000, 20  # us together, and calls
_SHORT = 20_000_000  # ns; a shorter call gets one untimed before it, to fetch its weights again


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long to measure.

    rounds: at most so many, each engine's burst of calls once a round, and
    fewer, but `fewest`, where they would take longer than `seconds` together.
    burst: the seconds that a burst is to last. calls: at most so many a burst.
    """

    rounds: int
    seconds: float
    fewest: int = 3
    burst: float = 0.02
    calls: int = 200


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Holds the garbage collector off, after one last collection."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def interleave(
    tasks: Mapping[str, Task], pace: Pace, *, seed: int, clock: Clock = time.perf_counter_ns
) -> dict[str, list[list[float]]]:
    """Returns microseconds a call, by task, round and call.

    Every round runs each task's burst once, in an order drawn anew: whatever
    drifts, clock rate, heat or neighbours, meets all tasks alike, and no task
    always follows the same other one.
    """
    if not tasks:
        return {}
    order = random.Random(seed)  # noqa: S311  (nothing secret)
    spans = {name: _warm_up(task, clock) for name, task in tasks.items()}
    calls = {
        name: max(1, min(pace.calls, math.ceil(pace.burst * 1e9 / span)))
        for name, span in spans.items()
    }
    a_round = sum(calls[name] * span for name, span in spans.items())
    rounds = max(pace.fewest, min(pace.rounds, int(pace.seconds * 1e9 / a_round)))
    result: dict[str, list[list[float]]] = {name: [] for name in tasks}
    for _ in range(rounds):
        names = list(tasks)
        order.shuffle(names)
        with undisturbed():
            for name in names:
                if spans[name] < _SHORT:
                    tasks[name]()
                result[name].append(_burst(tasks[name], calls[name], clock))
    return result


def _warm_up(task: Task, clock: Clock) -> int:
    """Returns the span of a call in ns, after calls enough to compile, allocate and settle."""
    task()
    spans = _burst(task, 1, clock)
    while len(spans) < _MOST_WARM_UP and sum(spans) < _WARM_UP:
        spans += _burst(task, 1, clock)
    return max(1, int(min(spans) * 1e3))


def _burst(task: Task, calls: int, clock: Clock) -> list[float]:
    spans = []
    for _ in range(calls):
        begin = clock()
        task()
        spans.append((clock() - begin) / 1e3)
    return spans
