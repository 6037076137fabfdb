"""How far a long scoring is, on a terminal and nowhere else."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.result import Result

__all__ = ["score_with_progress"]

_LONG = 2**15  # rows from which on a scoring is said to be under way
_STEP = 2**13  # rows from one figure to the next
_ARRAYS = ("score", "alarm", "reconstruction", "error", "contribution")


def score_with_progress(detector: Detector, values: Float64, options: dict[str, Any]) -> Result:
    """Returns the scores of values (T, C), and says on a terminal meanwhile how far they are.

    options: as `Detector.score` takes them. The scores are the same either way.
    """
    whole = detector.info.scaling.kind == "series" and options.get("mean") is None
    if whole or len(values) < _LONG or not sys.stderr.isatty():
        return detector.score(values, **options)
    parts = list(detector.score_chunks(_said(values), **options))
    print("\r\033[K", end="", file=sys.stderr, flush=True)
    joined = (np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS)
    return Result(*joined)


def _said(values: Float64) -> Iterator[Float64]:
    for begin in range(0, len(values), _STEP):
        share = f"{begin / len(values):4.0%}"
        print(f"\rscoring {len(values):,} rows: {share}", end="", file=sys.stderr, flush=True)
        yield values[begin : begin + _STEP]
