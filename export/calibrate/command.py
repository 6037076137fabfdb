"""`stillwatch calibrate MODEL.onnx NORMAL.csv -o MINE.onnx`: a network made one's own."""

import argparse
from pathlib import Path

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.calibrate.report import calibration_page
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.export_command import add_decoder_option
from stillwatch.export.int8.quantization import quantize
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.cli.budget_options import seconds, usual_period
from stillwatch.runtime.cli.options import check_order
from stillwatch.runtime.cli.reading import add_reading_options, print_remarks, reading_options
from stillwatch.runtime.files import write_bytes, write_text
from stillwatch.runtime.scoring.features import PUBLISHED, ROBUST, WITH_LEVEL
from stillwatch.runtime.tables.table import read_table
from stillwatch.train.data.checkpoint import load_checkpoint

__all__ = ["add_arguments", "run"]

_SCORES = {"robust": ROBUST, "level": WITH_LEVEL, "published": PUBLISHED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a calibration."""
    parser.add_argument(
        "model",
        help="path of a repeat-vector, sensor or stack capsule, of a recursive forecaster's, or of "
        "a checkpoint; or a shipped one: smd-segments",
    )
    parser.add_argument(
        "normal", type=Path,
        help="CSV, Parquet or Arrow file of normal data, packed or not; - is standard input",
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="MINE.onnx")
    parser.add_argument(
        "--column", dest="columns", action="append", metavar="NAME",
        help="channel to watch, once for each (default: every column that holds numbers)",
    )  # fmt: skip
    parser.add_argument("--fill", choices=["forward"], help="as in 'stillwatch score'")
    parser.add_argument(
        "--rate", type=float, default=0.01, metavar="R",
        help="share of normal windows that may be called anomalous (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--period", type=seconds, metavar="SECONDS",
        help="between two rows, as in 60s or 5min (default: told from a column of times): with it "
        "the capsule gets the judge that keeps a --budget",
    )  # fmt: skip
    parser.add_argument(
        "--score", choices=_SCORES, default="robust",
        help="what the distance is taken of: residuals, errors and scaled values, compressed so "
        "that no channel drowns the others (robust); errors and scaled values (level); the errors "
        "alone (published); default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--published-score", dest="score", action="store_const", const="published",
        help="the same as --score published",
    )  # fmt: skip
    parser.add_argument(
        "--keep-scaler", action="store_true",
        help="of a network that came in by 'stillwatch import': the scaler that came with it",
    )  # fmt: skip
    parser.add_argument(
        "--keep-all", action="store_true", help="count rows in that look unlike the rest"
    )
    parser.add_argument(
        "--report", type=Path, metavar="OUT.html", help="a page with pictures of the normal rows"
    )
    parser.add_argument(
        "--ahead", type=int, metavar="ROWS",
        help="of a forecaster: a row's score is the error of what was forecast so many rows before "
        "it (default: 1)",
    )  # fmt: skip
    parser.add_argument("--int8", action="store_true", help="quantise, from 64 hidden units on")
    parser.add_argument("--plain-inputs", action="store_true", help="as in 'stillwatch export'")
    add_decoder_option(parser)
    add_reading_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Calibrates, and says what was found."""
    check_order(arguments.model, arguments.normal)
    content = _content(arguments.model)
    table = read_table(
        arguments.normal,
        columns=arguments.columns,
        options=reading_options(arguments),
        fill=arguments.fill == "forward",
    )
    columns = table.channels
    period = arguments.period or usual_period(table)
    result = calibrate(
        content,
        arguments.model,
        table.values,
        CalibrationOptions(
            channels=columns,
            features=_SCORES[arguments.score],
            rate=arguments.rate,
            source=arguments.normal.name,
            period=period,
            plain_inputs=arguments.plain_inputs,
            decoder=arguments.decoder,
            keep_scaler=arguments.keep_scaler,
            keep_all=arguments.keep_all,
            ahead=arguments.ahead,
        ),
    )
    content = quantize(result.content, arguments.model) if arguments.int8 else result.content
    write_bytes(arguments.output, content)
    print(
        f"{arguments.output}: {len(columns)} channels from {len(table.values)} rows, covariance "
        f"condition {result.condition:.3g}, {len(content):,} bytes"
    )
    if period:
        print(f"a judge for a row every {period:g} s: score it with --budget 5/week")
    for remark in result.remarks:
        print(remark)
    print_remarks(table.remarks)
    if arguments.report:
        page = calibration_page(content, arguments.output.name, table, result.remarks)
        write_text(arguments.report, page)
        print(f"report: {arguments.report}")
    print(f"next: stillwatch score {arguments.output} SERIES.csv")
    return 0


def _content(model: str) -> bytes:
    """Returns the capsule of a path or a name, or of a checkpoint's folder."""
    if Path(model).is_dir():
        return build_capsule(*load_checkpoint(model))
    return opening.read_bytes(model)
