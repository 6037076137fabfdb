"""From a sensor checkpoint to a capsule, verified, and a report: what follows `train sensor`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stillwatch.export.calibrate.calibration import Calibrated, calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.verify.verification import Agreement, compare
from stillwatch.runtime.alarms.judge.fitting import FEWEST_ROWS
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.result import Result
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.families.sensor.recipe import held_out

__all__ = ["CAPSULE_NAME", "Chain", "build"]

CAPSULE_NAME = "model.onnx"
_WINDOWS_COMPARED = 20  # the reference evaluator takes a second for as many


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A checkpoint's capsule, and what it says of the rows that were held out.

    normal: those rows (T, C). result: of them, by the trained threshold.
    agreements: of the frameworks at hand, on some of them. absent: the others,
    and why.
    """

    checkpoint: Checkpoint
    path: Path
    calibrated: Calibrated
    detector: Detector
    normal: Float64
    result: Result
    agreements: Sequence[Agreement]
    absent: dict[str, str]


def build(
    folder: Path,
    recording: Recording,
    *,
    windows: int | None = _WINDOWS_COMPARED,
    period: float | None = None,
) -> Chain:
    """Returns the chain of the checkpoint in `folder`, and leaves its capsule there.

    windows: how many held-out ones the frameworks are compared on; None for all.
    period: seconds a row, for the judge; by default the recording's, where
    there are rows enough for a judge.
    """
    checkpoint, weights = load_checkpoint(folder)
    normal = held_out(recording)
    calibrated = calibrate(
        build_capsule(checkpoint, weights),
        CAPSULE_NAME,
        normal,
        CalibrationOptions(source=recording.name, period=period or _period(recording, len(normal))),
    )
    path = folder / CAPSULE_NAME
    write_bytes(path, calibrated.content)
    detector = Detector.load(path)
    rows = windows * checkpoint.config.window if windows else len(normal)
    agreements, absent = compare(path, folder, normal[:rows])
    return Chain(
        checkpoint=checkpoint,
        path=path,
        calibrated=calibrated,
        detector=detector,
        normal=normal,
        result=detector.score(normal, threshold="trained"),
        agreements=agreements,
        absent=absent,
    )


def _period(recording: Recording, rows: int) -> float | None:
    """Returns the recording's period where so many rows, less those unlike the rest, do."""
    return recording.period if rows >= 2 * FEWEST_ROWS else None
