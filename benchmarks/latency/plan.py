"""How much is measured: the full run, and the quick one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from stillwatch.benchmarks.latency.timing import Pace

__all__ = ["BASELINE", "CHANNELS", "SAME_WEIGHTS", "Plan", "best_chunk", "chunks_of"]

BASELINE = ("teacher", "mxnet")  # what everything else is a multiple of
SAME_WEIGHTS = ("student", "onnxruntime-int8")  # what engines on one network are compared with

CHANNELS = 38  # a machine's: MultiStream
_STREAMS = 10_000  # of a fleet


@dataclass(frozen=True, kw_only=True)
class Plan:
    """processes: fresh ones, each of which times everything. cold: cold starts of each engine.

    micro: hidden units of the micro-students. windows: window lengths for the
    scaling of latency. batches: windows a call, swept in each process; of them
    each engine's best there is taken where a scenario has more. offline, bulk:
    windows of these scenarios, numbers of many divisors, for parts of one size.
    student_offline: whether the student of 200 units is measured offline, too.
    """

    processes: int
    rounds: int
    seconds: float
    cold: int
    micro: tuple[int, ...]
    windows: tuple[int, ...]
    batches: tuple[int, ...]
    offline: int
    bulk: int
    sweep_seconds: float
    student_offline: bool = False
    seed: int = 0

    @classmethod
    def full(cls) -> "Plan":
        """The run whose figures are quoted: a quarter of an hour on two cores."""
        return cls(
            processes=6,
            rounds=12,
            seconds=0.8,
            cold=4,
            micro=(64, 32, 8),
            windows=(25, 50, 200, 400),
            batches=(1, 6, 12, 24, 38, 240, 1024),
            offline=240,
            bulk=1024,
            sweep_seconds=0.05,
            student_offline=True,
        )

    @classmethod
    def quick(cls) -> "Plan":
        """A run of some four minutes on two cores: the same figures, wider intervals."""
        return cls(
            processes=3,
            rounds=5,
            seconds=0.3,
            cold=2,
            micro=(64,),
            windows=(50, 200),
            batches=(1, 12, 38, 240, 1024),
            offline=240,
            bulk=1024,
            sweep_seconds=0.02,
        )

    @property
    def scenarios(self) -> dict[str, int]:
        """Windows a query, by the names of MLPerf Inference."""
        return {
            "SingleStream": 1,
            "MultiStream": CHANNELS,
            "Offline": self.offline,
            "Bulk": self.bulk,
        }

    @property
    def steps(self) -> dict[str, int]:
        """Streams a step of a causal network."""
        return {"StreamingStep": 1, "FleetStep": _STREAMS}

    @property
    def pace(self) -> Pace:
        """How long each scenario is measured in a process."""
        return Pace(rounds=self.rounds, seconds=self.seconds)


def best_chunk(batches: Sequence[int], us: Sequence[float], windows: int) -> int:
    """Returns the windows a call at which so many windows took least, of those swept that fit."""
    fitting = [(-(-windows // n) * span, n) for n, span in zip(batches, us, strict=True)]
    return min((cost, n) for cost, n in fitting if n <= windows)[1]


def chunks_of(windows: int, chunk: int) -> list[slice]:
    """Returns the parts in which so many windows are computed, as even as can be.

    Even, because some engines plan anew for every other size.
    """
    parts = -(-windows // chunk)
    edges = [windows * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]
