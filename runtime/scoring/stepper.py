"""One step of a causal model's streams, with everything allocated once.

onnxruntime reads its inputs from these arrays and writes its outputs into
them, so that a step costs little more than the graph itself.
"""

import numpy as np
import onnxruntime

from stillwatch.runtime.alarms.policies.rule import AlarmRule
from stillwatch.runtime.arrays import LARGEST, AnyArray, Float64
from stillwatch.runtime.errors import CapsuleError, first_line
from stillwatch.runtime.scoring.distance import shared_by_error
from stillwatch.runtime.scoring.model import Answers, Model, State
from stillwatch.runtime.scoring.precision import COARSE, FURTHEST, inside_range, prepare
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
        # Of one channel with fixed moments: two numbers, which are compared in less time.
        self._bounds: tuple[float, float] | None = None
        if self._low.size == 1:
            self._bounds = max(self._low.item(), -LARGEST), min(self._high.item(), LARGEST)
        self._plain = True  # the graph's mean and scale are the moments
        wide = Moments(*(np.broadcast_to(m, shape) for m in (moments.mean, moments.scale)))
        feeds = model.feeds(np.zeros(shape), wide, rule)
        self.values, self._mean, self._scale = (feeds[name] for name in ("values", "mean", "scale"))
        # h and c, twice: each step reads the one pair and writes the other, and nothing is copied.
        self._states = np.zeros((2, 2, 1, streams, units), np.float32)
        self._turn = 0  # which of them is carried
        self.score = np.zeros((streams, 1), np.float32)
        self.alarm = np.zeros((streams, 1), bool)
        self.wide = np.zeros((3, streams, 1, channels), np.float32)
        given = len(model.outputs) - 2
        self._shared_by_error = given < len(self.wide)
        answered = dict(
            zip(model.outputs, (self.score, self.alarm, *self.wide[:given]), strict=True)
        )
        self._session = model.step_session if streams == 1 else model.session
        self._kept: list[onnxruntime.OrtValue] = []  # the bindings hold no reference of their own
        self._bindings = [
            self._bound(
                feeds | {"h": h, "c": c},
                answered | dict(zip(("h_out", "c_out"), after, strict=True)),
            )
            for (h, c), after in (self._states, self._states[::-1])
        ]
        self._run = self._session.run_with_iobinding
        try:
            self._run(self._bindings[0])  # a graph that cannot is found here, not in the first step
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise CapsuleError(f"the capsule's graph cannot run: {first_line(error)}") from error

    def _bound(
        self, feeds: dict[str, AnyArray], answered: dict[str, AnyArray]
    ) -> onnxruntime.IOBinding:
        """Returns a binding of inputs and outputs to arrays, by name."""
        binding = self._session.io_binding()
        for name, array in feeds.items():
            value = onnxruntime.OrtValue.ortvalue_from_numpy(array)
            self._kept.append(value)
            binding.bind_ortvalue_input(name, value)
        for name, array in answered.items():
            binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        return binding

    @property
    def state(self) -> State:
        """A copy of what the streams carry."""
        h, c = self._states[self._turn].copy()
        return State(h, c)

    def carry(self, state: State | None) -> None:
        """Goes on from a state; from zero where there is none."""
        carried = self._states[self._turn]
        if state is None:
            carried.fill(0)
        else:
            carried[0], carried[1] = state.h, state.c

    def step(self, values: Float64 | float, moments: Moments | None) -> None:
        """Takes one value of each stream, (N, 1, C).

        moments: (N, 1, C), or None where they are fixed.
        """
        if moments is not None or not self.step_plainly(values):
            self._step_prepared(values, moments or self._moments)

    def step_plainly(self, values: AnyArray | float) -> bool:
        """Takes one value of each stream if all are fed as they are, else returns False.

        Neither are values that are no number, so that nobody need look for them beforehand.
        """
        if not (self._plain and self._fits(values)):
            return False
        if type(values) is float:
            self.values.fill(values)
        else:
            self.values[...] = values
        self._advance()
        return True

    def step_scaled(self, value: float, mean: float, scale: float) -> bool:
        """Takes one value of one stream of one channel by its own moments.

        Returns False, and takes nothing, where they are not fed as they are.
        """
        if not (abs(mean) <= COARSE * scale and abs(value - mean) <= FURTHEST * scale):
            return False
        self.values.fill(value)
        self._mean.fill(mean)
        self._scale.fill(scale)
        self._plain = False
        self._advance()
        return True

    def _advance(self) -> None:
        """Runs the graph on what is in the arrays, and carries the state on."""
        self._run(self._bindings[self._turn])
        self._turn = 1 - self._turn
        highest = self.score.item() if self.score.size == 1 else self.score.max()
        if highest != highest:  # NaN: no number is no all-clear
            np.logical_or(self.alarm, np.isnan(self.score), out=self.alarm)
        if self._shared_by_error:
            self.wide[2] = shared_by_error(self.score, self.wide[1])

    def _fits(self, values: AnyArray | float) -> bool:
        """Whether values are fed as they are, with the fixed moments."""
        if self._bounds is None:
            return bool(((self._low <= values) & (values <= self._high)).all())
        low, high = self._bounds
        if isinstance(values, float):
            return low <= values <= high
        return bool(low <= values.min() and values.max() <= high)  # False for NaN

    def _step_prepared(self, values: Float64 | float, moments: Moments) -> None:
        fed = prepare(np.broadcast_to(np.asarray(values, np.float64), self.values.shape), moments)
        self.values[...] = fed.values
        self._mean[...] = fed.fed.mean
        self._scale[...] = fed.fed.scale
        self._advance()
        if fed.outside is not None:
            self.wide[0] = fed.restored(self.wide[0])
        self._plain = fed.outside is None and moments is self._moments

    def answers(self) -> Answers:
        """Returns the answers of the last step in memory of their own."""
        return Answers(self.score.copy(), self.alarm.copy(), *self.wide.copy())
