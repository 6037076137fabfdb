"""One step of a causal model's streams, with everything allocated once.

onnxruntime reads its inputs from these arrays and writes its outputs into
them, so that a step costs little more than the graph itself.
"""

import numpy as np
import onnxruntime

from stillwatch.runtime.alarms.policies.rule import AlarmRule
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import CapsuleError, first_line
from stillwatch.runtime.scoring.distance import shared_by_error
from stillwatch.runtime.scoring.model import Answers, Model, State
from stillwatch.runtime.scoring.precision import inside_range, prepare
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["Stepper"]


class Stepper:
    """Steps N streams of a causal model; `state` is what they carry. Not for two threads at once.

    score, alarm (N, 1) and wide (3, N, 1, C), reconstruction, error and
    contribution, are of the last step, and overwritten by the next.
    """

    def __init__(self, model: Model, streams: int, rule: AlarmRule, moments: Moments) -> None:
        """moments: (1, C) where they are fixed, (N, 1, C) where each step brings its own."""
        channels, units = len(model.info.channels), model.info.state
        shape = (streams, 1, channels)
        self._moments = moments
        self._low, self._high = inside_range(moments)
        self._plain = True  # the graph's mean and scale are the moments
        wide = Moments(*(np.broadcast_to(m, shape) for m in (moments.mean, moments.scale)))
        feeds = model.feeds(np.zeros(shape), wide, rule)
        self.values, self._mean, self._scale = (feeds[name] for name in ("values", "mean", "scale"))
        self._state, self._next = np.zeros((2, 2, 1, streams, units), np.float32)  # h and c each
        self.score = np.zeros((streams, 1), np.float32)
        self.alarm = np.zeros((streams, 1), bool)
        self._unknown = np.zeros((streams, 1), bool)
        self.wide = np.zeros((3, streams, 1, channels), np.float32)
        self._binding = model.session.io_binding()
        self._kept = []  # the binding holds no reference of its own
        for name, array in (feeds | dict(zip("hc", self._state, strict=True))).items():
            value = onnxruntime.OrtValue.ortvalue_from_numpy(array)
            self._kept.append(value)
            self._binding.bind_ortvalue_input(name, value)
        given = len(model.outputs) - 2
        self._shared_by_error = given < len(self.wide)
        targets = (self.score, self.alarm, *self.wide[:given], *self._next)
        for name, array in zip((*model.outputs, "h_out", "c_out"), targets, strict=True):
            self._binding.bind_output(
                name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data
            )
        self._run = model.session.run_with_iobinding
        try:
            self._run(self._binding)  # a graph that cannot is found here, not in the first step
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise CapsuleError(f"the capsule's graph cannot run: {first_line(error)}") from error

    @property
    def state(self) -> State:
        """A copy of what the streams carry."""
        h, c = self._state.copy()
        return State(h, c)

    def carry(self, state: State | None) -> None:
        """Goes on from a state; from zero where there is none."""
        if state is None:
            self._state.fill(0)
        else:
            self._state[0], self._state[1] = state.h, state.c

    def step(self, values: Float64 | float, moments: Moments | None) -> None:
        """Takes one value of each stream, (N, 1, C).

        moments: (N, 1, C), or None where they are fixed.
        """
        if moments is None and self._plain and self._fits(values):
            self.values[...] = values
            self._run(self._binding)
        else:
            self._step_prepared(values, moments or self._moments)
        self._state[...] = self._next
        np.isnan(self.score, out=self._unknown)
        np.logical_or(self.alarm, self._unknown, out=self.alarm)  # no number is no all-clear
        if self._shared_by_error:
            self.wide[2] = shared_by_error(self.score, self.wide[1])

    def _fits(self, values: Float64 | float) -> bool:
        """Whether values are fed as they are, with the fixed moments."""
        if type(values) is float and self._low.size == 1:
            return self._low.item() <= values <= self._high.item()
        return bool(((self._low <= values) & (values <= self._high)).all())

    def _step_prepared(self, values: Float64 | float, moments: Moments) -> None:
        fed = prepare(np.broadcast_to(np.asarray(values, np.float64), self.values.shape), moments)
        self.values[...] = fed.values
        self._mean[...] = fed.mean
        self._scale[...] = fed.scale
        self._run(self._binding)
        if fed.outside is not None:
            self.wide[0] = fed.restored(self.wide[0])
        self._plain = fed.outside is None and moments is self._moments

    def answers(self) -> Answers:
        """Returns the answers of the last step in memory of their own."""
        return Answers(self.score.copy(), self.alarm.copy(), *self.wide.copy())
