"""Loads machines of the Server Machine Dataset: 38 metrics, a sample a minute, scaled to 0..1."""

import io
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.errors import DataError
from stillwatch.train.data.sets.store import DATA_SETS, Store

__all__ = ["MACHINES", "Incident", "Machine", "load_smd"]

_FOLDER = "ServerMachineDataset"

MACHINES = tuple(
    sorted(
        path.removeprefix(f"{_FOLDER}/train/machine-").removesuffix(".txt")
        for path in DATA_SETS["smd"].blob_ids
        if path.startswith(f"{_FOLDER}/train/")
    )
)


@dataclass(frozen=True)
class Incident:
    """Rows first to end - 1 of the test series, and the channels that were at fault."""

    first: int
    end: int
    channels: tuple[int, ...]


@dataclass(frozen=True)
class Machine:
    """One machine: train (T1, 38) without labels, test (T2, 38), labels (T2,), incidents.

    Channels are counted from 0; upstream's interpretation labels count from 1.
    """

    name: str
    train: Float64
    test: Float64
    labels: Bool
    incidents: tuple[Incident, ...]


def load_smd(name: str, store: Store | None = None) -> Machine:
    """Returns the machine `name`, such as "1-1"; raises DataError."""
    if name not in MACHINES:
        raise DataError(f"expected a machine of {', '.join(MACHINES)}, got {name!r}")
    store = store or Store("smd")

    def read(part: str) -> str:
        return store.read(f"{_FOLDER}/{part}/machine-{name}.txt").decode()

    def table(part: str) -> Float64:
        return np.loadtxt(io.StringIO(read(part)), delimiter=",", ndmin=2)

    return Machine(
        name=name,
        train=table("train"),
        test=table("test"),
        labels=table("test_label")[:, 0].astype(bool),
        incidents=tuple(_incident(line) for line in read("interpretation_label").split()),
    )


def _incident(line: str) -> Incident:
    rows, channels = line.split(":")
    first, end = rows.split("-")
    return Incident(int(first), int(end), tuple(int(c) - 1 for c in channels.split(",")))
