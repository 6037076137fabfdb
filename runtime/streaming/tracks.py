"""How the streams of the two kinds of model go on: by a carried state, or window by window."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stillwatch.runtime.alarms.policies.rule import AlarmRule
from stillwatch.runtime.arrays import LARGEST, SMALLEST, AnyArray, Float64
from stillwatch.runtime.scoring.batch import Cut, rows_per_call, score_stacks
from stillwatch.runtime.scoring.model import Answers, Model, State
from stillwatch.runtime.scoring.scaling import Moments
from stillwatch.runtime.scoring.stepper import Stepper

__all__ = ["Causal", "Windowed"]


class Causal:
    """Streams of a model with a state: each row has its answer at once."""

    warm_up = pending = 0

    def __init__(self, model: Model, streams: int, rule: AlarmRule, fixed: Moments | None) -> None:
        """fixed: the moments, where they are not each row's own."""
        channels = len(model.info.channels)
        by_step = np.ones((streams, 1, channels))
        self._model = model
        self._rule = rule
        self._fixed = fixed is not None
        self._window = model.info.window
        self.position = 0  # in the window: a full one starts afresh
        self.stepper = Stepper(model, streams, rule, fixed or Moments(by_step, by_step))

    def advance(self, rows: Float64, moments: Moments) -> Answers:
        """Returns the answers for rows (N, T, C) with moments (1, C) or (N, T, C)."""
        if rows.shape[1] == 1:
            self.step(rows, None if self._fixed else moments)
            return self.stepper.answers()
        parts = []
        start = 0
        while start < rows.shape[1]:
            # The graph counts its windows from the first value it is given, so the rest of a
            # begun window goes by itself, and whole windows follow together.
            most = rows_per_call(self._window, len(rows))
            length = min(self._window - self.position, most) if self.position else most
            part = rows[:, start : start + length]
            local = moments
            if not self._fixed:
                span = slice(start, start + length)
                local = Moments(moments.mean[:, span], moments.scale[:, span])
            state = self.stepper.state if self.position else None
            answers, state = self._model.run(part, local, self._rule, state)
            parts.append(answers)
            self.position = (self.position + part.shape[1]) % self._window
            self.stepper.carry(state if self.position else None)
            start += length
        return Answers.joined(parts)

    def step(self, values: Float64 | float, moments: Moments | None) -> None:
        """Takes one row, (N, 1, C), with moments (N, 1, C), or None where they are fixed."""
        self.stepper.step(values, moments)
        self._count()

    def step_scaled(self, value: float, mean: float, scale: float) -> bool:
        """As `step` of one stream of one channel, or returns False where it is not fed as it is."""
        if not self.stepper.step_scaled(value, mean, scale):
            return False
        self._count()
        return True

    def step_plainly(self, values: AnyArray | float) -> bool:
        """As `step` with fixed moments, or returns False where values are not fed as they are."""
        if not self.stepper.step_plainly(values):
            return False
        self._count()
        return True

    def _count(self) -> None:
        self.position += 1
        if self.position == self._window:
            self.position = 0
            self.stepper.carry(None)

    def finish(self, channels: int) -> Answers:
        """Returns no answers: none are owed."""
        return Answers.none(len(self.stepper.score), 0, channels)

    def figures(self) -> dict[str, Any]:
        """Returns what a snapshot holds of it beside arrays."""
        return {"position": self.position}

    def arrays(self) -> dict[str, AnyArray]:
        """Returns the arrays that a snapshot holds of it."""
        state = self.stepper.state
        return {"h": state.h, "c": state.c}

    def restore(self, figures: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> None:
        """Goes on from a snapshot; raises ValueError or KeyError for one that does not fit."""
        position = figures["position"]
        state = State(arrays["h"], arrays["c"])
        own = self.stepper.state
        if type(position) is not int or not 0 <= position < self._window:
            raise ValueError(f"position {position!r} in a window of {self._window}")
        if state.h.shape != own.h.shape or state.c.shape != own.c.shape:
            raise ValueError(f"a state of shape {state.h.shape}")
        # h is a product of a sigmoid and a tanh; c grows by at most one a step.
        if not ((np.abs(state.h) <= 1).all() and (np.abs(state.c) <= self._window).all()):
            raise ValueError("a state that no values lead to")
        self.position = position
        self.stepper.carry(state)


class Windowed:
    """Streams of a model that wants whole windows: its rows are answered as windows fill.

    The first window answers all its rows, each further one its last `stride`.
    """

    def __init__(
        self, model: Model, streams: int, rule: AlarmRule, stride: int, threads: int
    ) -> None:
        """threads: how many share out the windows."""
        self._model = model
        self._rule = rule
        self._stride = stride
        self._threads = threads
        self._window = model.info.window
        blank = np.empty((streams, 0, len(model.info.channels)))
        # Of the rows that a later window may hold: values, mean and scale.
        self._rows: tuple[Float64, ...] = (blank, blank, blank)
        self.pending = 0  # the last of these rows have no answer yet
        self._begun = False

    @property
    def warm_up(self) -> int:
        """How many rows are still to come before the first answer."""
        return 0 if self._begun else self._window - self.pending

    def advance(self, rows: Float64, moments: Moments) -> Answers:
        """Returns the answers that rows (N, T, C) with moments (1, C) or (N, T, C) bring."""
        wide = [np.broadcast_to(part, rows.shape) for part in (moments.mean, moments.scale)]
        held = [
            np.concatenate(pair, axis=1) for pair in zip(self._rows, (rows, *wide), strict=True)
        ]
        length = held[0].shape[1]
        pending = self.pending + rows.shape[1]
        full = []
        step = self._stride if self._begun else self._window
        while pending >= step:
            pending -= step
            full.append(Cut(length - pending - self._window, step))
            step = self._stride
        answers = self._answers(held, full)
        self.pending = pending
        self._begun = self._begun or bool(full)
        keep = min(length, self._window - 1 + pending if self._begun else pending)
        self._rows = tuple(part[:, length - keep :].copy() for part in held)
        return answers

    def finish(self, channels: int) -> Answers:
        """Returns the answers of the pending rows, by the window that ends with the last one."""
        length = self._rows[0].shape[1]
        if not self._begun or not self.pending:
            return Answers.none(len(self._rows[0]), 0, channels)
        owed, self.pending = self.pending, 0
        return self._answers(list(self._rows), [Cut(length - self._window, owed)])

    def figures(self) -> dict[str, Any]:
        """Returns what a snapshot holds of it beside arrays."""
        return {"pending": self.pending, "begun": self._begun}

    def arrays(self) -> dict[str, AnyArray]:
        """Returns the arrays that a snapshot holds of it."""
        return dict(zip(("values", "mean", "scale"), self._rows, strict=True))

    def restore(self, figures: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> None:
        """Goes on from a snapshot; raises ValueError or KeyError for one that does not fit."""
        rows = tuple(arrays[name] for name in ("values", "mean", "scale"))
        pending, begun = figures["pending"], figures["begun"]
        own = self._rows[0].shape
        for part in rows:
            if part.shape != rows[0].shape or part.ndim != 3 or part.shape[::2] != own[::2]:
                raise ValueError(f"rows of shape {part.shape}")
            if not (np.abs(part) <= LARGEST).all():  # False for NaN
                raise ValueError("rows that are not finite")
        if (rows[2] < SMALLEST).any():
            raise ValueError("a scale that is not above 0")
        if type(begun) is not bool:
            raise ValueError(f"begun {begun!r}")
        least = self._window - 1 if begun is True else 0
        if type(pending) is not int or not 0 <= pending <= rows[0].shape[1] - least:
            raise ValueError(f"{pending!r} pending rows of {rows[0].shape[1]}")
        self._rows, self.pending, self._begun = rows, pending, begun is True

    def _answers(self, held: list[Float64], cuts: list[Cut]) -> Answers:
        """Returns the answers of windows that follow each other in the rows that are held."""
        streams, _, channels = held[0].shape
        if not cuts:
            return Answers.none(streams, 0, channels)
        values, mean, scale = (
            np.concatenate([part[:, cut.start : cut.start + self._window] for cut in cuts])
            for part in held
        )
        moments = Moments(mean, scale)
        result = score_stacks(self._model, values, moments, self._rule, self._threads)
        return Answers.joined(
            [
                result.series(i * streams, (i + 1) * streams).rows(self._window - cut.keep)
                for i, cut in enumerate(cuts)
            ]
        )
