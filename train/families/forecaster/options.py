"""`stillwatch train forecaster --data MY.csv`: the forecaster's recipe on a user's own file."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from stillwatch.runtime.cli.reading import add_reading_options, reading_options
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.forecasting.calendar import CALENDAR_TERMS
from stillwatch.runtime.forecasting.series import Series, read_series
from stillwatch.train.families.config_fields import CHANNEL_MODES
from stillwatch.train.families.forecaster.config import (
    ACTIVATIONS,
    SCALINGS,
    STRATEGIES,
    ForecasterConfig,
)

__all__ = ["add_arguments", "add_data_options", "config_of", "series_of"]

_CHOICES = {
    "strategy": STRATEGIES,
    "channels": CHANNEL_MODES,
    "scaling": SCALINGS,
    "activation": ACTIVATIONS,
    "missing": ("refuse", "forward"),
}
_HELP = {
    "strategy": "direct: the whole horizon at once; recursive: step by step, with a carried state",
    "horizon": "rows ahead",
    "lookback": "rows that the network sees; whole segments of them",
    "channels": "independent: one at a time with shared weights; joint: all at once",
    "missing": "what cells without a value are given; the capsule says it",
    "units": "of the LSTM",
    "rank": "of the linear map; 0 for full",
    "layers": "of the LSTM (recursive)",
    "dense": "units of a layer behind the LSTM, 0 for none (recursive)",
    "activation": "of that layer",
    "dropout": "share of hidden values set to zero, in training",
    "epochs": "at most",
    "steps": "batches an epoch",
    "batch": "windows a batch",
    "warmup": "batches over which the learning rate rises",
    "clip": "largest norm of a batch's gradient",
    "patience": "epochs without a better validation loss before the end",
    "validation": "last share of the rows that are not held out, for early stopping",
    "held_out": "last share of the rows: for intervals, and for the report",
    "coverage": "of the intervals",
}
_OF_DATA = ("covariates", "calendar", "segment", "linear", "alpha")
_SEGMENT = 24  # rows at most, where nothing is said


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the data and of every field of the configuration."""
    add_data_options(parser)
    parser.add_argument(
        "--segment", type=int,
        help="rows that make one step of the LSTM (direct; default: the largest part of the "
        f"lookback up to {_SEGMENT})",
    )  # fmt: skip
    parser.add_argument(
        "--linear", type=int, help="rows of the linear map beside it, 0 for none (direct; default: "
        "the lookback)",
    )  # fmt: skip
    for field in dataclasses.fields(ForecasterConfig):
        if field.name not in _OF_DATA:
            parser.add_argument(
                f"--{field.name.replace('_', '-')}",
                type=type(field.default),
                default=field.default,
                choices=_CHOICES.get(field.name),
                help=f"{_HELP.get(field.name, '')} (default: %(default)s)".strip(),
            )


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say which file, and what in it."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="MY.csv",
        help="CSV, Parquet or Arrow file, packed or not, rows in time order; with --time-column a "
        "step apart",
    )  # fmt: skip
    parser.add_argument(
        "--column", dest="columns", action="append", default=[], metavar="NAME",
        help="what to forecast, once for each (default: every column of numbers)",
    )  # fmt: skip
    parser.add_argument(
        "--covariate", dest="covariates", action="append", default=[], metavar="NAME",
        help="column that is read and not forecast, once for each",
    )  # fmt: skip
    parser.add_argument(
        "--calendar", nargs="+", default=[], choices=CALENDAR_TERMS,
        help="terms of the time that are read, too",
    )  # fmt: skip
    add_reading_options(parser)


def config_of(arguments: argparse.Namespace) -> ForecasterConfig:
    """Returns the configuration that the options say."""
    named: dict[str, Any] = {
        field.name: getattr(arguments, field.name)
        for field in dataclasses.fields(ForecasterConfig)
        if field.name not in _OF_DATA
    }
    lookback = arguments.lookback
    segment = arguments.segment
    if segment is None:
        segment = max((s for s in range(1, _SEGMENT + 1) if lookback % s == 0), default=1)
    return ForecasterConfig(
        **named,
        segment=segment,
        linear=lookback if arguments.linear is None else arguments.linear,
        covariates=tuple(arguments.covariates),
        calendar=tuple(arguments.calendar),
    )


def series_of(arguments: argparse.Namespace, config: ForecasterConfig) -> Series:
    """Returns the series that the options say: what is forecast, then what is read beside it."""
    both = set(arguments.columns) & set(config.covariates)
    if both:
        raise InputError(
            f"expected each column to be forecast or read beside it, got both for {sorted(both)}"
        )
    wanted = [*arguments.columns, *config.covariates] if arguments.columns else None
    series = read_series(
        arguments.data,
        wanted,
        arguments.time_column,
        fill=config.missing == "forward",
        reading=reading_options(arguments),
    )
    channels = arguments.columns or [c for c in series.columns if c not in config.covariates]
    if not channels:
        raise InputError(f"{arguments.data} has no column left to forecast")
    return series.ordered([*channels, *config.covariates])
