"""The options of the sensor recipe on a user's own file, and what they say."""

import argparse
from dataclasses import fields
from pathlib import Path

from stillwatch.runtime.cli.reading import add_reading_options, reading_options
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.data.tables.table_file import load_recording
from stillwatch.train.families.config_fields import MISSING
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = ["add_arguments", "add_data_options", "config_of", "recording_of"]

_HELP = {
    "units": "hidden units of a layer",
    "layers": "of encoder and decoder each",
    "window": "rows that the network sees at once",
    "step": "rows from one training window to the next",
    "epochs": "at most",
    "batch": "windows a step of the optimiser",
    "clip": "largest norm of a batch's gradient",
    "patience": "epochs without a better validation loss before the end",
    "validation": "last share of the training rows, for early stopping",
    "dropout": "share of hidden values set to zero between layers, in training",
    "missing": "what cells without a value are given; the capsule says it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the data, and of every field of the configuration."""
    add_data_options(parser)
    for field in fields(SensorConfig):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=field.default,
            choices=MISSING if field.name == "missing" else None,
            help=f"{_HELP.get(field.name, '')} (default: %(default)s)".strip(),
        )


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say which file, and what in it."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="MY.csv",
        help="CSV, Parquet or Arrow file, packed or not, - for standard input; rows in time order, "
        "mostly normal",
    )  # fmt: skip
    parser.add_argument(
        "--column", dest="columns", action="append", default=[], metavar="NAME",
        help="channel, once for each (default: every column that holds numbers)",
    )  # fmt: skip
    add_reading_options(parser)


def config_of(arguments: argparse.Namespace) -> SensorConfig:
    """Returns the configuration that the options say."""
    return SensorConfig(
        **{field.name: getattr(arguments, field.name) for field in fields(SensorConfig)}
    )


def recording_of(arguments: argparse.Namespace) -> Recording:
    """Returns the data that the options say, cleaned; read once, since a pipe gives them once."""
    if getattr(arguments, "recording", None) is None:
        arguments.recording = _load(arguments)
    recording: Recording = arguments.recording
    return recording


def _load(arguments: argparse.Namespace) -> Recording:
    return load_recording(
        arguments.data,
        options=reading_options(arguments),
        columns=arguments.columns,
        missing=arguments.missing,
    )
