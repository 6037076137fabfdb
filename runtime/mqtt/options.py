"""What is asked of a subscriber: which broker and topics, and what it publishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.mqtt.address import Address, Credentials, TlsFiles
from stillwatch.runtime.mqtt.topics import TopicPattern, check_prefix

__all__ = ["VERDICTS", "BrokerOptions", "StreamOptions"]

VERDICTS = ("all", "alarms", "none")
_LONGEST_EXPIRY = 2**32 - 1  # which stands for never


@dataclass(frozen=True, kw_only=True)
class BrokerOptions:
    """A broker, and how we are connected to it.

    client: the name that our session goes by there. lasting: whether that
    session outlives a connection; expiry: for how many seconds. most: packets
    that we ask not to exceed without acknowledgement (Receive Maximum). keepalive: seconds.
    """

    address: Address
    credentials: Credentials | None = None
    tls: TlsFiles | None = None
    client: str = ""
    lasting: bool = True
    expiry: int = 7 * 86_400
    most: int = 2048
    keepalive: int = 60

    def __post_init__(self) -> None:
        if self.tls is not None and not self.address.tls:
            raise InputError(f"expected mqtts:// with files for TLS, got {self.address}")
        if not 0 < self.keepalive < 2**16:
            raise InputError(f"expected --keepalive of 1 to 65535 seconds, got {self.keepalive}")
        if not 0 < self.expiry <= _LONGEST_EXPIRY:
            raise InputError(f"expected a session expiry of 1 to {_LONGEST_EXPIRY} seconds")


@dataclass(frozen=True, kw_only=True)
class StreamOptions:
    """Which topics are streams, and what is published of them.

    prefix: of our topics. verdicts: one of VERDICTS. discovery: Home
    Assistant's prefix, None to tell it nothing. state: the file that streams
    are kept in; output: the one that answers are appended to. save_every:
    seconds between two saves of busy streams. most: streams at one time.
    """

    topics: Sequence[TopicPattern]
    prefix: str = "stillwatch"
    verdicts: str = "all"
    discovery: str | None = None
    state: Path | None = None
    output: Path | None = None
    save_every: float = 1.0
    most: int = 1000

    def __post_init__(self) -> None:
        if not self.topics:
            raise InputError("expected --topic FILTER, such as 'plant/+/+'")
        check_prefix(self.prefix, self.topics)
        if self.verdicts not in VERDICTS:
            raise InputError(f"expected verdicts {', '.join(VERDICTS)}, got {self.verdicts!r}")
        if self.most < 1:
            raise InputError(f"expected at least one stream, got {self.most}")

    @property
    def lasting(self) -> dict[str, Any]:
        """What must not change between two runs over one state, as JSON has it."""
        return {"topics": [pattern.filter for pattern in self.topics]}
