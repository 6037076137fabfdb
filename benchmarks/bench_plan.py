"""How much is measured: the full run, and the quick one."""

from dataclasses import dataclass
from itertools import pairwise

from stillwatch.benchmarks.bench_timing import Pace

__all__ = ["BASELINE", "Plan", "chunks_of"]

BASELINE = ("teacher", "mxnet")  # what everything else is a multiple of

_CHANNELS = 38  # a machine's: MultiStream
_STREAMS = 10_000  # of a fleet


@dataclass(frozen=True, kw_only=True)
class Plan:
    """processes: fresh ones, each of which times everything. cold: cold starts of each engine.

    micro: hidden units of the micro-students. windows: window lengths for the
    scaling of latency. batches: windows a call, of which each engine's best
    is taken where a scenario has more. offline: windows of that scenario, a
    number of many divisors, for parts of one size.
    """

    processes: int
    rounds: int
    seconds: float
    cold: int
    micro: tuple[int, ...]
    windows: tuple[int, ...]
    batches: tuple[int, ...]
    offline: int
    survey_seconds: float
    seed: int = 0

    @classmethod
    def full(cls) -> "Plan":
        """The run whose figures are quoted: some fifteen minutes on two cores."""
        return cls(
            processes=4,
            rounds=15,
            seconds=3.0,
            cold=5,
            micro=(64, 32, 16, 8),
            windows=(25, 50, 200, 400),
            batches=(1, 4, 6, 8, 12, 24, 38, 120, 240),
            offline=240,
            survey_seconds=0.1,
        )

    @classmethod
    def quick(cls) -> "Plan":
        """A run under five minutes on two cores: the same figures, wider intervals."""
        return cls(
            processes=2,
            rounds=6,
            seconds=1.2,
            cold=2,
            micro=(64, 16),
            windows=(50, 200),
            batches=(1, 6, 12, 38),
            offline=48,
            survey_seconds=0.03,
        )

    @property
    def scenarios(self) -> dict[str, int]:
        """Windows a query, by the names of MLPerf Inference."""
        return {"SingleStream": 1, "MultiStream": _CHANNELS, "Offline": self.offline}

    @property
    def steps(self) -> dict[str, int]:
        """Streams a step of a causal network."""
        return {"StreamingStep": 1, "FleetStep": _STREAMS}

    @property
    def pace(self) -> Pace:
        """How long each scenario is measured in a process."""
        return Pace(rounds=self.rounds, seconds=self.seconds)


def chunks_of(windows: int, chunk: int) -> list[slice]:
    """Returns the parts in which so many windows are computed, as even as can be.

    Even, because some engines plan anew for every other size.
    """
    parts = -(-windows // chunk)
    edges = [windows * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]
