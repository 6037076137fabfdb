"""Which topics are subscribed to, whose samples they bring, and where answers go."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from stillwatch.runtime.errors import InputError

__all__ = ["Source", "TopicPattern", "check_prefix"]

_CHANNEL = "{channel}"
_LONGEST = 65_535  # bytes


@dataclass(frozen=True)
class Source:
    """What a topic stands for: a stream, and where messages are by channel, which one of it."""

    stream: str
    channel: str | None


@dataclass(frozen=True, kw_only=True)
class TopicPattern:
    """A topic filter, one level of which may be {channel}: there a topic has one channel's values.

    Without it each topic is a stream. With it a stream is what is left of the
    topic without that level: plant/pump1/{channel} has the stream plant/pump1.
    """

    levels: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the pattern; raises InputError where it is none that MQTT 5 allows (4.7.1)."""
        levels = tuple(text.split("/"))
        bad = (
            not text
            or len(text.encode(errors="replace")) > _LONGEST
            or "\0" in text
            or "#" in levels[:-1]
            or any(set("+#") & set(level) and len(level) > 1 for level in levels)
            or any(set("{}") & set(level) and level != _CHANNEL for level in levels)
            or levels.count(_CHANNEL) > 1
            or (_CHANNEL in levels and len(levels) < 2)
        )
        if bad:
            raise InputError(
                "expected a topic filter such as plant/+/+, or with a level of channels as in "
                f"plant/+/{{channel}}, got {text!r}"
            )
        return cls(levels=levels)

    @property
    def filter(self) -> str:
        """The filter that the broker is asked for."""
        return "/".join("+" if level == _CHANNEL else level for level in self.levels)

    @property
    def has_channel(self) -> bool:
        """Whether a topic has one channel's values."""
        return _CHANNEL in self.levels

    def source(self, topic: str) -> Source | None:
        """Returns what a topic stands for, None for one that the filter does not match."""
        levels = topic.split("/")
        if levels[0].startswith("$") and self.levels[0] in ("+", "#", _CHANNEL):
            return None
        if self.levels[-1] == "#":
            if len(levels) < len(self.levels) - 1:
                return None
        elif len(levels) != len(self.levels):
            return None
        channel = None
        kept = []
        for place, level in enumerate(levels):
            wanted = self.levels[min(place, len(self.levels) - 1)]
            if wanted == _CHANNEL:
                channel = level
                continue
            if wanted not in ("+", "#", level):
                return None
            kept.append(level)
        return Source("/".join(kept), channel)


def check_prefix(prefix: str, patterns: Iterable[TopicPattern]) -> str:
    """Returns a prefix for answers; raises InputError where our own answers would come back."""
    if not prefix or re.search(r"[+#\0]", prefix) or prefix.startswith(("$", "/")):
        raise InputError(f"expected a prefix of topics such as stillwatch, got {prefix!r}")
    prefix = prefix.rstrip("/")
    for pattern in patterns:
        pairs = zip(pattern.levels, prefix.split("/"), strict=False)
        if all(wanted in ("+", "#", _CHANNEL, level) for wanted, level in pairs):
            raise InputError(
                f"the topics {pattern.filter} would bring back what is published below {prefix}/: "
                "name another prefix with --publish, or a narrower filter"
            )
    return prefix
