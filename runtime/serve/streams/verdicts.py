"""From a result's figures to what a client is told of each row and of each event."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stillwatch.runtime.alarms.events import Event, rulings
from stillwatch.runtime.alarms.judged import LEARNT
from stillwatch.runtime.arrays import LARGEST, Float32
from stillwatch.runtime.result import Result
from stillwatch.runtime.serve.json_text import as_json
from stillwatch.runtime.serve.streams.watched import Watched
from stillwatch.runtime.watch.answers import rounded, rounded_list

__all__ = ["answer_of", "verdicts_of"]


def verdicts_of(stream: Watched, result: Result) -> tuple[list[dict[str, Any]], list[Event]]:
    """Returns a verdict for each row of the result, (T,), and the events that began or ended.

    A row that only fills a history has neither score nor alarm. The rows leave `stream.waiting`.
    """
    if _is_calm(stream, result):
        return _calm_verdicts(stream, result), []
    verdicts: list[dict[str, Any]] = []
    events: list[Event] = []
    columns = (result.score.tolist(), result.alarm.tolist())
    blame = result.blame.reshape(len(result.score), len(stream.served.channels))
    surprises = _surprises(result)
    for i, (score, alarm, ruling) in enumerate(zip(*columns, rulings(result), strict=True)):
        said = stream.waiting.popleft()
        if math.isnan(score) and not alarm:
            verdicts.append(said | {"score": None, "alarm": None})
            continue
        verdict = said | {"score": None if math.isnan(score) else rounded(score), "alarm": alarm}
        if surprises is not None and not math.isnan(surprises[i]):
            verdict["surprise"] = rounded(float(surprises[i]))
        verdicts.append(verdict)
        if math.isnan(score):  # an alarm, as far from normal as can be said
            score = LARGEST
        events += stream.tracker.update(said, score, alarm, blame[i], ruling)
    return verdicts, events


def _is_calm(stream: Watched, result: Result) -> bool:
    """Whether no row of the result begins, ends or changes anything: most rows."""
    learnt = result.judged is not None and bool((result.judged.mark & LEARNT).any())
    return not (stream.tracker.is_open or learnt or result.alarm.any())


def _calm_verdicts(stream: Watched, result: Result) -> list[dict[str, Any]]:
    """As `verdicts_of`, of rows without alarm; several times as fast."""
    said = [stream.waiting.popleft() for _ in range(len(result.score))]
    scores = rounded_list(result.score)
    surprises = _surprises(result)
    if surprises is None:
        rows = zip(said, scores, strict=True)
        return [s | {"score": x, "alarm": None if x is None else False} for s, x in rows]
    return [
        s | {"score": x, "alarm": False, "surprise": y}
        if x is not None and y is not None
        else s | {"score": x, "alarm": None if x is None else False}
        for s, x, y in zip(said, scores, rounded_list(surprises), strict=True)
    ]


def _surprises(result: Result) -> Float32 | None:
    """Returns a judge's surprises as they are kept, so that a sample that comes again is told so.

    None where no judge was asked.
    """
    return None if result.surprise is None else result.surprise.astype(np.float32)


def answer_of(
    stream: Watched,
    taken: Mapping[str, int],
    verdicts: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
) -> bytes:
    """Returns the answer to a request. taken: how many samples were accepted, and so on."""
    document = {
        "stream": stream.name,
        "model": stream.served.name,
        "version": stream.served.version,
        **taken,
        "pending": len(stream.waiting),
        "verdicts": verdicts,
        "events": events,
    }
    return as_json(document)
