"""Which packets were taken: the rule by which a redelivered one is known, and not scored twice.

MQTT 5 lets us rely on this: a broker redelivers what we have not acknowledged,
before anything new, with the DUP flag and under its old packet identifier
(3.3.1.1, 4.4, 4.6). So what comes again has DUP, the identifier of a packet
that was taken, and its bytes; and it comes until the broker has had our
acknowledgement. It has had it when it answers what we published after that,
since a connection is one ordered stream. Receive Maximum plays no part: not
every broker keeps to it.

Only what a saved state has in it is acknowledged, and the ledger is saved
with that state: a packet is in both or in neither.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.runtime.errors import SnapshotError

__all__ = ["Ledger", "Packet"]

_DIGEST = 8  # bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """A message as it came. again: whether the broker says that it may have sent it before.

    identifier: 0 of one at QoS 0, which comes once or not at all.
    """

    topic: str
    payload: bytes
    identifier: int
    again: bool

    def digest(self) -> str:
        """Returns what tells two messages of one identifier apart."""
        told = self.topic.encode() + b"\0" + self.payload
        return hashlib.blake2b(told, digest_size=_DIGEST).hexdigest()


class Ledger:
    """The packets that a broker may send again, and those that a save lets us acknowledge."""

    def __init__(self) -> None:
        """Holds none."""
        self._held: dict[int, tuple[str, int]] = {}  # by identifier: bytes' digest, and epoch
        self._due: list[int] = []  # identifiers of this connection, in the order they came
        # An epoch ends with a save, or with a connection.
        self._epoch = 0
        self._first = 0  # epoch of this connection
        self._acknowledged = -1  # the last epoch whose packets were acknowledged in it
        self._fresh = False  # whether it has brought anything that was not sent before

    @property
    def due(self) -> int:
        """How many packets wait to be acknowledged."""
        return len(self._due)

    def connected(self, *, present: bool) -> None:
        """Begins a connection: what the last one brought comes again, if its session is present."""
        self._due.clear()
        if not present:
            self._held.clear()
        self._epoch += 1
        self._first, self._acknowledged, self._fresh = self._epoch, self._epoch - 1, False

    def take(self, packet: Packet) -> bool:
        """Whether a packet is to be scored: False for one that was taken before."""
        if not packet.identifier:
            return True
        digest = packet.digest()
        self._due.append(packet.identifier)
        before, _ = self._held.get(packet.identifier, ("", 0))
        self._held[packet.identifier] = digest, self._epoch
        self._fresh |= not packet.again
        return not (packet.again and before == digest)

    def answered(self) -> None:
        """Lets go of what the broker has forgotten: it answers what we sent since the last save."""
        self._held = {
            identifier: (digest, epoch)
            for identifier, (digest, epoch) in self._held.items()
            if epoch > self._acknowledged or (epoch < self._first and not self._fresh)
        }

    def saved(self) -> list[int]:
        """Returns the identifiers to acknowledge, in order, once all that was taken is saved."""
        due, self._due = self._due, []
        self._acknowledged = self._epoch
        self._epoch += 1
        return due

    def state(self) -> dict[str, Any]:
        """Returns what `restore` takes, as JSON has it."""
        return {"held": [[name, digest] for name, (digest, _) in self._held.items()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; raises SnapshotError for none of ours."""
        try:
            self._held = {int(name): (str(digest), 0) for name, digest in state["held"]}
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"the state's packets do not fit their schema: {error}") from error
