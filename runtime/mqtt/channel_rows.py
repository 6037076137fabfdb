"""Rows of messages that bring one channel each, put together by their times."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.watch.clock import read_seconds

__all__ = ["ChannelRows"]

_MOST_OPEN = 64  # rows that wait for a channel; past them the oldest waits no more
_SHOWN = 80  # characters of a bad payload that its error repeats


class ChannelRows:
    """One stream's rows, each of which is whole once every channel has a value of its time.

    A whole row ends the wait of those before it: they are lines without the
    values that did not come, which --fill forward fills, and are errors else.
    """

    def __init__(self, channels: Sequence[str], time: str | None) -> None:
        """channels: in their order. time: the member that says when; one channel needs none."""
        self._channels = channels
        self._time = time
        self._open: dict[float, dict[str, Any]] = {}  # by seconds
        self._last: float | None = None  # of the rows that have become lines

    def take(self, channel: str, payload: bytes) -> list[bytes]:
        """Returns the lines of JSON that a message makes whole; raises InputError."""
        if channel not in self._channels:
            raise InputError(
                f"expected a channel {', '.join(self._channels)}, got the topic level {channel!r}"
            )
        value, moment = self._read(payload)
        if moment is None:
            return [json.dumps({channel: value}).encode()]
        seconds = read_seconds(moment)
        if self._last is not None and seconds <= self._last:
            raise InputError("repeated or late: a row of this or a later time is whole already")
        row = self._open.setdefault(seconds, {self._time: moment})  # type: ignore[dict-item]
        if channel in row:
            raise InputError(f"repeated: {channel!r} has a value of this time already")
        row[channel] = value
        if len(row) > len(self._channels):
            return self._close(seconds)
        return self._close(min(self._open)) if len(self._open) > _MOST_OPEN else []

    def state(self) -> dict[str, Any]:
        """Returns what `restore` takes, as JSON has it."""
        return {"open": list(self._open.items()), "last": self._last}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; raises KeyError, TypeError or ValueError for none of ours."""
        self._open = {float(seconds): dict(row) for seconds, row in state["open"]}
        self._last = None if state["last"] is None else float(state["last"])

    def _read(self, payload: bytes) -> tuple[Any, Any]:
        try:
            document = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise InputError(f"expected JSON, got {payload[:_SHOWN]!r}") from error
        if not isinstance(document, dict):
            document = {"value": document}
        if "value" not in document:
            raise InputError(f"expected a member 'value', got {payload[:_SHOWN]!r}")
        if self._time is not None and self._time not in document:
            raise InputError(f"expected a time {self._time!r}, got {payload[:_SHOWN]!r}")
        return document["value"], None if self._time is None else document[self._time]

    def _close(self, until: float) -> list[bytes]:
        """Returns the rows up to a time as lines, a missing value as null."""
        lines = []
        for seconds in sorted(seconds for seconds in self._open if seconds <= until):
            row = self._open.pop(seconds)
            whole = {name: row.get(name) for name in self._channels}
            lines.append(json.dumps({**row, **whole}).encode())
        self._last = until
        return lines
