"""`stillwatch verify CAPSULE --c`: its C, built here, beside onnxruntime."""

import argparse
from pathlib import Path

from stillwatch.export.c.comparison import compare, made_rows
from stillwatch.export.c.compiled import compiler
from stillwatch.export.c.folder import c_files
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.cli.verify import replay_golden
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.tables.table import read_table

__all__ = ["add_arguments", "run"]

_LEVELS = ("-O2", "-Os")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a comparison with C."""
    parser.add_argument("model", help="path of a capsule, or a shipped one such as nab-rds-online")
    parser.add_argument(
        "--c", action="store_true", required=True, help="build its C here and compare row by row"
    )
    parser.add_argument(
        "--series", type=Path, metavar="SERIES.csv", help="compare on it (default: made rows)"
    )
    parser.add_argument("--compiler", metavar="CC", help="which one (default: $CC, cc, gcc, clang)")


def run(arguments: argparse.Namespace) -> int:
    """Compares at each level of optimisation; returns 0 where all agree, else 1."""
    by = compiler(arguments.compiler)
    content = read_bytes(arguments.model)
    name = Path(arguments.model).name.removesuffix(".onnx")
    made = c_files(content, name)
    info = Detector.from_bytes(content, name).info
    values, what = made_rows(info), "made rows"
    if arguments.series is not None:
        values, what = read_table(arguments.series, info.channel_names).values, arguments.series
    passed = replay_golden(arguments.model)
    for level in _LEVELS:
        result = compare(content, name, made, values, by=by, optimise=level)
        wanted = "equal bits" if result.exact else f"tolerance {result.tolerance:g}"
        print(
            f"C by {Path(by).name} {level} on {result.rows} of {what}: largest difference "
            f"{result.ulp} ULP in score ({result.score:.2g}), {result.flips} alarms flipped, "
            f"{wanted}: {'passed' if result.passed else 'FAILED'}"
        )
        passed = passed and result.passed
    return 0 if passed else 1
