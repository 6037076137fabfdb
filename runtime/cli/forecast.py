"""`stillwatch forecast MODEL SERIES.csv`: what comes after a file, as a table with its times."""

import argparse
import csv
import io
import sys
from pathlib import Path

import numpy as np

from stillwatch.runtime.cli.options import check_order
from stillwatch.runtime.cli.reading import add_reading_options, print_remarks, reading_options
from stillwatch.runtime.files import write_text
from stillwatch.runtime.forecasting.forecast import Forecast
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.series import Series, read_series
from stillwatch.runtime.forecasting.times import like

__all__ = ["add_arguments", "forecast_table", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a forecast."""
    parser.add_argument("model", help="path of a capsule that 'stillwatch train forecaster' made")
    parser.add_argument(
        "series", type=Path, help="CSV, Parquet or Arrow file, packed or not; - is standard input"
    )
    parser.add_argument(
        "--horizon", type=int, metavar="ROWS", help="rows ahead (default: the trained horizon)"
    )
    parser.add_argument(
        "--column", dest="columns", action="append", metavar="NAME",
        help="column to read, once for each of the capsule's (default: their own names)",
    )  # fmt: skip
    parser.add_argument(
        "--fill", choices=["forward"],
        help="let an empty or NaN cell take the last value before it (default: as the capsule's "
        "training did, else refuse)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT.csv", help="where to (default: standard output)"
    )
    parser.add_argument(
        "--report", type=Path, metavar="OUT.html", help="a page with pictures of what is forecast"
    )
    add_reading_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Forecasts; the table goes to the output, a summary to standard error."""
    check_order(arguments.model, arguments.series)
    forecaster = Forecaster.load(arguments.model)
    info = forecaster.info
    forecaster.check_horizon(arguments.horizon)
    series = read_series(
        arguments.series,
        info.columns,
        arguments.time_column or info.time_column or None,
        fill="forward" in (arguments.fill, info.missing),
        names=arguments.columns,
        timed=bool(arguments.time_column or info.calendar),
        reading=reading_options(arguments),
    )
    result = forecaster.forecast(series.values, horizon=arguments.horizon, times=series.times)
    content = forecast_table(result, series, info.channel_names)
    if arguments.output:
        write_text(arguments.output, content)
    else:
        sys.stdout.write(content)
    said = _summary(result, series, forecaster)
    print_remarks([said])
    if arguments.report:
        # Here, since a forecast without a page does not need what draws one.
        from stillwatch.runtime.report.forecast_page import forecast_page

        write_text(arguments.report, forecast_page(result, series, arguments.model, info, said))
        print_remarks([f"  report: {arguments.report}"])
    return 0


def _summary(result: Forecast, series: Series, forecaster: Forecaster) -> str:
    info, rows = forecaster.info, len(result.forecast)
    return (
        f"{rows} row{'s' * (rows > 1)} after {len(series)} of {series.name}"
        + (f", {series.filled} cells filled forward" if series.filled else "")
        + (f"; intervals of {info.coverage:.0%}" if result.low is not None else "")
        + (
            f", measured to row {info.horizon} ahead and empty beyond"
            if result.low is not None and rows > info.horizon
            else ""
        )
    )


def forecast_table(result: Forecast, series: Series, names: tuple[str, ...]) -> str:
    """Returns a forecast as CSV: times, or rows counted on, then each channel and its interval."""
    if result.times is not None:
        first = (series.time_column, like(result.times, series.last_time))
    else:
        begin = len(series) + 1
        first = ("row", [str(begin + row) for row in range(len(result.forecast))])
    columns = dict([first])
    for channel, name in enumerate(names):
        columns[name] = _figures(result.forecast[:, channel])
        for side, values in (("low", result.low), ("high", result.high)):
            if values is not None:
                columns[f"{name}_{side}"] = _figures(values[:, channel])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def _figures(figures: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> list[str]:
    return ["" if np.isnan(figure) else f"{figure:.7g}" for figure in figures]
