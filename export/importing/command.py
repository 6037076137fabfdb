"""`stillwatch import FILE -o CHECKPOINT`: a network of another framework made one of ours."""

import argparse
from pathlib import Path

from stillwatch.export.importing.importing import Imported, understand_file, write_checkpoint
from stillwatch.export.importing.scaler import Scaler, scaler_of_json, scaler_of_numbers
from stillwatch.export.importing.understood import Options
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.table import read_table

__all__ = ["add_arguments", "renames", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of an import."""
    parser.add_argument(
        "file", type=Path, help="Gluon's .params, .npz or -symbol.json; PyTorch's .safetensors, "
        ".pt or .pth; Keras' .keras, .h5 or .weights.h5; .onnx of another exporter",
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="CHECKPOINT")
    parser.add_argument("--family", help="where names and shapes fit more than one")
    parser.add_argument("--window", type=int, metavar="N", help="rows of a window, as trained")
    parser.add_argument("--activation", help="behind the dense layer, where the file is silent")
    parser.add_argument(
        "--map", dest="renamed", action="append", default=[], metavar="NAME=NAME",
        help="read an array by another name, once for each",
    )  # fmt: skip
    parser.add_argument(
        "--normal", type=Path, metavar="NORMAL.csv",
        help="normal data: the scaler, and for nab-rds the thresholds too",
    )  # fmt: skip
    parser.add_argument("--column", metavar="NAME", help="of NORMAL.csv, for one channel")
    parser.add_argument("--scaler", type=Path, metavar="JSON", help="a scikit-learn scaler's")
    parser.add_argument("--mean", metavar="M[,M...]", help="of each channel, with --scale")
    parser.add_argument("--scale", metavar="S[,S...]", help="of each channel, with --mean")


def run(arguments: argparse.Namespace) -> int:
    """Imports, and says what was understood."""
    if arguments.window is not None and not 2 <= arguments.window <= 2**20:
        raise InputError(f"expected a --window of 2 rows or more, got {arguments.window}")
    options = Options(
        family=arguments.family, window=arguments.window, activation=arguments.activation
    )
    result = understand_file(arguments.file, options, renames(arguments.renamed))
    imported = write_checkpoint(
        result,
        arguments.output,
        scaler=_scaler(arguments, result.understood.channels),
        normal=_normal(arguments) if result.understood.family == "nab-rds" else None,
    )
    print("\n".join(_report(imported)))
    print(f"wrote {arguments.output}")
    print(f"next: {_next(imported, arguments.output)}")
    return 0


def renames(pairs: list[str]) -> dict[str, str]:
    """Returns THEIRS=NAME pairs as a mapping; raises InputError."""
    if any(pair.count("=") != 1 for pair in pairs):
        odd = next(pair for pair in pairs if pair.count("=") != 1)
        raise InputError(f"expected --map NAME=NAME, got {odd!a}")
    return {theirs: ours for theirs, _, ours in (pair.partition("=") for pair in pairs)}


def _scaler(arguments: argparse.Namespace, channels: int) -> Scaler | None:
    given = [
        arguments.scaler is not None,
        arguments.mean is not None or arguments.scale is not None,
    ]
    if sum(given) > 1 or (arguments.mean is None) != (arguments.scale is None):
        raise InputError("expected --mean and --scale together, or --scaler")
    if arguments.scaler is not None:
        return scaler_of_json(arguments.scaler, channels)
    if arguments.mean is not None:
        return scaler_of_numbers(arguments.mean, arguments.scale, channels)
    return None


def _normal(arguments: argparse.Namespace) -> Float64 | None:
    if arguments.normal is None:
        return None
    table = read_table(arguments.normal, columns=[arguments.column] if arguments.column else None)
    if len(table.channels) != 1:
        raise InputError(
            f"{arguments.normal} has the columns {', '.join(table.channels)}: name one with "
            "--column"
        )
    values: Float64 = table.values[:, 0]
    return values


def _report(imported: Imported) -> list[str]:
    understood, checkpoint = imported.understood, imported.checkpoint
    config = checkpoint.config
    rows = [("their name", "ours", "shape"), *((t, o, str(s)) for t, o, s in understood.table)]
    wide = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{row[0]:<{wide[0]}}  {row[1]:<{wide[1]}}  {row[2]}" for row in rows]
    lines.append(
        f"{imported.framework} -> {checkpoint.family}: {checkpoint.parameters:,} parameters, "
        f"{understood.channels} channel{'s' * (understood.channels > 1)}, windows of "
        f"{config.window} rows"
    )
    return lines + [f"taken for granted: {remark}" for remark in understood.remarks]


def _next(imported: Imported, folder: Path) -> str:
    if imported.checkpoint.family == "nab-rds":
        return f"stillwatch export {folder} -o MODEL.onnx"
    return f"stillwatch calibrate {folder} NORMAL.csv -o MINE.onnx"
