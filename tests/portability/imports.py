"""Networks that four frameworks trained on real data come in, and answer as they did there.

    PYTHONPATH=tests KERAS_BACKEND=torch python -m portability.imports \\
        --out benchmarks/results/importing/results.json

wants MXNet, PyTorch, safetensors and Keras. Each network is trained for some
epochs, saved in the forms of its framework, imported, calibrated on normal
data and scored; the original stays beside it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from portability.foreign_networks import keras_files, mxnet_files, torch_files
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.importing.against import compare_random, compare_series
from stillwatch.export.importing.importing import import_network
from stillwatch.export.importing.understood import Options
from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.files import make_folder, write_bytes, write_text
from stillwatch.runtime.report.machine import provenance
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets import RDS_TEST, RDS_TRAIN, load_nab, load_smd

Row = dict[str, Any]
CHANNELS, WINDOW = 5, 50  # of machine 2-1, those that move most
NAB_WINDOW = 48


@dataclass(frozen=True)
class Data:
    """normal, test: (T, C), the sensors' units."""

    name: str
    normal: Float64
    test: Float64

    def windows(self, window: int) -> Float64:
        """Returns scaled training windows (N, T, C) from the first 70 % of the normal rows."""
        rows = self.normal[: len(self.normal) * 7 // 10]
        scaled = (rows - self.normal.mean(axis=0)) / self.normal.std(axis=0)
        starts = range(0, len(scaled) - window, window // 4)
        return np.stack([scaled[start : start + window] for start in starts]).astype(np.float32)


def data_sets() -> tuple[Data, Data]:
    """Returns the series of one channel and of several."""
    rds = Data(
        "NAB rds_cpu_utilization",
        load_nab(RDS_TRAIN).values[:, None],
        load_nab(RDS_TEST).values[:, None],
    )
    machine = load_smd("2-1")
    moving = np.sort(np.argsort(machine.train.std(axis=0))[-CHANNELS:])
    several = Data("SMD machine 2-1", machine.train[:6000, moving], machine.test[:6000, moving])
    return rds, several


def rows(folder: Path) -> Iterator[Row]:
    """Yields a row for each file of each framework."""
    rds, machine = data_sets()
    makers: list[tuple[Callable[..., list[tuple[str, Options]]], Data, int]] = [
        (mxnet_files, rds, NAB_WINDOW),
        (mxnet_files, machine, WINDOW),
        (torch_files, machine, WINDOW),
        (keras_files, machine, WINDOW),
    ]
    for number, (make, data, window) in enumerate(makers):
        place = folder / str(number)
        place.mkdir()
        for file, options in make(place, data.windows(window)):
            yield _row(place / file, options, data)


def _row(file: Path, options: Options, data: Data) -> Row:
    checkpoint_folder, model = file.with_suffix(".checkpoint"), file.with_suffix(".capsule.onnx")
    one = data.normal[:, 0] if data.normal.shape[1] == 1 else None
    imported = import_network(file, checkpoint_folder, options, normal=one)
    content = build_capsule(*load_checkpoint(checkpoint_folder))
    if imported.understood.family != "nab-rds":
        held = data.normal[len(data.normal) * 7 // 10 :]
        content = calibrate(content, file.name, held, CalibrationOptions(source=data.name)).content
    write_bytes(model, content)
    drawn = compare_random(checkpoint_folder, file, {})
    series = compare_series(model, checkpoint_folder, file, data.test, {})
    alarms = int(Detector.load(model).score(data.test).alarm.sum())
    return {
        "file": file.name,
        "framework": imported.framework,
        "data": data.name,
        "family": imported.understood.family,
        "parameters": imported.checkpoint.parameters,
        "random": drawn.largest,
        "series": series.largest,
        "rows": series.rows,
        "alarms": alarms,
        "flips": series.flips,
        "passed": drawn.passed and series.passed,
    }


def main(arguments: list[str]) -> int:
    """Writes the table; returns 0 where every file agrees with its original, else 1."""
    parser = argparse.ArgumentParser(description="Imports of four frameworks beside the originals.")
    parser.add_argument("--out", type=Path)
    out = parser.parse_args(arguments).out
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for row in rows(Path(scratch)):
            found.append(row)
            print(
                f"{row['framework']:<8} {row['file']:<34} {row['family']:<14} "
                f"{row['parameters']:>7,} random {row['random']:.1e} series {row['series']:.1e} "
                f"{row['flips']} of {row['alarms']} alarms flipped "
                f"{'passed' if row['passed'] else 'FAILED'}"
            )
    if out is not None:
        command = "PYTHONPATH=tests KERAS_BACKEND=torch python -m portability.imports"
        document = provenance() | {"command": f"{command} --out {out}", "rows": found}
        make_folder(out.parent)
        write_text(out, json.dumps(document, indent=1) + "\n")
    return 0 if all(row["passed"] for row in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
