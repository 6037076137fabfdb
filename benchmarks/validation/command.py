"""`stillwatch verify --all`: one matrix over models and frameworks, on whole real series."""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from stillwatch.benchmarks.latency.engines import named
from stillwatch.benchmarks.validation.case import Case
from stillwatch.benchmarks.validation.cross_check import cross_check
from stillwatch.benchmarks.validation.difference import Difference
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.families.table import family_of
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.machine import provenance
from stillwatch.runtime.report.tables import as_text
from stillwatch.runtime.tables.table import read_table
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets.series import LabelledSeries

__all__ = ["add_arguments", "run", "run_all"]

_COMMITTED = (
    Path("benchmarks/results/nab-rds/checkpoint"),
    Path("benchmarks/results/smd/checkpoint"),
)
_MACHINE = "3-3"  # the committed smd network was not trained on it
_NORMAL = 0.3  # of a given series, its first part, to calibrate a network without sensors on
_HEADER = (
    *("model", "framework", "largest", "mean", "sensor's units", "score", "mean"),
    *("flipped", "tolerance", ""),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the matrix."""
    parser.add_argument("model", nargs="?", help=argparse.SUPPRESS)  # to say that it has no place
    parser.add_argument("--all", action="store_true", required=True, help="make the whole matrix")
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="DIR",
        help="networks to compare (default: the committed ones, in a checkout)",
    )  # fmt: skip
    parser.add_argument(
        "--series", type=Path, metavar="SERIES.csv",
        help="with --checkpoint: what to compare on (default: the recipe's test series)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="OUT.json", help="the matrix, as a file too")


def run(arguments: argparse.Namespace) -> int:
    """Makes the matrix; returns 0 if all agree, else 1."""
    if arguments.model is not None:
        raise InputError(
            f"expected no capsule with --all, got {arguments.model!r}: it makes its own from "
            "checkpoints"
        )
    return 0 if run_all(arguments.checkpoint, arguments.series, arguments.json) else 1


def run_all(checkpoints: Sequence[Path], series: Path | None, out: Path | None) -> bool:
    """Prints the matrix and returns whether all agree; `out` gets it as JSON.

    Without checkpoints: the committed ones, in a checkout. series: what the
    given checkpoints are compared on, by default the recipe's test series.
    """
    if series is not None and not checkpoints:
        raise InputError("expected --checkpoint DIR with --series: the committed ones have theirs")
    folders = list(checkpoints) or [folder for folder in _COMMITTED if folder.is_dir()]
    if not folders:
        raise InputError(
            "found no committed checkpoints below benchmarks/results: run in a checkout of the "
            "project, or name one with --checkpoint DIR"
        )
    result: list[Difference] = []
    left_out: dict[str, dict[str, str]] = {}
    about = []
    for case in _cases(folders, series):
        with tempfile.TemporaryDirectory() as scratch:
            differences, absent = cross_check(case, named(None), Path(scratch))
        result += differences
        left_out[case.name] = absent
        about.append({"model": case.name, "series": case.series, "rows": len(case.values)})
        print(f"{case.name} on {case.series}, {len(case.values)} rows, against float64 NumPy:")
        print(as_text(_HEADER, [_row(difference) for difference in differences]))
        for name, why in absent.items():
            print(f"{name} is not compared: {why}")
        print()
    if out is not None:
        rows = [dataclasses.asdict(row) | {"passed": row.passed} for row in result]
        document = {**provenance(), "models": about, "differences": rows, "absent": left_out}
        write_text(out, json.dumps(document, indent=1, allow_nan=False) + "\n")
    failed = sum(not difference.passed for difference in result)
    print(
        f"{len(result)} compared, {failed} FAILED"
        if failed
        else f"{len(result)} compared, all agree"
    )
    return not failed


def _cases(folders: Sequence[Path], series: Path | None) -> Iterator[Case]:
    for folder in folders:
        checkpoint, weights = load_checkpoint(folder)
        content = build_capsule(checkpoint, weights)
        name = f"{checkpoint.family} {folder.resolve().name}"
        if folder in _COMMITTED:
            name = folder.parent.name
        channels = [channel for channel, _ in checkpoint.channels]
        projected = None
        family = family_of(checkpoint)
        if family.test_series is not None:
            label, values = _test_series(series, channels, family.test_series)
        else:
            label, normal, values = _machine_series(series, channels)
            base, content = content, calibrate(content, name, normal).content
            if "projected" in family.decoders:
                projected = calibrate(
                    base, name, normal, CalibrationOptions(decoder="projected")
                ).content
        yield Case(
            name=name, folder=folder, content=content, projected=projected, series=label,
            values=values,
        )  # fmt: skip


def _test_series(
    series: Path | None, channels: list[str], published: Callable[[], LabelledSeries]
) -> tuple[str, Float64]:
    if series is not None:
        return str(series), read_table(series, channels, None).values
    test = published()
    return test.name, test.values[:, None]


def _machine_series(series: Path | None, channels: list[str]) -> tuple[str, Float64, Float64]:
    """Returns a label, normal rows to calibrate on, and rows to compare on."""
    if series is not None:
        values = read_table(series, channels, None).values
        return str(series), values[: int(len(values) * _NORMAL)], values
    from stillwatch.train.data.sets import load_smd

    # The last 30 % of the training series, as train/smd.py holds them out; it imports MXNet.
    machine = load_smd(_MACHINE)
    normal = machine.train[int(len(machine.train) * (1 - _NORMAL)) :]
    return f"machine {_MACHINE}", normal, machine.test


def _row(difference: Difference) -> tuple[str, ...]:
    d = difference
    figures = (f"{x:.2g}" for x in (d.largest, d.mean, d.units, d.score, d.score_mean))
    flipped = f"{d.flips} of {d.alarms}"
    passed = "passed" if d.passed else "FAILED"
    return (d.model, d.framework, *figures, flipped, f"{d.tolerance:g}", passed)
