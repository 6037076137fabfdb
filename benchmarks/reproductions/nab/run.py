"""The rows of the NAB table: the judge with each context, and today's detector without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from stillwatch.benchmarks.detection.nab_score import Scored
from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.nab.document import ByProfile, Row
from stillwatch.benchmarks.reproductions.nab.fleet import context_residuals, judged, surprises
from stillwatch.benchmarks.reproductions.nab.series import CLIP, CLOCK, Prepared
from stillwatch.benchmarks.reproductions.nab.summary import figures, row
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.detector import Detector
from stillwatch.train.data.sets import LabelledSeries

__all__ = ["Answer", "Bench", "control_rows", "expected_by_network", "network_rows", "today_rows"]

Answer = dict[str, Scored]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The series, and the surprises of the four residuals that need no context."""

    series: Sequence[Prepared]
    others: Sequence[Sequence[Float64]]

    @classmethod
    def of(cls, series: Sequence[Prepared]) -> "Bench":
        """Returns the bench of these series."""
        tails = series[0].rule.tails
        others = [
            surprises(series, [one.residuals[:, k] for one in series], tails[k])
            for k in tqdm(range(1, len(tails)), desc="residuals", unit="residual")
        ]
        return cls(series=series, others=others)

    def judge(self, pointwise: Sequence[Float64] | None) -> Answer:
        """Returns the anomaly scores by series; pointwise: the residuals (T,) from a context.

        Without, of the four others alone.
        """
        parts = list(self.others)
        if pointwise is not None:
            parts.insert(0, surprises(self.series, pointwise, self.series[0].rule.tails[0]))
        return {
            one.name: judged(one, [part[number] for part in parts])
            for number, one in enumerate(self.series)
        }


def control_rows(bench: Bench) -> tuple[list[Row], dict[str, Answer]]:
    """Returns the rows without a network, and the scores that they are of."""
    clock = [_clock(one) for one in bench.series]
    controls = {
        "no pointwise residual": None,
        "slow mean": [one.residuals[:, 0] for one in bench.series],
        "clock regression": context_residuals(bench.series, clock),
    }
    answers = {name: bench.judge(residuals) for name, residuals in controls.items()}
    return [row(name, None, [figures(answer)]) for name, answer in answers.items()], answers


def network_rows(
    bench: Bench, units: Sequence[int], seeds: int, out: Path
) -> tuple[list[Row], dict[str, Answer]]:
    """Returns a row a network size, with its spread over seeds; and the first seeds' scores.

    Networks and figures are kept in `out`, so that a killed run goes on.
    """
    rows, answers = [], {}
    for size in units:
        name = f"LSTM of {size} units"
        result, parameters = [], 0
        for seed in tqdm(range(seeds), desc=name, unit="seed"):
            expected, parameters = expected_by_network(
                bench.series, size, seed, out / f"context{size}-{seed}.params"
            )
            if seed == 0:
                answers[name] = bench.judge(context_residuals(bench.series, expected))
                result.append(figures(answers[name]))
            else:
                again = partial(_judged_figures, bench, expected)
                result.append(kept(out / f"context{size}-{seed}.json", again))
        rows.append(row(name, parameters, result))
    return rows, answers


def today_rows(series: Sequence[LabelledSeries], out: Path) -> list[Row]:
    """Returns the row of nab-rds-online as shipped: its own score, and no judge behind it."""
    detector = Detector.load("nab-rds-online")

    def scored() -> ByProfile:
        answers: Answer = {}
        for one in tqdm(series, desc="nab-rds-online", unit="series"):
            result = detector.score(one.values)
            before = np.zeros(len(one.values) - len(result.score))
            answers[one.name] = Scored(np.append(before, result.score), one.windows)
        return figures(answers)

    answer = kept(out / "nab-rds-online.json", scored)
    return [row("nab-rds-online, its score alone", 18, [answer])]


def _judged_figures(bench: Bench, expected: Sequence[Float64]) -> ByProfile:
    return figures(bench.judge(context_residuals(bench.series, expected)))


def expected_by_network(
    series: Sequence[Prepared], units: int, seed: int, kept_in: Path
) -> tuple[list[Float64], int]:
    """Returns what a context network expects of each series (T,), and its parameters.

    kept_in: the file of its weights, read where it is there, else trained and written.
    """
    from stillwatch.benchmarks.reproductions.nab.network import (
        ContextPlan,  # MXNet takes seconds to import
        contexts,
        load_or_train,
    )

    net, parameters = load_or_train(series, ContextPlan(units=units, seed=seed), kept_in)
    return contexts(net, series), parameters


def _clock(one: Prepared) -> Float64:
    """Returns the values (T,) that a regression on the clock expects: 5 weights a series.

    Least squares on the probation: two harmonics of the day, and a constant.
    """
    clock = np.column_stack([one.inputs[:, :CLOCK], np.ones(len(one.z))]).astype(np.float64)
    wanted = np.clip(one.z[: one.start], -CLIP, CLIP)
    weights: Float64 = np.linalg.lstsq(clock[: one.start], wanted, rcond=None)[0]
    return clock @ weights
