"""A capsule's graph as a function: values in, scores out."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import onnxruntime

from stillwatch.runtime.alarms.policies.rolling import rolling_thresholds
from stillwatch.runtime.alarms.policies.rule import AlarmRule
from stillwatch.runtime.arrays import AnyArray, Bool, Float32, Float64
from stillwatch.runtime.capsule.info import OUTPUTS, TRAINED_ALARM, CapsuleInfo, required_outputs
from stillwatch.runtime.capsule.opening import open_step
from stillwatch.runtime.errors import CapsuleError, first_line
from stillwatch.runtime.scoring.distance import shared_by_error
from stillwatch.runtime.scoring.precision import prepare
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["Answers", "Model", "State"]


@dataclass(frozen=True)
class State:
    """The state that a causal model carries: h and c (1, N, units)."""

    h: Float32
    c: Float32


@dataclass(frozen=True)
class Answers:
    """The graph's outputs: score, alarm (N, T); reconstruction, error, contribution (N, T, C)."""

    score: Float32
    alarm: Bool
    reconstruction: Float32
    error: Float32
    contribution: Float32

    def arrays(self) -> tuple[AnyArray, ...]:
        """The five, in the order of OUTPUTS."""
        return self.score, self.alarm, self.reconstruction, self.error, self.contribution

    def rows(self, start: int | None, stop: int | None = None) -> "Answers":
        """Returns the answers of some rows, as a slice along time."""
        return Answers(*(array[:, start:stop] for array in self.arrays()))

    def series(self, start: int, stop: int) -> "Answers":
        """Returns the answers of some series."""
        return Answers(*(array[start:stop] for array in self.arrays()))

    def decided(self, rule: AlarmRule, past: Float32) -> "Answers":
        """Returns the answers with the alarms of a rule that rolls, which no graph can have.

        past: the scores (N, P) before these, as for `rolling_thresholds`.
        """
        if rule.rolling is None:
            return self
        limits = rolling_thresholds(self.score, past, rule.rolling, rule.value)
        alarm = (self.score > limits) | np.isnan(self.score)
        return replace(self, alarm=alarm)

    @classmethod
    def joined(cls, parts: list["Answers"]) -> "Answers":
        """Returns parts that follow each other in time as one."""
        if len(parts) == 1:
            return parts[0]
        columns = zip(*(part.arrays() for part in parts), strict=True)
        return cls(*(np.concatenate(column, axis=1) for column in columns))

    @classmethod
    def none(cls, series: int, rows: int, channels: int) -> "Answers":
        """Returns rows without an answer: NaN, and no alarm."""
        score = np.full((series, rows), np.nan, np.float32)
        wide = np.full((series, rows, channels), np.nan, np.float32)
        return cls(score, np.zeros((series, rows), bool), wide, wide.copy(), wide.copy())


class Model:
    """A session and what its capsule says of itself. Immutable; threads may share it."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        info: CapsuleInfo,
        digest: str,
        content: bytes = b"",
    ) -> None:
        """digest: the capsule's own, which snapshots are bound to. content: its bytes, if at hand.

        Of these a model with a step of its own in its graph makes `step_session`.
        """
        self.session = session
        self._content = content if info.state == 1 else b""
        self.info = info
        self.digest = digest
        self.outputs = required_outputs(info.schema)
        self._judge_rows = 0  # of the state of the judge in the graph
        if info.graph_judge is not None:
            # What the graph's judge says is for other languages: its state is fed to be forgotten.
            self.outputs = tuple(TRAINED_ALARM if n == "alarm" else n for n in self.outputs)
            self._judge_rows = len(info.graph_judge.state)
        self._required = {port.name for port in session.get_inputs()}

    @cached_property
    def step_session(self) -> onnxruntime.InferenceSession:
        """The session for one row of one stream a call: a faster one, where there is any."""
        return open_step(self._content) if self._content else self.session

    def run(
        self, values: Float64, moments: Moments, rule: AlarmRule, state: State | None = None
    ) -> tuple[Answers, State | None]:
        """Returns the answers for series (N, T, C), and the state after them.

        moments: (1, C), (T, C) or (N, T, C). The state, like a window, begins at
        values[:, 0]; without one it is zero.
        """
        fed = prepare(values, moments)
        feeds = self.feeds(fed.values, fed.fed, rule)
        names = list(self.outputs)
        if self.info.state:
            names += ["h_out", "c_out"]
            if state is None and "h" in self._required:
                zero = np.zeros((1, 1, self.info.state), np.float32)
                state = State(zero, zero)
            if state is not None:
                feeds |= {"h": state.h, "c": state.c}
        try:
            outputs = self.session.run(names, feeds)
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise CapsuleError(f"the capsule's graph cannot run: {first_line(error)}") from error
        self._check_outputs(outputs, *values.shape[:2])
        count = len(self.outputs)
        score, alarm, reconstruction, *others = outputs[:count]
        if count < len(OUTPUTS):
            others.append(shared_by_error(score, others[0]))
        highest = score.max()
        if highest != highest:  # NaN: a score that is no number is no all-clear
            alarm = alarm | np.isnan(score)
        answers = Answers(score, alarm, fed.restored(reconstruction), *others)
        return answers, State(*outputs[count:]) if self.info.state else None

    def _check_outputs(self, outputs: list[AnyArray], series: int, rows: int) -> None:
        """Raises CapsuleError for a graph that does not answer as its metadata say."""
        flat, wide = (series, rows), (series, rows, len(self.info.channels))
        shapes = [flat, flat, wide, wide, wide][: len(self.outputs)]
        if self.info.state:
            shapes += [(1, series, self.info.state)] * 2
        kinds = "fb" + "f" * (len(shapes) - 2)
        for output, shape, kind in zip(outputs, shapes, kinds, strict=True):
            if np.shape(output) != shape or output.dtype.kind != kind:
                raise CapsuleError(
                    f"the capsule's graph does not fit its metadata: expected {shape}, got "
                    f"{np.shape(output)}"
                )

    def feeds(self, values: Float64, moments: Moments, rule: AlarmRule) -> dict[str, AnyArray]:
        """Returns all inputs but the state, as the graph takes them."""
        mean, scale = moments.in_graph
        feeds: dict[str, AnyArray] = {
            "values": values.astype(np.float32),
            "mean": mean,
            "scale": scale,
            "threshold": np.array(rule.value, np.float32),
        }
        if not self.info.state:
            count = self.info.threshold.count if rule.count is None else rule.count
            feeds["count"] = np.array(count, np.float32)
        if self._judge_rows:
            feeds["judge"] = np.zeros((self._judge_rows, len(values)))
        return feeds
