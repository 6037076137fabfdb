"""Samples that come again, since their answer was lost: nothing changes, the same is told."""

import math
from typing import Any

from stillwatch.runtime.serve.storage.blocks import Blocks
from stillwatch.runtime.serve.streams.job import Outcome
from stillwatch.runtime.serve.streams.samples import Samples
from stillwatch.runtime.serve.streams.verdicts import answer_of
from stillwatch.runtime.serve.streams.watched import Watched
from stillwatch.runtime.watch.answers import rounded

__all__ = ["recalled", "repeated"]


def repeated(stream: Watched, samples: Samples, blocks: Blocks) -> Outcome:
    """Returns the answer to a request of which no sample is new.

    The very answer of before, where it is the last request that comes again;
    else what is kept of each sample. One that is not among the kept rows came
    after later ones, or very long ago: it is late, and counts for nothing.
    """
    count = len(samples.at)
    assert samples.keys is not None  # noqa: S101  (without keys all samples are new)
    if stream.asked == (samples.keys[0], samples.keys[-1]):
        return Outcome(stream.answer, 0, count, 0)
    verdicts = recalled(stream, samples, count, blocks)
    taken = {"accepted": 0, "repeated": len(verdicts), "late": count - len(verdicts)}
    body = answer_of(stream, taken, verdicts, [])
    return Outcome(body, 0, len(verdicts), count - len(verdicts))


def recalled(stream: Watched, samples: Samples, count: int, blocks: Blocks) -> list[dict[str, Any]]:
    """Returns what was said of those of the first samples that are among the kept rows."""
    if not count or samples.keys is None:
        return []
    keys = samples.keys[:count]
    kept = blocks.of_keys(stream.name, keys[0], keys[-1], len(stream.served.channels))
    places = {key: place for place, key in enumerate(kept.key.tolist())}
    verdicts = []
    for key, said in zip(keys, samples.at, strict=False):
        place = places.get(key)
        if place is None:
            continue
        verdict: dict[str, Any] = {"row": int(kept.row[place]), **said}
        alarm, score = int(kept.alarm[place]), float(kept.score[place])
        verdict["score"] = None if math.isnan(score) else rounded(score)
        verdict["alarm"] = None if alarm < 0 else bool(alarm)
        surprise = float(kept.surprise[place])
        if not math.isnan(surprise):
            verdict["surprise"] = rounded(surprise)
        verdicts.append(verdict)
    return verdicts
