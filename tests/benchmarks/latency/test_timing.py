import gc
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from stillwatch.benchmarks.latency.plan import Plan, best_chunk, chunks_of
from stillwatch.benchmarks.latency.statistics import quantiles, ratio, slope
from stillwatch.benchmarks.latency.timing import Pace, interleave

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


def test_slow_tasks_get_fewer_rounds_but_never_too_few() -> None:
    clock = FakeClock()
    tasks = {"a": clock.task("a", 300_000)}
    few = interleave(tasks, Pace(rounds=50, seconds=1.5), seed=0, clock=clock)
    least = interleave(tasks, Pace(rounds=50, seconds=0.1), seed=0, clock=clock)
    wished = interleave(tasks, Pace(rounds=50, seconds=0.1, fewest=2), seed=0, clock=clock)
    assert (len(few["a"]), len(least["a"]), len(wished["a"])) == (5, 3, 2)


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
    assert (paired.value, paired.low, paired.high) == pytest.approx((3.0, 3.0, 3.0))
    apart = ratio(slower, faster, paired=False)
    assert apart.value == pytest.approx(3.0)
    assert apart.low < 2 < 4 < apart.high
    assert paired.overlaps(apart)
    assert not paired.overlaps(ratio(faster, faster))


def test_a_ratio_of_unequal_rounds_and_processes() -> None:
    slower = [[2.0, 2.0, 8.0], [4.0, 4.0]]
    faster = [[1.0, 1.0], [1.0, 1.0, 1.0]]
    assert ratio(slower, faster).value == pytest.approx(np.sqrt(2 * 4))  # the geometric mean
    assert ratio([*slower, [2.0]], faster, paired=False).value == pytest.approx(16 ** (1 / 3))
    with pytest.raises(ValueError, match="expected two processes or more"):
        ratio(slower[:1], faster[:1])


def test_intervals_are_those_of_the_t_tests() -> None:
    generator = np.random.default_rng(1)
    logs = [generator.normal(0, spread, n) for spread, n in ((0.02, 5), (0.1, 5), (0.1, 3))]
    one, other, fewer = ([[float(np.exp(x))] for x in log] for log in logs)
    for found, test in (
        (ratio(one, other), stats.ttest_1samp(logs[0] - logs[1], 0)),
        (ratio(one, fewer, paired=False), stats.ttest_ind(logs[0], logs[2], equal_var=False)),
    ):
        expected = test.confidence_interval(0.99)
        assert np.log([found.low, found.high]) == pytest.approx([expected.low, expected.high])


@pytest.mark.parametrize("paired", [True, False])
def test_an_interval_covers_the_truth_as_often_as_it_says(paired: bool) -> None:
    generator = np.random.default_rng(0)
    inside, met = 0, 0
    for _ in range(1000):
        found = []
        for _ in range(2):
            process = generator.normal(0, 0.02, (2, 6, 1))
            spans = np.exp(process + generator.normal(0, 0.02, (2, 6, 9)))
            found.append(ratio((2 * spans[0]).tolist(), spans[1].tolist(), paired=paired))
        inside += found[0].low <= 2 <= found[0].high
        met += found[0].overlaps(found[1])
    assert 980 <= inside < 1000  # 99 % nominal
    assert met >= 997  # two runs, that is: so that hundreds of quoted ratios agree


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


@pytest.mark.parametrize(
    ("us", "windows", "expected"),
    [
        ([10, 45, 100, 400], 38, 19),  # 2 calls of 100
        ([10, 45, 100, 190], 38, 38),
        ([10, 20, 100, 190], 38, 6),  # 7 calls of 20
        ([10, 29, 100, 210], 38, 19),  # 7 calls of 29 are more, though 38 / 6 of them are less
        ([2, 20, 100, 190], 38, 1),
        ([10, 45, 100, 190], 12, 6),  # neither 19 nor 38 fit
    ],
)
def test_the_best_chunk_is_that_of_the_whole_query(
    us: list[float], windows: int, expected: int
) -> None:
    assert best_chunk([1, 6, 19, 38], us, windows) == expected


def test_both_plans_are_of_the_same_scenarios() -> None:
    assert Plan.quick().scenarios.keys() == Plan.full().scenarios.keys()
    assert Plan.quick().processes > 1  # one process says nothing of the next
