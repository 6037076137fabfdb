"""`stillwatch sample`: files to try everything on, and what was planted in them."""

import argparse
import csv
from pathlib import Path

from stillwatch.runtime.files import write_bytes

__all__ = ["add_arguments", "run"]

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_FILES = ("pump-normal.csv", "pump.csv")
_FAULTS = _EXAMPLES / "pump-faults.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the option of a sample."""
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where to (default: here)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes the sample's files, and says what is in them."""
    paths = [arguments.out / name for name in _FILES]
    for path in paths:
        write_bytes(path, (_EXAMPLES / path.name).read_bytes())
    normal, series = paths
    print(f"{normal}: two weeks of a pump, simulated; {series}: one more, with planted faults:")
    with _FAULTS.open(encoding="utf-8", newline="") as faults:
        for fault in csv.DictReader(faults):
            print(f"  {fault['from']} to {fault['to']}: {fault['fault']}")
    print(f"next: stillwatch calibrate smd-segments {normal} -o pump.onnx")
    return 0
