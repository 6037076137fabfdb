"""The shipped capsules as they are, whole, beside what they are held against, in the same rounds.

Tasks are named "subject / engine", as a card's timings are; a scenario's tasks
take turns, so that every ratio among them is of the same rounds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.latency.engines.base import Engine
from stillwatch.benchmarks.latency.plan import BASELINE, CHANNELS
from stillwatch.benchmarks.latency.timing import Pace, interleave
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError

__all__ = ["CAUSAL", "SCENARIOS", "SEPARATOR", "WINDOWED_CAPSULES", "prepare_c", "time_capsules"]

WINDOWED_CAPSULES = ("smd-micro", "smd-segments")
CAUSAL = ("nab-rds", "nab-rds-online")
SEPARATOR = " / "
SCENARIOS = {"Machine": CHANNELS, "NewRow": 1, "OneSample": 1}  # windows, rows, samples an answer

_ONE_BY_ONE = 10  # updates a call, so that what interrupts meets Python and C alike
_IN_C = 2000  # rows with an answer a call


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A call, and how many answers are in it: what was measured is divided by these."""

    call: Callable[[], object]
    answers: int = 1


def prepare_c(folder: Path, engine: Engine | None, refused: dict[str, str]) -> dict[str, str]:
    """Returns the libraries of the causal capsules' C by name, none where it cannot be built.

    engine: "c", None where it is not wanted. refused: takes the reason.
    """
    if engine is None:
        return {}
    from stillwatch.export.c.comparison import compare, made_rows
    from stillwatch.export.c.compiled import build_library, compiler
    from stillwatch.export.c.folder import c_files
    from stillwatch.runtime.capsule.opening import read_bytes
    from stillwatch.runtime.files import make_folder

    built = {}
    for name in CAUSAL:
        try:
            engine.start()
            make_folder(folder / name)
            content = read_bytes(name)
            made = c_files(content, name)
            info = Detector.from_bytes(content, name).info
            agrees = compare(content, name, made, made_rows(info), by=compiler(), optimise="-O2")
            if not agrees.passed:
                raise InputError(f"scores {agrees.ulp} ULP off, {agrees.flips} alarms flipped")
            library = build_library(made, folder / name, with_compiler=compiler())
        except (ExtraError, InputError, ImportError) as error:
            refused[f"c on {name}, whole"] = str(error)
        else:
            built[name] = str(library.resolve())
    return built


def time_capsules(
    job: Mapping[str, Any], engines: Mapping[str, Engine], threads: int
) -> dict[str, Any]:
    """Returns the spans in us an answer, by scenario, "subject / engine", round and call."""
    detectors = {n: Detector.load(n, threads=threads) for n in (*WINDOWED_CAPSULES, *CAUSAL)}
    scenarios: dict[str, dict[str, _Task]] = {
        "Machine": _machine(detectors) | _teacher(job, engines, threads),
        "NewRow": _new_row(detectors),
        "OneSample": _one_sample(detectors, job["c"]),
    }
    result = {}
    for scenario, tasks in scenarios.items():
        calls = {name: task.call for name, task in tasks.items()}
        spans = interleave(calls, Pace(**job["pace"]), seed=job["seed"])
        result[scenario] = {
            name: [[us / tasks[name].answers for us in burst] for burst in rounds]
            for name, rounds in spans.items()
        }
    return result


def _machine(detectors: Mapping[str, Detector]) -> dict[str, _Task]:
    """Returns one window of a machine's channels, by the graph alone and by `Detector.score`."""
    tasks = {}
    for name in WINDOWED_CAPSULES:
        detector = detectors[name]
        window = _rows(detector, detector.info.window)
        fed = {"values": window[None].astype(np.float32)}
        session, outputs = detector.session, ["score", "alarm", "reconstruction"]
        tasks[f"{name}{SEPARATOR}capsule"] = _Task(call=partial(session.run, outputs, fed))
        tasks[f"{name}{SEPARATOR}score"] = _Task(call=partial(detector.score, window))
    return tasks


def _teacher(
    job: Mapping[str, Any], engines: Mapping[str, Engine], threads: int
) -> dict[str, _Task]:
    """Returns the teacher in Gluon on as many windows, in one call; nothing where it is not."""
    subject, engine = BASELINE
    if not job["baseline"] or engine not in engines:
        return {}
    run = engines[engine].load(Path(job["baseline"]), threads)
    windows = np.random.default_rng(0).normal(size=(CHANNELS, job["window"], 1)).astype(np.float32)
    return {f"{subject}{SEPARATOR}{engine}": _Task(call=partial(run, windows))}


def _new_row(detectors: Mapping[str, Detector]) -> dict[str, _Task]:
    """Returns a further row of a stream that answers every row."""
    tasks = {}
    for name in WINDOWED_CAPSULES:
        detector = detectors[name]
        window = detector.info.window
        rows = _rows(detector, window)
        stream = detector.stream(stride=1, threshold="trained")
        stream.extend(rows)
        tasks[f"{name}{SEPARATOR}stream"] = _Task(call=partial(stream.update, rows[0]))
    return tasks


def _one_sample(
    detectors: Mapping[str, Detector], libraries: Mapping[str, str]
) -> dict[str, _Task]:
    """Returns one sample of the causal capsules, through `Stream.update` and in C."""
    tasks = {}
    for name in CAUSAL:
        detector = detectors[name]
        info = detector.info
        own = info.scaling.kind == "series"  # a stream of such is told its moments
        moments = [np.asarray(part) if own else None for part in (info.mean, info.scale)]
        rows = _rows(detector, info.scaling.history + _IN_C).astype(np.float32)
        stream = detector.stream(mean=moments[0], scale=moments[1], threshold="trained")
        stream.extend(rows)
        samples = [float(value) for value in rows[:_ONE_BY_ONE, 0]]
        tasks[f"{name}{SEPARATOR}stream"] = _Task(
            call=partial(_updated, stream, samples), answers=len(samples)
        )
        if name in libraries:
            from stillwatch.export.c.compiled import Compiled

            series = Compiled(Path(libraries[name]), 1).series
            tasks[f"{name}{SEPARATOR}c"] = _Task(
                call=partial(series, rows, *moments), answers=_IN_C
            )
    return tasks


def _updated(stream: Any, samples: list[float]) -> None:
    for sample in samples:
        stream.update(sample)


def _rows(detector: Detector, count: int) -> Any:
    """Returns rows (T, C) about a capsule's mean."""
    info = detector.info
    normal = np.random.default_rng(0).normal(size=(count, len(info.channels)))
    return np.asarray(info.mean) + np.asarray(info.scale) * normal
