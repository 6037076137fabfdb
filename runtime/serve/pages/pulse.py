"""When each stream was last heard of, and what is left of its budget."""

import time
from collections.abc import Mapping, Sequence

from stillwatch.runtime.serve.streams.observer import Told

__all__ = ["Pulse"]


class Pulse:
    """An Observer. Knows only streams that were heard of since the service began."""

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self._heard: dict[str, tuple[float, float | None]] = {}

    def committed(self, told: Sequence[Told], seconds: Mapping[str, float]) -> None:
        """Takes note; on the engine's thread."""
        del seconds
        now = time.monotonic()
        for one in told:
            self._heard[one.stream] = (now, one.credit)

    def of(self, streams: Sequence[str]) -> dict[str, dict[str, float | None]]:
        """Returns seconds of silence and events left of the budget, by stream, of those heard."""
        now = time.monotonic()
        heard = {name: self._heard[name] for name in streams if name in self._heard}
        return {
            name: {
                "silent": round(max(0.0, now - at), 1),
                "credit": None if credit is None else round(credit, 2),
            }
            for name, (at, credit) in heard.items()
        }
