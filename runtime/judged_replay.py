"""Replays the golden rows of the judge in a capsule's graph on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule.graph_judge import EVERY, GraphJudge, golden_rows
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import CapsuleError, first_line
from stillwatch.runtime.scoring.model import Model
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["JudgedReplay", "replay_judged"]

# The golden figures have nine digits, and a logarithm's last bit is each library's own.
_TOLERANCE = 1e-7
_OUTPUTS = ("alarm", "mark", "surprise", "judge_out")


@dataclass(frozen=True)
class JudgedReplay:
    """What golden rows came to, whole and in chunks that carry the state.

    largest: difference in surprise and state, relative to figures above one.
    flips: alarms and marks that came out another way. alarms: that there are.
    """

    rows: int
    alarms: int
    largest: float
    flips: int
    tolerance: float = _TOLERANCE

    @property
    def passed(self) -> bool:
        """Whether this machine judges as the capsule says it must."""
        return self.largest <= self.tolerance and not self.flips


def replay_judged(detector: Detector) -> JudgedReplay | None:
    """Returns how far this machine is from the golden rows; None where no judge is in the graph."""
    judged, spec = detector.info.graph_judge, detector.info.judge
    if judged is None or spec is None:
        return None
    values = golden_rows(np.array(spec.centre), np.array(spec.scale), judged.rows)
    alarm, mark = np.zeros(judged.rows, bool), np.zeros(judged.rows, np.uint8)
    for start, stop in judged.alarms:
        alarm[start:stop] = True
    for row, bits in judged.marks:
        mark[row : row + 1] = bits
    largest, flips = 0.0, 0
    for rows in (judged.rows, detector.info.window):
        result = [*_judged(detector.model, values, rows, judged)]
        flips += int((np.concatenate([part[0] for part in result]) != alarm).sum())
        flips += int((np.concatenate([part[1] for part in result]) != mark).sum())
        surprise = np.concatenate([part[2] for part in result])[::EVERY]
        for numbers, wanted in ((surprise, judged.surprise), (result[-1][3][:, 0], judged.state)):
            largest = max(largest, _off(numbers, np.array(wanted, np.float64)))
    return JudgedReplay(judged.rows, int(alarm.sum()), largest, flips)


def _judged(
    model: Model, values: Float64, rows: int, judged: GraphJudge
) -> Iterator[list[AnyArray]]:
    """Yields alarm, mark and surprise (T,) and the state (S, 1) of each so many rows."""
    info = model.info
    rule = alarm_rule("trained", info)
    moments = Moments(np.array([info.mean]), np.array([info.scale]))
    state = np.zeros((len(judged.state), 1))
    for start in range(0, len(values), rows):
        feeds = model.feeds(values[None, start : start + rows], moments, rule)
        # Each chunk is a series of its own to the network, and goes on to the judge.
        feeds |= {
            name: np.zeros((1, 1, info.state), np.float32) for name in "hc" * bool(info.state)
        }
        try:
            *answers, state = model.session.run(_OUTPUTS, feeds | {"judge": state})
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise CapsuleError(f"the capsule's graph cannot run: {first_line(error)}") from error
        yield [*(answer[0] for answer in answers), state]


def _off(result: AnyArray, wanted: Float64) -> float:
    """Returns the largest difference relative to figures above one; infinite where one is none."""
    if result.shape != wanted.shape or (np.isnan(result) != np.isnan(wanted)).any():
        return np.inf
    return float(np.nanmax(np.abs(result - wanted) / np.maximum(1.0, np.abs(wanted)), initial=0.0))
