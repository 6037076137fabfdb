"""`stillwatch recalibrate NAME`: a served model fitted anew to what its streams brought."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stillwatch.export.calibrate.calibration import Calibrated, calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.recalibrate.history import History, read_history
from stillwatch.export.recalibrate.trial import Trial, tried
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.cli.budget_options import seconds
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.features import PUBLISHED
from stillwatch.runtime.serve.storage.schema import STATE_FILE
from stillwatch.runtime.serve.storage.store import Store
from stillwatch.runtime.serve.storage.versions import Versions

__all__ = ["add_arguments", "run"]

_SHARE = 0.7  # of each stream's rows, that are fitted to; the rest is what it is tried on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("model", help="the name that it is served by")
    parser.add_argument(
        "--state", type=Path, default=Path("stillwatch-state"), metavar="FOLDER",
        help="the service's folder (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--period", type=seconds, metavar="SECONDS",
        help="between two rows (default: as the capsule was calibrated)",
    )  # fmt: skip
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--try", dest="only_try", action="store_true", help="say it, change nothing")
    what.add_argument("--roll-back", action="store_true", help="go back to the version before")


def run(arguments: argparse.Namespace) -> int:
    """Fits, compares, and lets the new version answer; 1 where it is no better."""
    if not (arguments.state / STATE_FILE).is_file():
        raise InputError(f"no service has left its state in {arguments.state}: see --state")
    store = Store(arguments.state)
    try:
        versions = Versions(store.connection)
        if arguments.roll_back:
            version = versions.roll_back(arguments.model)
            print(f"version {version.version} of {arguments.model} answers again")
            return 0
        return _recalibrate(arguments, store, versions)
    finally:
        store.close()


def _recalibrate(arguments: argparse.Namespace, store: Store, versions: Versions) -> int:
    now = versions.active(arguments.model)
    detector = Detector.from_bytes(now.content, arguments.model)
    histories = read_history(store, arguments.model, len(detector.info.channels))
    parts = [history.split(_SHARE) for history in histories]
    fitted, held = [first for first, _ in parts], [last for _, last in parts]
    result = _fitted(now.content, arguments.model, detector.info, fitted, arguments.period)
    before = tried(detector, held)
    after = tried(Detector.from_bytes(result.content, arguments.model), held)
    rows = sum(int(history.usual.sum()) for history in fitted)
    print(f"fitted to {rows} usual rows of {len(fitted)} streams, tried on the rows after them")
    print(_table(before, after))
    for remark in result.remarks:
        print(remark)
    worse = after.worse_than(before)
    if worse:
        print(f"refused: {worse}; version {now.version} goes on answering")
        return 1
    if arguments.only_try:
        print("nothing was changed")
        return 0
    note = f"recalibrated from version {now.version} on {rows} rows"
    version = versions.add(arguments.model, result.content, note)
    print(
        f"version {version.version} of {arguments.model} answers from now on; back with "
        f"'stillwatch recalibrate {arguments.model} --roll-back'"
    )
    return 0


def _fitted(
    content: bytes,
    name: str,
    info: CapsuleInfo,
    histories: Sequence[History],
    period: float | None,
) -> Calibrated:
    """Returns the capsule with scaler, distance, thresholds and judge of the usual rows."""
    usual = np.concatenate([history.values[history.usual] for history in histories])
    if period is None and info.judge is not None:
        period = info.judge.period
    options = CalibrationOptions(
        channels=info.channel_names,
        features=info.features or PUBLISHED,
        source=f"streams of {name}",
        period=period,
        decoder=info.training.decoder,
    )
    return calibrate(content, name, usual, options)


def _table(before: Trial, after: Trial) -> str:
    """Returns both trials, a line a figure."""
    lines = [("", "before", "after")]
    lines += [
        (label, f"{getattr(before, name):.4g}", f"{getattr(after, name):.4g}")
        for label, name in (
            ("false events", "false"),
            ("usual rows under alarm", "alarms"),
            ("what these cost, in events", "cost"),
            ("real events hit", "hit"),
        )
    ]
    lines.append(("of usual rows, of real events", f"{before.rows}, {before.real}", ""))
    return "\n".join(f"{a:<30}{b:>10}{c:>10}".rstrip() for a, b, c in lines)
