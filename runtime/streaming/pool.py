"""A pool: streams of one detector that each go at their own pace, stepped together.

Where a fleet's streams get a sample each at every step, a pool's get what has come: any of them,
any number of rows, in one call of the graph a row.
"""

import zlib
from collections.abc import Sequence

import numpy as np

from stillwatch.runtime.alarms.judged import Judged
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.alarms.policies.rule import ThresholdPolicy
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.result import Result
from stillwatch.runtime.scoring.inputs import fixed_moments
from stillwatch.runtime.scoring.model import Answers, Model
from stillwatch.runtime.streaming.pool_judge import PooledJudge
from stillwatch.runtime.streaming.pool_tracks import CausalTracks, WindowedTracks

__all__ = ["Pool"]

_FEWEST = 16  # places that are made at once


class Pool:
    """Streams by their places, numbers from 0. Each is answered as `Stream` answers it alone.

    Not for use by two threads at once.
    """

    def __init__(self, model: Model, threshold: ThresholdPolicy = None) -> None:
        """threshold: as for `Detector.stream`, but for one that rolls. Raises InputError."""
        info = model.info
        rule = alarm_rule(threshold, info)
        fixed = fixed_moments(None, None, info)
        if rule.rolling is not None:
            raise InputError("a rolling threshold is not for pools of streams: choose another")
        if fixed is None and (info.scaling.kind == "series" or not info.state):
            raise InputError(
                f"{info.scaling} scaling is not for pools of streams: use a capsule whose scaling "
                "is 'trained', or a causal 'rolling' one such as nab-rds-online"
            )
        self.model = model
        self._track: CausalTracks | WindowedTracks
        if info.state:
            self._track = CausalTracks(model, rule, fixed)
        else:
            assert fixed is not None  # noqa: S101  (looked at above)
            self._track = WindowedTracks(model, rule, fixed)
        self._judge = None if rule.budget is None else PooledJudge(rule.budget, len(info.channels))
        self._answered = np.empty(0, np.int64)  # rows that have their answer
        self._free: list[int] = []

    def add(self) -> int:
        """Returns the place of a new stream."""
        if not self._free:
            before = len(self._answered)
            places = max(_FEWEST, 2 * before)
            self._answered = np.concatenate([self._answered, np.zeros(places - before, np.int64)])
            self._track.grow(places)
            if self._judge is not None:
                self._judge.grow(places)
            self._free = list(range(places - 1, before - 1, -1))
            self._fresh = self._saved_arrays(self._free[0])
        return self._free.pop()

    def remove(self, place: int) -> None:
        """Frees a place; the next stream in it begins afresh."""
        self._load(place, self._fresh)
        self._track.clear(place)
        self._free.append(place)

    def advance(self, places: Sequence[int], rows: Sequence[Float64]) -> list[Result]:
        """Returns the answers that new rows bring, a result a stream, as `Stream.extend`.

        places: each once. rows: (T, C) each, of any lengths, checked by the caller: finite.
        """
        begun = self._answered[list(places)].tolist()
        parts: list[list[tuple[Answers, Judged | None]]] = [[] for _ in places]
        lengths = np.array([len(one) for one in rows])
        offset = 0
        while (active := np.flatnonzero(lengths > offset)).size:
            here = np.array(places)[active]
            step = min(int(lengths[active].min()) - offset, self._track.until_change(here))
            if self._judge is not None:
                step = min(step, self._judge.until_change(here))
            block = np.stack([rows[i][offset : offset + step] for i in active])
            for some, due, answers, silent in self._track.advance(here, block):
                judged = None
                if self._judge is not None:
                    judged = self._judge.advance(
                        here[some], due, answers.score, answers.alarm, silent=silent
                    )
                self._answered[here[some]] += due.shape[1]
                for number, one in enumerate(active[some]):
                    part = answers.series(number, number + 1)
                    of_one = None if judged is None else judged.of_stream(number)
                    parts[one].append((part, of_one))
            offset += step
        channels = len(self.model.info.channels)
        return [_joined(*pair, channels) for pair in zip(parts, begun, strict=True)]

    def credits(self, places: Sequence[int]) -> list[float] | None:
        """Returns what is left of each stream's budget, in events; None without one."""
        if self._judge is None:
            return None
        result: list[float] = self._judge.credit(np.array(places)).tolist()
        return result

    def begin_at(self, place: int, row: int) -> None:
        """Lets the next row of a stream that has an answer be the one of that number."""
        self._answered[place] = row

    def saved(self, places: Sequence[int]) -> list[bytes]:
        """Returns the state of streams, which `restore` takes, a text of bytes each."""
        columns = [a[..., list(places)].reshape(-1, len(places)) for a in self._arrays()]
        matrix = np.concatenate([column.astype("<f8") for column in columns]).T
        result = []
        for place, row in zip(places, np.ascontiguousarray(matrix), strict=True):
            held = self._track.held(place).astype("<f8").tobytes()
            if self._judge is not None:
                held = self._judge.held(place).astype("<f8").tobytes() + held
            body = row.tobytes() + held
            result.append(zlib.crc32(body).to_bytes(4, "little") + body)
        return result

    def restore(self, place: int, saved: bytes) -> None:
        """Goes on from a state of this model and threshold; raises SnapshotError for another."""
        body = saved[4:]
        if zlib.crc32(body).to_bytes(4, "little") != saved[:4] or len(body) % 8:
            raise SnapshotError("a stream's state is damaged")
        figures = np.frombuffer(body, "<f8")
        size = len(self._fresh)
        if len(figures) < size:
            raise SnapshotError("a stream's state is of another model or threshold")
        self._load(place, figures[:size])
        rest = figures[size:]
        try:
            if self._judge is not None:
                rest = self._judge.hold(place, rest)
            self._track.hold(place, rest)
        except ValueError as error:
            raise SnapshotError(f"a stream's state does not fit: {error}") from error

    def _arrays(self) -> list[AnyArray]:
        """The arrays (..., places) of all parts."""
        judge = [] if self._judge is None else self._judge.arrays()
        return [self._answered, *self._track.arrays(), *judge]

    def _saved_arrays(self, place: int) -> Float64:
        return np.concatenate([a[..., place].reshape(-1).astype("<f8") for a in self._arrays()])

    def _load(self, place: int, figures: Float64) -> None:
        start = 0
        for array in self._arrays():
            part = array[..., place]
            stop = start + part.size
            array[..., place] = figures[start:stop].reshape(part.shape)
            start = stop


def _joined(parts: list[tuple[Answers, Judged | None]], start: int, channels: int) -> Result:
    """Returns the parts of one stream as its result."""
    answers = Answers.joined([one for one, _ in parts] or [Answers.none(1, 0, channels)])
    score, alarm, reconstruction, error, contribution = (array[0] for array in answers.arrays())
    said = [judged for _, judged in parts if judged is not None]
    judged = None
    if said:
        judged = said[0] if len(said) == 1 else Judged(*map(np.concatenate, zip(*said)))  # noqa: B905
        alarm = judged.alarm
    return Result(score, alarm, reconstruction, error, contribution, start, judged=judged)
