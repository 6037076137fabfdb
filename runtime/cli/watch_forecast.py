"""`stillwatch watch MODEL --forecast`: lines from standard input, a forecast after each."""

import argparse

from stillwatch.runtime.cli.reading import named_delimiter
from stillwatch.runtime.cli.watch import add_line_options, watch_standard_input
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.watch.options import WatchOptions

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a watch that forecasts."""
    parser.add_argument("model", help="path of a capsule that 'stillwatch train forecaster' made")
    parser.add_argument(
        "--forecast", type=int, nargs="?", metavar="ROWS", help="rows ahead (default: as trained)"
    )
    parser.add_argument(
        "--column", dest="columns", action="append", metavar="NAME",
        help="column to read, once for each of the capsule's (default: their own names)",
    )  # fmt: skip
    parser.add_argument(
        "--fill", choices=["forward"], help="let an empty or NaN cell take the last value before it"
    )
    add_line_options(
        parser,
        gap="what to do about samples missing between two lines, by --time and the step of the "
        "training: begin the stream anew (the default), or repeat the last values in their place",
    )


def run(arguments: argparse.Namespace) -> int:
    """Watches standard input until it ends, or until SIGTERM."""
    forecaster = Forecaster.load(arguments.model)
    forecaster.check_horizon(arguments.forecast)
    options = WatchOptions(
        columns=arguments.columns,
        fill=arguments.fill,
        form=arguments.format,
        time=arguments.time,
        gap=arguments.gap,
        strict=arguments.strict,
        delimiter=named_delimiter(arguments.delimiter),
        decimal=arguments.decimal,
        ahead=arguments.forecast,
    )
    return watch_standard_input(forecaster, options, arguments)
