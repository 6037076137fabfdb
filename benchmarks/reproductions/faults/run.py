"""Plants every fault on every channel, and asks the judge and a capsule whom they blame."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from stillwatch.benchmarks.reproductions.faults.document import FaultRow, FaultSummary
from stillwatch.benchmarks.reproductions.faults.made import (
    CHANNELS,
    FAULTS,
    LENGTH,
    PERIOD,
    faulty,
    made_rows,
    planted,
)
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.judged import BEGINS
from stillwatch.runtime.arrays import AnyArray, Bool, Float64
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.detector import Detector

__all__ = ["BUDGET", "evaluate", "summarize"]

BUDGET = 5.0  # events a week
_NORMAL, _TEST, _FIRST = 6048, 1440, 720  # rows: three weeks, five days, where faults begin
_DAY, _STANDS = 288, 15.0  # rows, deviations
_WEEK = 604800.0


def evaluate(seeds: int) -> list[FaultRow]:
    """Returns a row a detector, fault, channel and seed: detected, and the blamed channel."""
    rows: list[FaultRow] = []
    for seed in range(seeds):
        normal = made_rows(_NORMAL, 2 * seed)
        quiet = made_rows(_TEST, 2 * seed + 1)
        cases = list(itertools.product(FAULTS, range(CHANNELS)))
        values = np.stack(
            [planted(quiet, fault, channel, _FIRST, seed) for fault, channel in cases]
        )  # NTC
        for detector, (alarm, parts) in {
            "judge": _of_judge(normal, values),
            "judge, while another stands": _of_judge(normal, _another_stands(values, cases)),
            "smd-micro, calibrated": _of_capsule(normal, values),
        }.items():
            for (fault, channel), result in zip(cases, _blamed(alarm, parts), strict=True):
                to_blame = faulty(fault, channel)
                rows.append(
                    {
                        "detector": detector,
                        "fault": fault,
                        "channel": channel,
                        "seed": seed,
                        "detected": result is not None,
                        "right": result in to_blame,
                    }
                )
    return rows


def summarize(rows: list[FaultRow]) -> list[FaultSummary]:
    """Returns a row a detector and fault, and one for all: shares detected, and rightly blamed."""
    summary: list[FaultSummary] = []
    for detector in dict.fromkeys(row["detector"] for row in rows):
        for fault in (*FAULTS, "all"):
            mine = [r for r in rows if r["detector"] == detector and fault in (r["fault"], "all")]
            detected = [row for row in mine if row["detected"]]
            summary.append(
                {
                    "detector": detector,
                    "fault": fault,
                    "planted": len(mine),
                    "detected": len(detected),
                    "right": sum(row["right"] for row in detected),
                    "hit_rate": sum(row["right"] for row in detected) / max(1, len(detected)),
                }
            )
    return summary


def _blamed(alarm: Bool, parts: Float64) -> Iterator[int | None]:
    """Yields, by case, the channel with the most over the alarms within the fault, if there are."""
    span = slice(_FIRST, _FIRST + LENGTH)
    for called, added in zip(alarm[:, span], parts[:, span], strict=True):
        yield int(added[called].sum(axis=0).argmax()) if called.any() else None


def _another_stands(values: Float64, cases: Sequence[tuple[str, int]]) -> Float64:
    """Returns the cases (N, T, C), another channel at a new level from a day before the fault."""
    stands = values.copy()
    for rows, (_, channel) in zip(stands, cases, strict=True):
        other = (channel + CHANNELS // 2) % CHANNELS
        rows[_FIRST - _DAY :, other] += _STANDS * rows[:, other].std()
    return stands


def _of_judge(normal: Float64, values: Float64) -> tuple[Bool, Float64]:
    """Returns where events begin (N, T), and parts (N, T, C), every case a stream of a fleet."""
    judge = Judge(fit_judge(normal, PERIOD), BUDGET, len(values), CHANNELS)
    blank: AnyArray = np.zeros(values.shape[:2])
    answer = judge.advance(values, blank, blank.astype(bool))
    return answer.mark & BEGINS != 0, answer.parts


def _of_capsule(normal: Float64, values: Float64) -> tuple[Bool, Float64]:
    """Returns alarms and contributions of smd-micro's network, calibrated to these sensors."""
    names = tuple(f"channel_{number + 1}" for number in range(CHANNELS))
    content = calibrate(
        read_bytes("smd-micro"), "smd-micro", normal, CalibrationOptions(channels=names)
    ).content
    detector = Detector.from_bytes(content, "smd-micro")
    figures = detector.info.normal_scores
    tail = figures.tail if figures else None
    threshold = tail.exceeded_once_in(_WEEK / PERIOD / BUDGET) if tail else np.inf
    results = [detector.score(one) for one in values]
    alarm = np.stack([result.score > threshold for result in results])
    return alarm, np.stack([result.contribution.astype(np.float64) for result in results])
