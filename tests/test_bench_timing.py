import gc
from collections.abc import Callable

import numpy as np
import pytest

from stillwatch.benchmarks.bench_plan import Plan, chunks_of
from stillwatch.benchmarks.bench_statistics import quantiles, ratio, slope
from stillwatch.benchmarks.bench_timing import Pace, interleave

PACE = Pace(rounds=8, seconds=1000.0, burst=0.01, calls=20)


class FakeClock:
    """Time that passes only when a task says so, so that nothing here is really timed."""

    def __init__(self) -> None:
        self.now = 0
        self.calls: list[str] = []

    def __call__(self) -> int:
        return self.now

    def task(self, name: str, us: float) -> Callable[[], None]:
        def run() -> None:
            self.calls.append(name)
            self.now += int(us * 1000)

        return run


def test_every_round_runs_every_task_and_the_order_changes() -> None:
    clock = FakeClock()
    tasks = {name: clock.task(name, us) for name, us in (("a", 5000), ("b", 900), ("c", 60_000))}
    found = interleave(tasks, PACE, seed=1, clock=clock)
    assert {name: [len(burst) for burst in rounds] for name, rounds in found.items()} == {
        "a": [2] * 8,  # two calls of 5 ms fill 10 ms
        "b": [12] * 8,
        "c": [1] * 8,
    }
    assert {us for rounds in found["b"] for us in rounds} == {900.0}
    changes = [name for i, name in enumerate(clock.calls) if clock.calls[i - 1 : i] != [name]]
    rounds = ["".join(changes[-24:][i : i + 3]) for i in range(0, 24, 3)]
    assert len(set(rounds)) > 2, rounds


def test_slow_tasks_get_fewer_rounds_but_never_below_three() -> None:
    clock = FakeClock()
    tasks = {"a": clock.task("a", 300_000)}
    few = interleave(tasks, Pace(rounds=50, seconds=1.5), seed=0, clock=clock)
    least = interleave(tasks, Pace(rounds=50, seconds=0.1), seed=0, clock=clock)
    assert (len(few["a"]), len(least["a"])) == (5, 3)


def test_garbage_is_collected_outside_the_bursts_only() -> None:
    clock = FakeClock()
    states = []

    def task() -> None:
        states.append(gc.isenabled())
        clock.now += 10**7

    interleave({"a": task}, Pace(rounds=4, seconds=100.0), seed=0, clock=clock)
    assert gc.isenabled()
    assert not any(states[-4:])


def test_a_ratio_cancels_what_both_share_in_a_round() -> None:
    drift = np.array([[1, 2, 4, 8, 3], [5, 1, 1, 2, 9]], float)
    faster = drift.tolist()
    slower = (3 * drift).tolist()
    paired = ratio(slower, faster)
    assert (paired.median, paired.low, paired.high) == (3.0, 3.0, 3.0)
    apart = ratio(slower, faster, paired=False)
    assert apart.median == 3.0
    assert apart.low < 2 < 4 < apart.high
    assert paired.overlaps(apart)
    assert not paired.overlaps(ratio(faster, faster))


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    inside = 0
    for seed in range(60):
        process = generator.normal(0, 0.02, (2, 6, 1))
        spans = np.exp(process + generator.normal(0, 0.02, (2, 6, 20)))
        found = ratio((2 * spans[0]).tolist(), spans[1].tolist(), seed=seed)
        inside += found.low <= 2 <= found.high
    assert inside >= 48  # 95 % nominal; a bootstrap of six processes is a little narrow


def test_quantiles_and_slope() -> None:
    figures = quantiles(list(range(1, 102)))
    assert (figures["0"], figures["50"], figures["95"], figures["100"]) == (1, 51, 96, 101)
    assert slope([1, 2, 4, 8], [3, 12, 48, 192]) == pytest.approx(2)


@pytest.mark.parametrize(("windows", "chunk"), [(38, 12), (38, 38), (60, 24), (240, 1), (5, 60)])
def test_chunks_cover_all_windows_evenly_and_none_is_too_large(windows: int, chunk: int) -> None:
    parts = chunks_of(windows, chunk)
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(windows))
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) <= chunk
    assert max(sizes) - min(sizes) <= 1


def test_both_plans_are_of_the_same_scenarios() -> None:
    assert Plan.quick().scenarios.keys() == Plan.full().scenarios.keys()
    assert Plan.quick().processes > 1  # one process says nothing of the next
