"""Many windows in few calls: how series are cut, batched over threads, and joined again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.alarms.policies.rule import AlarmRule
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.scoring.model import Answers, Model
from stillwatch.runtime.scoring.scaling import Moments

__all__ = [
    "WINDOWS_PER_CALL",
    "Cut",
    "cuts",
    "rows_per_call",
    "score_series",
    "score_stacks",
    "sequences_per_call",
]

# Windows of a causal model a call of the graph: bounds memory, costs nothing on short series.
WINDOWS_PER_CALL = 256
_ROWS_PER_CALL = 2**13  # of a window longer than this: 38 channels of 16 units are then 80 MB
# Sequences a call for models that want whole windows: of 6 to 48 the fastest a window, in fp32
# and int8 alike. Larger batches leave the cache; 1024 at once take more than half a GiB.
_SEQUENCES_PER_CALL = 12

_Job = Callable[[], None]
_Series = Sequence[tuple[Float64, Moments]]


class Cut(NamedTuple):
    """A window of a series: where it starts, and how many of its last rows it answers."""

    start: int
    keep: int


def cuts(length: int, window: int, stride: int) -> list[Cut]:
    """Returns the windows that answer each of `length` rows once, in order.

    The first answers all its rows, each further one its last `stride`; where
    rows are left over, the last window of the series answers for them.
    """
    result = [Cut(0, window)]
    result += [Cut(start, stride) for start in range(stride, length - window + 1, stride)]
    rest = length - window - result[-1].start
    return [*result, Cut(length - window, rest)] if rest else result


def sequences_per_call(info: CapsuleInfo) -> int:
    """Returns how many windows of a windowed model go into one call."""
    folded = len(info.channels) if info.channel_mode == "independent" else 1
    return max(1, _SEQUENCES_PER_CALL // folded)


def score_series(
    model: Model, series: _Series, rule: AlarmRule, *, stride: int, threads: int
) -> list[Answers]:
    """Returns the answers (1, T) of each series (T, C), of whatever lengths.

    The moments of each are (1, C) or (T, C). With more threads than one the
    calls are shared out among them, over one session.
    """
    if not model.info.state and len(series) == 1 and len(series[0][0]) == model.info.window:
        values, moments = series[0]  # one window is one call, whose answers are all there is
        return [model.run(values[None], moments, rule)[0]]
    blanks = [Answers.none(1, len(values), values.shape[1]) for values, _ in series]
    if model.info.state:
        jobs = _causal(model, series, blanks, rule)
    else:
        jobs = _windowed(model, series, blanks, rule, stride)
    _share(jobs, threads)
    return blanks


def score_stacks(
    model: Model, windows: Float64, moments: Moments, rule: AlarmRule, threads: int
) -> Answers:
    """Returns the answers of windows (K, T, C) with moments of the same shape.

    They go in and come out as slices of whole arrays: one by one, as those of
    `score_series`, a fleet of a small network would take up to twice as long.
    """
    out = Answers.none(len(windows), windows.shape[1], windows.shape[2])
    step = sequences_per_call(model.info)

    def job(start: int) -> None:
        stop = start + step
        local = Moments(moments.mean[start:stop], moments.scale[start:stop])
        result, _ = model.run(windows[start:stop], local, rule)
        _copy(result, out.series(start, stop))

    _share([partial(job, start) for start in range(0, len(windows), step)], threads)
    return out


def _share(jobs: Iterable[_Job], threads: int) -> None:
    """Does the jobs, shared out among threads; raises the first error."""
    if threads == 1:
        for job in jobs:
            job()
        return
    from concurrent.futures import ThreadPoolExecutor  # a score of one thread needs none

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


def rows_per_call(window: int, series: int) -> int:
    """Returns how many rows of a causal model go into one call of so many series, at most.

    Whole windows, or of a longer one a part, after which its state is carried on.
    """
    if window > _ROWS_PER_CALL:
        return max(1, _ROWS_PER_CALL // series)
    return window * max(1, WINDOWS_PER_CALL // series)


def _causal(model: Model, series: _Series, out: list[Answers], rule: AlarmRule) -> Iterator[_Job]:
    def job(values: Float64, moments: Moments, into: Answers) -> None:
        state = None
        for start in range(0, len(values), most):
            stop = start + most
            local = _rows(moments, start, stop)
            answers, state = model.run(values[None, start:stop], local, rule, state)
            _copy(answers, into.rows(start, stop))

    most = rows_per_call(model.info.window, 1)
    step = max(most, model.info.window)
    for (values, moments), answers in zip(series, out, strict=True):
        for start in range(0, len(values), step):
            stop = start + step
            local = _rows(moments, start, stop)
            yield partial(job, values[start:stop], local, answers.rows(start, stop))


def _windowed(
    model: Model, series: _Series, out: list[Answers], rule: AlarmRule, stride: int
) -> Iterator[_Job]:
    window = model.info.window

    def job(part: list[tuple[int, Cut]]) -> None:
        spans = [(i, slice(cut.start, cut.start + window)) for i, cut in part]
        values = np.stack([series[i][0][span] for i, span in spans])
        moments = series[spans[0][0]][1]
        if len(moments.mean) > 1 or any(series[i][1] is not moments for i, _ in spans):
            local = [_rows(series[i][1], span.start, span.stop) for i, span in spans]
            moments = Moments(
                np.stack([one.mean for one in local]), np.stack([one.scale for one in local])
            )
        result, _ = model.run(values, moments, rule)
        for j, (i, cut) in enumerate(part):
            stop = cut.start + window
            answered = result.series(j, j + 1)
            _copy(answered.rows(window - cut.keep), out[i].rows(stop - cut.keep, stop))

    places = [(i, cut) for i, (v, _) in enumerate(series) for cut in cuts(len(v), window, stride)]
    step = sequences_per_call(model.info)
    for first in range(0, len(places), step):
        yield partial(job, places[first : first + step])


def _rows(moments: Moments, start: int, stop: int) -> Moments:
    if len(moments.mean) == 1:
        return moments
    return Moments(moments.mean[start:stop], moments.scale[start:stop])


def _copy(result: Answers, into: Answers) -> None:
    for source, target in zip(result.arrays(), into.arrays(), strict=True):
        target[...] = source
