"""`stillwatch train sensor --data MY.csv`: one's own file to a checkpoint, a capsule, a report.

The training needs MXNet alone; it goes on to the capsule and the report where
their packages are installed, too.
"""

import argparse
from pathlib import Path

from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.cli.budget_options import seconds
from stillwatch.runtime.cli.reading import print_remarks
from stillwatch.runtime.errors import ExtraError
from stillwatch.runtime.files import write_text
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.families.sensor import options
from stillwatch.train.loop.settled import unsettled

__all__ = ["add_arguments", "run"]

_STORE = "sqlite:///mlruns.db"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the training, of the store that keeps it, and of the output."""
    options.add_arguments(parser)
    parser.add_argument(
        "--track", nargs="?", const=_STORE, metavar="URI",
        help=f"keep the run in an MLflow store (without a URI: {_STORE})",
    )  # fmt: skip
    parser.add_argument(
        "--period", type=seconds, metavar="SECONDS",
        help="between two rows, as in 60s or 5min (default: told from a column of times): with it "
        "the capsule gets the judge that keeps a --budget",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("sensor"), help="folder (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains, exports, calibrates, verifies and reports; returns 1 where frameworks disagree."""
    if arguments.track:
        _open_store(arguments.track)  # before the work, not after it
    config, recording = options.config_of(arguments), options.recording_of(arguments)
    print_remarks(recording.columns)
    for remark in recording.remarks:
        print(remark)
    from stillwatch.train.families.sensor.recipe import (
        train_sensor,  # MXNet takes seconds to import
    )

    checkpoint = train_sensor(recording, config, arguments.out)
    curve = checkpoint.curve["validation"]
    print(
        f"trained sensor on {recording.name}: {recording.rows} rows of {len(recording.channels)} "
        f"channels, {checkpoint.parameters:,} parameters, validation loss {min(curve):.4f} at "
        f"epoch {curve.index(min(curve)) + 1} of {len(curve)}; checkpoint in {arguments.out}"
    )
    for remark in unsettled(checkpoint.curve):
        print(remark)
    try:
        return _go_on(arguments, recording)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("stillwatch."):
            raise
        print(
            f"no capsule and no report: they need {error.name}; pip install "
            "'stillwatch[train,export,benchmarks]' and say the same again"
        )
        return 0


def _go_on(arguments: argparse.Namespace, recording: Recording) -> int:
    """Makes capsule and report of the checkpoint; returns 1 where frameworks disagree."""
    folder, track = arguments.out, arguments.track
    import numpy as np

    from stillwatch.export.own_data.chain import build
    from stillwatch.export.own_data.report import sensor_page
    from stillwatch.export.verify.verification import report

    chain = build(folder, recording, period=arguments.period)
    for remark in chain.calibrated.remarks:
        print(remark)
    info = chain.detector.info
    called = float(np.mean(chain.result.alarm))
    print(
        f"{chain.path}: calibrated on the last {len(chain.normal)} rows, which it never saw: "
        f"threshold {info.threshold.value:.4g}, {100 * called:.2g} % of their rows are alarms"
    )
    print(_judge_said(info, recording))
    for line in report(list(chain.agreements), chain.absent):
        print(f"  {line}")
    write_text(folder / "report.html", sensor_page(chain, recording))
    print(f"report in {folder / 'report.html'}")
    if track:
        from stillwatch.export.own_data.tracking import log_run

        print(f"run {log_run(chain, track)} in the MLflow store {track}")
    print(f"next: stillwatch score {chain.path} SERIES.csv")
    return 0 if all(agreement.passed for agreement in chain.agreements) else 1


def _judge_said(info: CapsuleInfo, recording: Recording) -> str:
    """Returns whether the capsule has a judge, and where not, why."""
    if info.judge:
        return f"a judge for a row every {info.judge.period:g} s: score it with --budget 5/week"
    if recording.period:
        return f"no judge for a --budget: {info.data.rows} rows to calibrate on are too few for it"
    return "no judge for a --budget: no dates say how far apart rows are; --period 60s does"


def _open_store(uri: str) -> None:
    try:
        from stillwatch.export.own_data.tracking import open_store
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"'stillwatch train --track' needs {error.name}, which is not installed: "
            "pip install 'stillwatch[train,export,benchmarks,track]'"
        ) from error
    open_store(uri)
