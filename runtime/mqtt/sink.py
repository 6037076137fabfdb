"""Where samples go: what a subscriber hands over, and what it is told back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Answer", "Message", "Sink"]

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream. channel: whose value it has, None where it has rows of all."""

    channel: str | None
    payload: bytes


class Sink(Protocol):
    """Scores the samples of streams, and keeps their states together with the ledger of packets."""

    def take(self, samples: Mapping[str, Sequence[Message]]) -> Mapping[str, Sequence[Answer]]:
        """Returns the answers to each stream's messages.

        A verdict has a "line" or a "row", an error an "error", an event neither.
        """

    def save(self, ledger: Mapping[str, Any]) -> None:
        """Saves all that was taken, and the ledger, in one piece: both or neither."""

    def ledger(self) -> Mapping[str, Any] | None:
        """Returns the ledger as it was last saved, None where there is none."""

    def positions(self) -> Iterable[tuple[str, Answer]]:
        """Yields the streams that were saved since the last call.

        "lines" and "until": how many messages, and the time of the last sample, that
        are in the state; "line", "score" and "alarm" of the last verdict.
        """

    @property
    def hurry(self) -> bool:
        """Whether a save must come before anything more is taken."""
