"""One fresh process of `stillwatch bench edge`: prints what it measured, as JSON.

Called with `threads CAPSULE SEED` or with `memory SAMPLES`.
"""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.latency.timing import Pace, interleave
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.memory import most_resident_mib

__all__ = ["main"]

_WINDOWS = 256
_PACE = Pace(rounds=7, seconds=5.0)
_CHUNK = 10_000  # samples handed over at once, as a reader of a large file would


def main(what: str, *words: str) -> None:
    """Measures one thing, named by the first word."""
    print(json.dumps(_threads(*words) if what == "threads" else _memory(*words)))


def _threads(capsule: str, seed: str) -> dict[str, list[float]]:
    """Returns the median us of each round for 256 windows, by threads."""
    detector = Detector.load(Path(capsule))
    rows = np.random.default_rng(0).normal(size=_WINDOWS * detector.info.window)
    tasks = {str(threads): partial(detector.score, rows, threads=threads) for threads in (1, 2)}
    result = interleave(tasks, _PACE, seed=int(seed))
    return {name: [float(np.median(b)) for b in bursts] for name, bursts in result.items()}


def _memory(samples: str) -> float:
    """Returns the MiB held at most while so many samples are scored.

    They are drawn chunk by chunk, so that the series itself is in nobody's memory.
    """
    detector = Detector.load("nab-rds-online")
    generator = np.random.default_rng(0)
    chunks = (20 + generator.normal(size=_CHUNK) for _ in range(int(samples) // _CHUNK))
    rows = sum(len(result.score) for result in detector.score_chunks(chunks))
    if rows != int(samples):
        raise SystemExit(f"expected {samples} scores, got {rows}")
    return most_resident_mib()


if __name__ == "__main__":
    main(*sys.argv[1:])
