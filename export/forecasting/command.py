"""`stillwatch train forecaster --data MY.csv`: one's own file to a checkpoint, a capsule, a report.

The training needs MXNet alone; it goes on to the capsule and the report where
their packages are installed, too.
"""

import argparse
import dataclasses
import json
from pathlib import Path

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_text
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.report.tables import as_text
from stillwatch.train.families.forecaster import options
from stillwatch.train.families.forecaster.split import Split, split_of

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the training, of the backtests, and of the output."""
    options.add_arguments(parser)
    parser.add_argument(
        "--backtests", type=int, default=5, metavar="N",
        help="origins that the report compares methods from (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--fast", action="store_true", help="compare with the last value and seasonal naive alone"
    )
    parser.add_argument(
        "--teacher", type=Path, metavar="DIR", help="a larger forecaster's checkpoint, to distil"
    )
    parser.add_argument(
        "--alpha", type=float, default=None, help="the teacher's share in the loss (default: 0.5 "
        "with a teacher)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("forecaster"), help="folder (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains, exports, measures, verifies and reports; returns 1 where frameworks disagree."""
    if arguments.backtests < 1:
        raise InputError(f"expected at least one backtest, got {arguments.backtests}")
    taught = 0.5 if arguments.teacher else 0.0
    alpha = taught if arguments.alpha is None else arguments.alpha
    config = dataclasses.replace(options.config_of(arguments), alpha=alpha)
    series = options.series_of(arguments, config)
    split = split_of(len(series), config)
    from stillwatch.train.families.forecaster.recipe import (
        train_forecaster,  # MXNet takes seconds to import
    )

    checkpoint = train_forecaster(series, config, arguments.out, teacher=arguments.teacher)
    curve = checkpoint.curve["validation"]
    share = checkpoint.data.get("share")
    print(
        f"trained forecaster on {series.name}: {split.validation} of {len(series)} rows, "
        f"{checkpoint.parameters:,} parameters, validation loss {min(curve):.4f} at epoch "
        f"{curve.index(min(curve)) + 1} of {len(curve)}"
        + (f", the LSTM's share {share:.2f}" if share is not None else "")
        + f"; checkpoint in {arguments.out}"
    )
    try:
        return _go_on(arguments, series, split)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("stillwatch."):
            raise
        print(
            f"no capsule and no report: they need {error.name}; pip install "
            "'stillwatch[train,export,benchmarks,forecast]' and say the same again"
        )
        return 0


def _go_on(arguments: argparse.Namespace, series: Series, split: Split) -> int:
    """Makes capsule and report of the checkpoint in a folder; 1 where frameworks disagree."""
    from stillwatch.export.forecasting.chain import backtest, build
    from stillwatch.export.forecasting.report import (
        HEADER,
        document,
        figure_rows,
        forecaster_page,
        verdict,
    )
    from stillwatch.export.forecasting.verification import report

    folder = arguments.out
    chain = build(folder, series, split)
    print(
        f"{chain.path}: intervals of {chain.intervals.coverage:.0%} from "
        f"{chain.intervals.measured} forecasts; of {chain.rolled.actual.size:,} values later than "
        f"those, {chain.covered:.1%} lie within"
    )
    for line in report(list(chain.agreements), chain.absent):
        print(f"  {line}")
    tested = backtest(chain, series, count=arguments.backtests, slow=not arguments.fast)
    if tested.figures:
        print(as_text(HEADER, figure_rows(tested)))
    print(verdict(tested))
    write_text(folder / "report.html", forecaster_page(chain, series, tested))
    write_text(folder / "report.json", json.dumps(document(chain, tested), indent=1) + "\n")
    print(f"report in {folder / 'report.html'}")
    print(f"next: stillwatch forecast {chain.path} {arguments.data} -o OUT.csv")
    return 0 if all(agreement.passed for agreement in chain.agreements) else 1
