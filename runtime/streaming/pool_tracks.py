"""How the streams of a pool go on, of the two kinds of model. Arrays are (..., places)."""

from collections.abc import Iterator

import numpy as np

from stillwatch.runtime.alarms.policies.rule import AlarmRule
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.scoring.batch import score_stacks
from stillwatch.runtime.scoring.model import Answers, Model, State
from stillwatch.runtime.scoring.scaling import Moments, history_moments

__all__ = ["Advanced", "CausalTracks", "WindowedTracks"]

# Which of the streams, their rows that have an answer now (B, T, C), it, and whether it is that
# there is none yet.
Advanced = tuple[AnyArray, Float64, Answers, bool]


class CausalTracks:
    """Streams of a model with a state: each row has its answer at once, once a history is full."""

    def __init__(self, model: Model, rule: AlarmRule, fixed: Moments | None) -> None:
        """fixed: (1, C), where they are not each row's own."""
        info = model.info
        self._model, self._rule, self._fixed = model, rule, fixed
        self._length = 0 if fixed else info.scaling.history
        self._h, self._c = np.empty((2, info.state, 0), np.float32)
        self._position, self._filled = np.empty((2, 0), np.int64)
        self._history: Float64 = np.empty((self._length, len(info.channels), 0))

    def grow(self, places: int) -> None:
        """Makes so many places in all."""
        self._h, self._c, self._position, self._filled, self._history = (
            np.concatenate([a, np.zeros((*a.shape[:-1], places - a.shape[-1]), a.dtype)], axis=-1)
            for a in (self._h, self._c, self._position, self._filled, self._history)
        )

    def arrays(self) -> list[AnyArray]:
        """Returns the arrays that hold the state; to be written to in place."""
        return [self._h, self._c, self._position, self._filled, self._history]

    def clear(self, place: int) -> None:
        """Nothing is held beside the arrays."""

    def held(self, place: int) -> Float64:
        """Returns what is held of a stream beside the arrays: nothing."""
        del place
        return np.empty(0)

    def hold(self, place: int, figures: Float64) -> None:
        """Takes what `held` returned; raises ValueError for anything."""
        if len(figures) or not 0 <= self._position[place] < self._model.info.window:
            raise ValueError("not of a causal model")
        if not 0 <= self._filled[place] <= self._length:
            raise ValueError(f"a history of {self._filled[place]} rows")

    def until_change(self, places: AnyArray) -> int:
        """Returns how many rows these can take before the history of one of them is full."""
        left = self._length - self._filled[places]
        left = left[left > 0]
        return int(left.min()) if len(left) else 2**31

    def advance(self, places: AnyArray, rows: Float64) -> Iterator[Advanced]:
        """Yields the answers to rows (B, T, C), of those whose history fills and of the others."""
        filling = self._filled[places] < self._length
        for some, fills in ((np.flatnonzero(filling), True), (np.flatnonzero(~filling), False)):
            if not len(some):
                continue
            here, given = places[some], rows[some]
            if fills:
                self._fill(here, given)
                yield some, given, Answers.none(*given.shape), True
            else:
                yield some, given, self._answers(here, given), False

    def _fill(self, places: AnyArray, rows: Float64) -> None:
        for row in range(rows.shape[1]):
            self._history[self._filled[places], :, places] = rows[:, row]
            self._filled[places] += 1

    def _answers(self, places: AnyArray, rows: Float64) -> Answers:
        h, c = self._h[:, places].T[None], self._c[:, places].T[None]
        position = self._position[places]
        history = self._history[..., places].transpose(2, 0, 1)  # TCN -> NTC
        result = []
        for row in range(rows.shape[1]):
            values = rows[:, row : row + 1]
            fresh = (position == 0)[None, :, None]  # a full window starts afresh
            state = State(np.where(fresh, np.float32(0), h), np.where(fresh, np.float32(0), c))
            moments = self._fixed or _of_row(history)
            answers, after = self._model.run(values, moments, self._rule, state)
            assert after is not None  # noqa: S101  (the model has a state)
            h, c = after.h, after.c
            position = (position + 1) % self._model.info.window
            if self._length:
                history = np.concatenate([history[:, 1:], values], axis=1)
            result.append(answers)
        self._h[:, places], self._c[:, places] = h[0].T, c[0].T
        self._position[places] = position
        self._history[..., places] = history.transpose(1, 2, 0)  # NTC -> TCN
        return Answers.joined(result)


class WindowedTracks:
    """Streams of a model that wants whole windows: rows are answered as windows fill."""

    def __init__(self, model: Model, rule: AlarmRule, fixed: Moments) -> None:
        """fixed: (1, C)."""
        self._model, self._rule, self._fixed = model, rule, fixed
        self._window, self._stride = model.info.window, model.info.stride
        self._blank: Float64 = np.empty((0, len(model.info.channels)))
        self._held: dict[int, Float64] = {}  # rows that a later window may hold
        self._pending, self._begun = np.empty((2, 0), np.int64)

    def grow(self, places: int) -> None:
        """Makes so many places in all."""
        more = np.zeros(places - len(self._pending), np.int64)
        self._pending = np.concatenate([self._pending, more])
        self._begun = np.concatenate([self._begun, more])

    def arrays(self) -> list[AnyArray]:
        """Returns the arrays that hold the state, but for the rows; to be written to in place."""
        return [self._pending, self._begun]

    def clear(self, place: int) -> None:
        """Lets go of the rows that a stream holds."""
        self._held.pop(place, None)

    def held(self, place: int) -> Float64:
        """Returns the rows that a stream holds, as one row of figures."""
        return self._held.get(place, self._blank).reshape(-1)

    def hold(self, place: int, figures: Float64) -> None:
        """Takes what `held` returned; raises ValueError where it is none."""
        rows = figures.reshape(-1, self._blank.shape[1])
        pending, overlap = int(self._pending[place]), self._window - self._stride
        least = pending + (overlap if self._begun[place] else 0)
        if len(rows) != least or not 0 <= pending < self._window or not np.isfinite(rows).all():
            raise ValueError(f"{len(rows)} rows, {pending} of them without an answer")
        self._held[place] = rows.copy()

    def until_change(self, places: AnyArray) -> int:
        """Returns that any number of rows may come together."""
        del places
        return 2**31

    def advance(self, places: AnyArray, rows: Float64) -> Iterator[Advanced]:
        """Yields the answers that rows (B, T, C) bring: by how many rows have one now."""
        windows: list[Float64] = []
        keeps: list[list[int]] = []
        for place, new in zip(places.tolist(), rows, strict=True):
            cut, keep = self._cut(place, new)
            windows += cut
            keeps.append(keep)
        if not windows:
            return
        values = np.stack(windows)
        wide = Moments(*(np.broadcast_to(m, values.shape) for m in vars(self._fixed).values()))
        answers = score_stacks(self._model, values, wide, self._rule, 1)
        ends = np.cumsum([len(keep) for keep in keeps])
        counts = np.array([sum(keep) for keep in keeps])
        for count in np.unique(counts[counts > 0]):
            some = np.flatnonzero(counts == count)
            spans = [range(ends[i] - len(keeps[i]), ends[i]) for i in some]
            joined = [_kept(answers, span, keeps[i]) for i, span in zip(some, spans, strict=True)]
            stacked = zip(*(one.arrays() for one in joined), strict=True)
            result = Answers(*(np.concatenate(column) for column in stacked))
            due = [
                np.concatenate([values[w][-k:] for w, k in zip(span, keeps[i], strict=True)])
                for i, span in zip(some, spans, strict=True)
            ]
            yield some, np.stack(due), result, False

    def _cut(self, place: int, new: Float64) -> tuple[list[Float64], list[int]]:
        """Returns the windows that new rows fill, and how many last rows each answers."""
        rows = np.concatenate([self._held.get(place, self._blank), new])
        pending = int(self._pending[place]) + len(new)
        windows, keeps = [], []
        step = self._stride if self._begun[place] else self._window
        while pending >= step:
            pending -= step
            end = len(rows) - pending
            windows.append(rows[end - self._window : end])
            keeps.append(step)
            step = self._stride
        if windows:
            self._begun[place] = 1
        keep = pending + (self._window - self._stride if self._begun[place] else 0)
        self._held[place] = rows[len(rows) - keep :].copy()
        self._pending[place] = pending
        return windows, keeps


def _of_row(history: Float64) -> Moments:
    """Returns the moments (N, 1, C) of the row after a history (N, T, C)."""
    moments = history_moments(history)
    return Moments(moments.mean[:, None], moments.scale[:, None])


def _kept(answers: Answers, span: range, keeps: list[int]) -> Answers:
    """Returns the answers of one stream's windows, each its last rows."""
    return Answers.joined(
        [answers.series(w, w + 1).rows(-k) for w, k in zip(span, keeps, strict=True)]
    )
