"""A file of another framework becomes a checkpoint, as if it had been trained here."""

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

from stillwatch.export.capsule.seal import check_parameters
from stillwatch.export.families.table import FAMILIES, expected_shapes
from stillwatch.export.importing.bounded import read_file
from stillwatch.export.importing.inference import understand
from stillwatch.export.importing.reading import read_network
from stillwatch.export.importing.scaler import Scaler
from stillwatch.export.importing.understood import Options, Understood
from stillwatch.export.pytorch.nab_rds_thresholds import calibrated
from stillwatch.export.pytorch.weights import save_weights
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.train.data.checkpoint import Checkpoint

__all__ = ["ForeignFile", "Imported", "import_network", "understand_file", "write_checkpoint"]


@dataclass(frozen=True, kw_only=True)
class ForeignFile:
    """A file that was read, once: whose it is, what it holds as one of our families, its digest."""

    name: str
    framework: str
    understood: Understood
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came in. framework: whose file it was."""

    framework: str
    understood: Understood
    checkpoint: Checkpoint


def understand_file(
    path: Path, options: Options, renamed: dict[str, str] | None = None
) -> ForeignFile:
    """Returns what a file holds as one of our families.

    renamed: their names to others, where a file has names alone. Raises
    CheckpointError, and ExtraError where a library is wanted to read it.
    """
    content = read_file(path)
    network = read_network(path, renamed, content=content)
    return ForeignFile(
        name=path.name,
        framework=network.framework,
        understood=understand(network, options, path.name),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def import_network(
    path: Path,
    folder: Path,
    options: Options,
    *,
    renamed: dict[str, str] | None = None,
    scaler: Scaler | None = None,
    normal: Float64 | None = None,
) -> Imported:
    """Writes the network in a file as a checkpoint to `folder`, and returns what it is.

    As `understand_file`, then `write_checkpoint`.
    """
    result = understand_file(path, options, renamed)
    return write_checkpoint(result, folder, scaler=scaler, normal=normal)


def write_checkpoint(
    result: ForeignFile,
    folder: Path,
    *,
    scaler: Scaler | None = None,
    normal: Float64 | None = None,
) -> Imported:
    """Writes what was understood as a checkpoint to `folder`, and returns what it is.

    scaler: what the network was trained behind; by default the file's own or
    none, and 'stillwatch calibrate' fits one. normal: (T,), which nab-rds
    wants for scaler and thresholds. Raises CheckpointError, InputError.
    """
    understood = result.understood
    scaler = scaler or understood.scaler
    count = understood.channels
    checkpoint = Checkpoint(
        family=understood.family,
        config=understood.config,
        channels=tuple(
            ("value" if count == 1 else f"channel_{number + 1}", "") for number in range(count)
        ),
        mean=(0.0,) * count if scaler is None else tuple(map(float, scaler.mean)),
        scale=(1.0,) * count if scaler is None else tuple(map(float, scaler.scale)),
        parameters=FAMILIES[understood.family].count(understood.weights),
        calibrations={},
        curve={"train": [], "validation": []},
        data={"name": f"{result.framework}: {result.name}", "rows": 0, "sha256": result.sha256},
    )
    check_parameters(understood.weights, expected_shapes(checkpoint))
    if FAMILIES[understood.family].causal:
        if normal is None:
            raise InputError(
                "a nab-rds network has its scaler and its thresholds from normal data: give "
                "--normal NORMAL.csv"
            )
        source = checkpoint.data
        checkpoint = calibrated(checkpoint, understood.weights, normal)
        checkpoint = dataclasses.replace(checkpoint, data={**checkpoint.data, **_named(source)})
    save_weights(understood.weights, checkpoint, folder)
    return Imported(framework=result.framework, understood=understood, checkpoint=checkpoint)


def _named(source: object) -> dict[str, str]:
    return {"name": str(source["name"])} if isinstance(source, dict) else {}
