"""A sample in C on this machine beside the same sample through `Stream.update`."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.latency.statistics import Ratio, ratio
from stillwatch.benchmarks.latency.timing import Pace, interleave
from stillwatch.export.c.compiled import Compiled, build_library, compiler
from stillwatch.export.c.folder import CFiles
from stillwatch.runtime.detector import Detector

__all__ = ["Beside", "beside_stream"]

# A call of each is a few tenths of a millisecond, so that what interrupts meets both alike.
_UPDATES = 10
_ROWS, _ROWS_AFTER_HISTORY = 5000, 200
_PACE = Pace(rounds=15, seconds=4.0, burst=0.02)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Medians in nanoseconds a sample with an answer, and how many times longer Python's takes."""

    update_ns: float
    c_ns: float
    times: Ratio
    compiler: str


def beside_stream(content: bytes, name: str, made: CFiles, repeats: int = 4) -> Beside:
    """Returns the two, interleaved, of a capsule of one channel.

    Its stream is as it comes; with the training's moments where it has none of its own.
    """
    detector = Detector.from_bytes(content, name)
    info = detector.info
    own = info.scaling.kind == "series"
    mean, scale = ((np.asarray(part) if own else None) for part in (info.mean, info.scale))
    generator = np.random.default_rng(0)
    history = info.scaling.history
    count = _ROWS_AFTER_HISTORY if history else _ROWS
    rows = info.mean[0] + info.scale[0] * generator.normal(size=(history + count, 1))
    rows = rows.astype(np.float32)
    stream = detector.stream(mean=mean, scale=scale, threshold="trained")
    stream.extend(rows)
    samples = [float(value) for value in rows[:_UPDATES, 0]]
    by = compiler()
    with tempfile.TemporaryDirectory() as scratch:
        library = build_library(made, Path(scratch), with_compiler=by)
        compiled = Compiled(library, 1)
        tasks: dict[str, Callable[[], object]] = {
            "update": lambda: [stream.update(value) for value in samples],
            "c": lambda: compiled.series(rows, mean, scale),
        }
        spans: dict[str, list[list[float]]] = {"update": [], "c": []}
        counts = {"update": _UPDATES, "c": count}
        for seed in range(repeats):
            for task, bursts in interleave(tasks, _PACE, seed=seed).items():
                spans[task].append([float(np.median(b)) / counts[task] for b in bursts])
    medians = {task: float(np.median(np.concatenate(result))) for task, result in spans.items()}
    return Beside(
        update_ns=medians["update"] * 1e3,
        c_ns=medians["c"] * 1e3,
        times=ratio(spans["update"], spans["c"]),
        compiler=Path(by).name,
    )
