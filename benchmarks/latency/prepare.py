"""What is made ready before anything is timed: each engine's file, windows, expected answers."""

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.latency import footprint
from stillwatch.benchmarks.latency.cards.card import EngineEntry, SubjectEntry
from stillwatch.benchmarks.latency.engines.base import Engine, write_capsule
from stillwatch.benchmarks.latency.plan import SAME_WEIGHTS, Plan
from stillwatch.benchmarks.latency.subjects import SHIPPED, Subject, reference, windows_for
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import make_folder
from stillwatch.train.data.checkpoint import PARAMS_NAME

__all__ = ["Prepared", "Setup", "engine_entry", "prepare", "subject_entry"]

_CHECKED = 16  # windows that an engine's answers are compared on


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What to measure, with what, where scratch files may lie, on how many threads.

    capsules: whether the shipped capsules are measured, too, whole.
    """

    subjects: list[Subject]
    engines: list[Engine]
    plan: Plan
    scratch: Path
    threads: int
    capsules: bool = True


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One network with what each engine loads, and the windows it is given."""

    subject: Subject
    paths: dict[str, str]
    job: dict[str, Any]


def prepare(subject: Subject, setup: Setup, refused: dict[str, str]) -> Prepared:
    """Returns a network ready to be measured; adds to `refused` the engines that are not for it."""
    folder = setup.scratch / subject.name.replace(" ", "-")
    paths = {}
    for engine in setup.engines:
        try:
            if subject.made and _role(subject) not in engine.roles:
                raise InputError(f"measured on the {' and the '.join(engine.roles)} networks alone")
            path = engine.prepare(subject.folder, folder / engine.name)
            paths[engine.name] = str(path.resolve())
        except InputError as error:
            refused[f"{engine.name} on {subject.name}"] = str(error)
    make_folder(folder)
    most = max(setup.plan.scenarios[name] for name in subject.scenarios)
    most = max(most, _CHECKED)
    windows = windows_for(subject, most, setup.plan.seed)
    checked = windows[:_CHECKED]
    arrays: dict[str, AnyArray] = {
        "windows": windows,
        "checked": checked,
        "expected": reference(subject, checked),
    }
    files = {name: folder / f"{name}.npy" for name in arrays}
    for name, array in arrays.items():
        np.save(files[name], array)
    job = {"subject": subject.name, "engines": paths, "seed": setup.plan.seed}
    return Prepared(
        subject=subject, paths=paths, job=job | {n: str(file) for n, file in files.items()}
    )


def subject_entry(one: Prepared) -> SubjectEntry:
    """Returns what a card says of a network, counted."""
    subject, checkpoint = one.subject, one.subject.checkpoint
    config = checkpoint.config
    plain = write_capsule(subject.folder, Path(one.job["windows"]).parent / "plain").read_bytes()
    return SubjectEntry(
        name=subject.name,
        source=subject.source,
        sha256=hashlib.sha256((subject.folder / PARAMS_NAME).read_bytes()).hexdigest(),
        family=checkpoint.family,
        units=config.units,
        layers=config.layers,
        window=config.window,
        channels=subject.channels,
        parameters=checkpoint.parameters,
        in_graph=footprint.parameters_in_graph(plain),
        operations=footprint.operations(config, subject.channels),
        weights_read=footprint.weights_read(config, subject.channels),
        files={name: _size(Path(path)) for name, path in one.paths.items()},
    )


def _role(subject: Subject) -> str:
    if subject.name == SAME_WEIGHTS[0]:
        return "student"
    return "shipped" if subject.name in SHIPPED else "other"


def _size(path: Path) -> int:
    return (path / PARAMS_NAME if path.is_dir() else path).stat().st_size


def engine_entry(engine: Engine) -> EngineEntry:
    """Returns what a card says of an engine that is installed."""
    return EngineEntry(
        name=engine.name,
        package=engine.package,
        version=importlib.metadata.version(engine.package),
        tolerance=engine.tolerance,
        why=engine.why,
        weight_bytes=engine.weight_bytes,
        installed_mib=footprint.installed_mib(engine.package),
    )
