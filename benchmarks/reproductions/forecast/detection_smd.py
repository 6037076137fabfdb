"""A causal forecaster as a detector on SMD, beside its controls: how it ranks rows.

Networks are trained on one half of the machines and judged on the other, so
none saw a row of its machine. Features and distance are those of the
autoencoders' table; only what a row was expected to be is another.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.forecast.document import SmdDetection
from stillwatch.benchmarks.reproductions.forecast.errors import (
    clock_regression,
    expected,
    last_value,
)
from stillwatch.benchmarks.reproductions.smd.alarms.alarm_document import RankingRow
from stillwatch.benchmarks.reproductions.smd.alarms.tsb_ad import (
    heads,
    ranking_row,
    summarize_ranking,
)
from stillwatch.export.calibrate.options import ROBUST_SHRINKAGE
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.scoring.distance import fit_mahalanobis
from stillwatch.runtime.scoring.features import ROBUST, features
from stillwatch.runtime.scoring.scaling import Moments, floored_moments
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets import Machine, load_smd
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.forecaster.split import Split

__all__ = ["AHEAD", "CHOSEN_ON", "UNITS", "smd_detection"]

AHEAD = (1, 10)  # rows
UNITS = 16  # as the autoencoders of this table
CHOSEN_ON = ("1-7", "2-1", "2-2", "2-7")
_HALVES = (("1-7", "2-1", "2-8"), ("2-2", "2-7", "3-3"))
_VALIDATED = 2000  # rows, the last ones of all


def smd_detection(machines: Sequence[Machine], seeds: int, out: Path) -> SmdDetection:
    """Returns the table of ranking; kept in `out`, so resumable."""
    ranking: list[RankingRow] = []
    folders: dict[str, Path] = {}
    for seed in range(seeds):
        for machine in machines:
            half = next(half for half in _HALVES if machine.name not in half)
            folder = folders[machine.name] = _trained(half, seed, out)
            judged = partial(_ranked, machine, folder, seed)
            ranking += kept(out / f"forecast-ranking-{machine.name}-{seed}.json", judged)
    return {
        "machines": [machine.name for machine in machines],
        "seeds": seeds,
        "ranking": summarize_ranking(ranking, CHOSEN_ON),
        "parameters": load_checkpoint(next(iter(folders.values())))[0].parameters,
    }


def _trained(half: Sequence[str], seed: int, out: Path) -> Path:
    """Returns the checkpoint of a network trained on these machines, a row after another."""
    from stillwatch.train.families.forecaster.recipe import (
        train_forecaster,  # MXNet takes seconds to import
    )

    trained = [load_smd(name).train for name in half]
    values = np.concatenate([_scaled(rows, floored_moments(rows)) for rows in trained])
    config = ForecasterConfig(
        strategy="recursive", horizon=max(AHEAD), lookback=60, units=UNITS, dropout=0.0,
        linear=0, epochs=8, steps=50, batch=8, patience=8, seed=seed,
    )  # fmt: skip
    rows = len(values)
    series = Series(
        name=f"SMD {', '.join(half)}",
        columns=tuple(f"channel_{number + 1}" for number in range(values.shape[1])),
        values=values,
        times=None,
        step=None,
        filled=0,
    )
    folder = out / f"forecaster-{'-'.join(half)}-{seed}"
    split = Split(rows - _VALIDATED, rows, rows, rows)
    train_forecaster(series, config, folder, split=split, progress=False)
    return folder


def _scaled(values: Float64, moments: Moments) -> Float64:
    return (values - moments.mean) / moments.scale


def _ranked(machine: Machine, folder: Path, seed: int) -> list[RankingRow]:
    rows = []
    for protocol, normal in heads(machine).items():
        moments = floored_moments(normal)
        before, after = (_scaled(values, moments) for values in (normal, machine.test))
        # The head of TSB-AD's is the test's own beginning; ours comes right before it.
        first = 0 if protocol == "TSB-AD" else len(before)
        for name, (calm, seen) in _expectations(before, after, first, folder):
            fitted = fit_mahalanobis(features(ROBUST, before, calm), ROBUST_SHRINKAGE)
            score = fitted.score(features(ROBUST, after, seen))
            rows.append(ranking_row(machine, protocol, name, seed, score))
    return rows


def _expectations(
    before: Float64, after: Float64, first: int, folder: Path
) -> Iterator[tuple[str, tuple[Float64, Float64]]]:
    """Yields what was expected of normal rows and of the test's, by who expects it."""
    checkpoint, weights = load_checkpoint(folder)
    for ahead in AHEAD:
        calm, seen = (expected(checkpoint, weights, rows, ahead) for rows in (before, after))
        yield f"LSTM forecaster, {_rows(ahead)} ahead", (calm, seen)
        yield f"last value, {_rows(ahead)} before", (
            last_value(before, ahead), last_value(after, ahead),
        )  # fmt: skip
    yield (
        "clock regression",
        (
            clock_regression(before, 0, len(before)),
            clock_regression(before, first, len(after)),
        ),
    )


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count > 1)}"
