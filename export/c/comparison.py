"""A capsule's C beside onnxruntime's stream, row by row."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.export.c.compiled import Answered, Compiled, build_library
from stillwatch.export.c.folder import CFiles
from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError

__all__ = ["Comparison", "compare", "made_rows"]

_ROWS = 2000  # of made values, after those that only fill a history


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The largest differences of C from onnxruntime.

    ulp: in scores, in units of the last place. score: relative to scores
    above one. flips: alarms that came out the other way. exact: whether
    nothing but equal bits will do.
    """

    rows: int
    ulp: int
    score: float
    flips: int
    exact: bool
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether C scores as the capsule does."""
        near = self.ulp == 0 if self.exact else self.score <= self.tolerance
        return near and not self.flips


def made_rows(info: CapsuleInfo) -> Float64:
    """Returns rows (T, C) about a capsule's mean, with spikes, the same each time."""
    generator = np.random.default_rng(0)
    steps = np.arange(info.scaling.history + max(_ROWS, 2 * info.window))[:, None]
    scaled = np.sin(0.1 * steps + np.arange(len(info.channels)))
    scaled += 0.3 * generator.normal(size=scaled.shape)
    scaled[::97] += 6.0
    rows: Float64 = np.asarray(info.mean) + np.asarray(info.scale) * scaled
    return rows


def compare(
    content: bytes, name: str, made: CFiles, values: Float64, *, by: str, optimise: str = "-O2"
) -> Comparison:
    """Returns how far the C of a capsule, built by a compiler, is from it on rows (T, C)."""
    detector = Detector.from_bytes(content, name)
    info = detector.info
    rows = values.astype(np.float32)  # what C takes
    with tempfile.TemporaryDirectory() as scratch:
        library = build_library(made, Path(scratch), with_compiler=by, optimise=optimise)
        compiled = Compiled(library, len(info.channels))
        own = info.scaling.kind == "series"
        mean, scale = (np.asarray(part) if own else None for part in (info.mean, info.scale))
        answer = compiled.series(rows, mean, scale)
    policy = "trained" if made.judge is None else made.judge.budget
    result = detector.stream(mean=mean, scale=scale, threshold=policy).extend(rows)
    answered = ~np.isnan(result.score)
    if not answered.any():
        raise InputError(f"expected rows that fill a window or a history, got {len(rows)}")
    score, alarm = result.score[answered], result.alarm[answered]
    return _compared(answer, score, int((answer.alarm != alarm).sum()), info)


def _compared(result: Answered, score: Float32, flips: int, info: CapsuleInfo) -> Comparison:
    if len(result.score) != len(score):
        raise InputError(f"expected {len(score)} rows with an answer, got {len(result.score)} of C")
    off = np.abs(result.score.astype(np.float64) - score)
    places = np.abs(result.score.view(np.int32).astype(np.int64) - score.view(np.int32))
    return Comparison(
        rows=len(score),
        ulp=int(places.max()),
        score=float((off / np.maximum(1.0, score)).max()),
        flips=flips,
        # With one unit no sum has another order; matrix products of more do in onnxruntime.
        exact=info.state == 1,
        tolerance=info.tolerance,
    )
