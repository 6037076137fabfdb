"""The detector: check the values, scale, run the capsule, return the result."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from stillwatch.runtime.alarms.judged import Judged
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.alarms.policies.rule import AlarmRule, ThresholdPolicy
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.capsule.describe import as_html, in_a_line
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.dataframes import Given, matched
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.result import Origin, Result
from stillwatch.runtime.scoring.batch import score_series
from stillwatch.runtime.scoring.inputs import (
    as_array,
    as_batch,
    check_stride,
    check_threads,
    fixed_moments,
)
from stillwatch.runtime.scoring.model import Answers, Model
from stillwatch.runtime.scoring.scaling import Moments, rolling_moments, series_moments
from stillwatch.runtime.streaming.fleet import Fleet
from stillwatch.runtime.streaming.stream import Stream

__all__ = ["Detector"]


class Detector:
    """A capsule, loaded. Immutable, and safe to share among threads and streams."""

    def __init__(self, model: Model) -> None:
        """Use `Detector.load` or `Detector.from_bytes`."""
        self._model = model

    @classmethod
    def load(cls, model: str | Path, *, threads: int = 1, sha256: str | None = None) -> "Detector":
        """Returns the detector in a capsule: a path, or the name of a shipped one.

        threads: how many onnxruntime may use within a call. sha256: the digest
        that the whole file must have, in hex. Raises InputError where there is
        no such file, CapsuleError where it is not a sound capsule, or another.
        """
        content = opening.read_bytes(model, sha256=sha256)
        return cls.from_bytes(content, str(model), threads=threads)

    @classmethod
    def from_bytes(cls, content: bytes, name: str, *, threads: int = 1) -> "Detector":
        """Returns the detector in a capsule's bytes; `name` is for messages."""
        session, info = opening.open_session(content, name, threads=threads)
        return cls(Model(session, info, digest.of(content), content))

    def __repr__(self) -> str:
        """Returns what the capsule is, in a line."""
        return f"<Detector {in_a_line(self.info)}>"

    def _repr_html_(self) -> str:
        return as_html(self.info)

    @property
    def info(self) -> CapsuleInfo:
        """What the capsule says of itself."""
        return self._model.info

    @property
    def model(self) -> Model:
        """The graph as a function, for those who batch themselves."""
        return self._model

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """The onnxruntime session."""
        return self._model.session

    def score(
        self,
        values: npt.ArrayLike,
        *,
        mean: npt.ArrayLike | None = None,
        scale: npt.ArrayLike | None = None,
        threshold: ThresholdPolicy = None,
        stride: int | None = None,
        threads: int = 1,
    ) -> Result:
        """Returns the scores of a series, or of a batch of series of one length.

        values: (T,), (T, C) or (N, T, C), the sensor's units, all finite; or a
        data frame of pandas or polars, whose columns are matched by name, or a
        series of one. mean, scale: one figure a channel, in place of the scaling policy's.
        threshold: a policy, by its name or as a number (see policies.py), in
        place of the trained one. stride: how many rows each further window of
        a windowed model answers, by default all. threads: how many share the
        calls out among them. Raises InputError.
        """
        given = matched(values, self.info.channel_names)
        raw = as_array(given.values)
        batch = as_batch(raw, self.info)
        rule = alarm_rule(threshold, self.info)
        results = self._score(batch, mean, scale, rule, stride, threads)
        if raw.ndim < 3:
            return _shaped(results[0], raw.ndim, self._origin(given, raw, rule))
        columns = zip(
            *((r.score, r.alarm, r.reconstruction, r.error, r.contribution) for r in results),
            strict=True,
        )
        stacked = Result(*(np.stack(column) for column in columns))
        judged = [r.judged for r in results if r.judged is not None]
        if not judged:
            return stacked
        return replace(stacked, judged=Judged(*map(np.stack, zip(*judged, strict=True))))

    def score_many(
        self,
        series: Sequence[npt.ArrayLike],
        *,
        mean: npt.ArrayLike | None = None,
        scale: npt.ArrayLike | None = None,
        threshold: ThresholdPolicy = None,
        stride: int | None = None,
        threads: int = 1,
    ) -> list[Result]:
        """Returns the scores of each of several series, (T,) or (T, C), of whatever lengths.

        Windows of different series share calls of the graph. The rest is as
        for `score`; reconstruction, error and contribution
        are (T, C).
        """
        given = [matched(one, self.info.channel_names) for one in series]
        checked = (self._series(one.values) for one in given)
        rule = alarm_rule(threshold, self.info)
        results = self._score(checked, mean, scale, rule, stride, threads)
        return [
            replace(result, origin=self._origin(one, as_array(one.values), rule))
            for result, one in zip(results, given, strict=True)
        ]

    def score_chunks(
        self,
        chunks: Iterable[npt.ArrayLike],
        *,
        mean: npt.ArrayLike | None = None,
        scale: npt.ArrayLike | None = None,
        threshold: ThresholdPolicy = None,
        stride: int | None = None,
    ) -> Iterator[Result]:
        """Yields the scores of a series that comes in chunks, in the memory of one of them.

        As `score` has them for the whole, however it was cut. A windowed
        model answers a row when its window is full, the last ones at the end.
        """
        stream = self.stream(mean=mean, scale=scale, threshold=threshold, stride=stride)
        for chunk in chunks:
            yield stream.extend(chunk)
        if stream.pending and stream.warm_up:
            raise InputError(
                f"expected at least {self.info.window} rows, the model's window, got "
                f"{stream.pending}"
            )
        if stream.pending:
            yield stream.finish()

    def stream(
        self,
        saved: bytes | None = None,
        *,
        mean: npt.ArrayLike | None = None,
        scale: npt.ArrayLike | None = None,
        threshold: ThresholdPolicy = None,
        stride: int | None = None,
    ) -> Stream:
        """Returns a new stream: the same scores, one value or one chunk at a time.

        saved: a stream's `snapshot`, to go on from; it brings its own options.
        The rest is as for `score`. Raises InputError for a capsule whose policy
        is `series`, unless mean and scale are given, and SnapshotError.
        """
        return Stream(
            self.fleet(1, saved, mean=mean, scale=scale, threshold=threshold, stride=stride)
        )

    def fleet(
        self,
        streams: int,
        saved: bytes | None = None,
        *,
        mean: npt.ArrayLike | None = None,
        scale: npt.ArrayLike | None = None,
        threshold: ThresholdPolicy = None,
        stride: int | None = None,
        threads: int = 1,
    ) -> Fleet:
        """Returns so many streams that step together, in one call of the graph.

        As `stream`; threads: how many share out the windows of a windowed model.
        """
        check_threads(threads)
        if saved is not None:
            if any(option is not None for option in (mean, scale, threshold, stride)):
                raise InputError("expected a snapshot or options, got both: it brings its own")
            return Fleet.restored(self._model, saved, streams, threads=threads)
        fixed = fixed_moments(mean, scale, self.info)
        if fixed is None and self.info.scaling.kind == "series":
            raise InputError(
                "a capsule with 'series' scaling wants the whole series before its first score: "
                "give mean and scale, or use a 'rolling' capsule such as nab-rds-online"
            )
        if streams < 1:
            raise InputError(f"expected at least one stream, got {streams}")
        rule = alarm_rule(threshold, self.info)
        return Fleet(
            self._model,
            streams,
            fixed=fixed,
            rule=rule,
            stride=check_stride(stride, self.info),
            threads=threads,
        )

    def _score(
        self,
        series: Iterable[Float64],
        mean: npt.ArrayLike | None,
        scale: npt.ArrayLike | None,
        rule: AlarmRule,
        stride: int | None,
        threads: int,
    ) -> list[Result]:
        """As `score_many`, of series (T, C) that are checked already, or as they are taken."""
        fixed = fixed_moments(mean, scale, self.info)
        step = check_stride(stride, self.info)
        check_threads(threads)
        warm_up = 0 if fixed else self.info.scaling.history
        raw = list(series)
        parts = [self._scaled(one, fixed, warm_up) for one in raw]
        answers = score_series(self._model, parts, rule, stride=step, threads=threads)
        nothing = np.empty((1, 0), np.float32)  # is before the first score
        results = [_result(one.decided(rule, nothing), warm_up) for one in answers]
        if rule.budget is None:
            return results
        from stillwatch.runtime.alarms.judge.whole_series import judge_series  # few ask for one

        scores, alarms = [r.score for r in results], [r.alarm for r in results]
        judged = judge_series(rule.budget, raw, scores, alarms, warm_up)
        return [
            replace(result, alarm=one.alarm, judged=one)
            for result, one in zip(results, judged, strict=True)
        ]

    def _origin(self, given: Given, values: AnyArray, rule: AlarmRule) -> Origin:
        info = self.info
        # One number for all rows.
        single = rule.rolling is None and rule.budget is None and info.calibrated
        return Origin(
            channels=info.channel_names,
            values=values,
            model=f"{info.family}, {info.parameters:,} parameters",
            limit=rule.value if single else None,
            rule=f"above {rule.value:.6g}" if single else rule.policy,
            index=given.index,
            library=given.library,
        )

    def _series(self, values: npt.ArrayLike) -> Float64:
        raw = as_array(values)
        if raw.ndim == 3:
            raise InputError(f"expected a series (T,) or (T, C), got shape {raw.shape}")
        checked: Float64 = as_batch(raw, self.info)[0]
        return checked

    def _scaled(
        self, values: Float64, fixed: Moments | None, warm_up: int
    ) -> tuple[Float64, Moments]:
        """Returns the rows that have an answer, and their moments."""
        shortest = 1 if self.info.state else self.info.window
        if len(values) < shortest:
            raise InputError(
                f"expected at least {shortest} rows, the model's window, got {len(values)}"
            )
        if len(values) < warm_up + shortest:
            raise InputError(
                f"expected more than {warm_up + shortest - 1} rows, the history that "
                f"{self.info.scaling} scaling wants before its first score, got {len(values)}"
            )
        if fixed:
            return values, fixed
        if self.info.scaling.kind == "series":
            return values, series_moments(values)
        return values[warm_up:], rolling_moments(values, warm_up)


def _result(answers: Answers, warm_up: int) -> Result:
    if warm_up:
        blank = Answers.none(1, warm_up, answers.error.shape[2])
        answers = Answers.joined([blank, answers])
    return Result(*(array[0] for array in answers.arrays()))


def _shaped(result: Result, axes: int, origin: Origin) -> Result:
    """Returns the result with its origin, and what is by channel (T,) where the values were."""
    if axes > 1:
        return replace(result, origin=origin)
    return replace(
        result,
        origin=origin,
        reconstruction=result.reconstruction[:, 0],
        error=result.error[:, 0],
        contribution=result.contribution[:, 0],
    )
