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

__all__ = ["Imported", "import_network", "understand_file"]


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came in. framework: whose file it was."""

    framework: str
    understood: Understood
    checkpoint: Checkpoint


def understand_file(
    path: Path, options: Options, renamed: dict[str, str] | None = None
) -> tuple[str, Understood]:
    """Returns whose file it is and the network in it as one of our families.

    Raises CheckpointError, and ExtraError where a library is wanted to read it.
    """
    network = read_network(path, renamed)
    return network.framework, understand(network, options, path.name)


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

    renamed: their names to others, where a file has names alone. scaler: what
    the network was trained behind; by default none, and 'stillwatch calibrate'
    fits one. normal: (T,), which nab-rds wants for scaler and thresholds.
    Raises CheckpointError, InputError, ExtraError.
    """
    framework, understood = understand_file(path, options, renamed)
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
        data={
            "name": f"{framework}: {path.name}",
            "rows": 0,
            "sha256": hashlib.sha256(read_file(path)).hexdigest(),
        },
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
    return Imported(framework=framework, understood=understood, checkpoint=checkpoint)


def _named(source: object) -> dict[str, str]:
    return {"name": str(source["name"])} if isinstance(source, dict) else {}
