"""The loop: packets in, scores, answers out, the state saved, and then the acknowledgements.

In this order, since each step may be the last one before a kill: what is
acknowledged is saved, and what is saved has been published. See docs/mqtt.md.
"""

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from stillwatch.runtime.mqtt.backoff import Backoff
from stillwatch.runtime.mqtt.connection import (
    Connection,
    ConnectionLostError,
    RefusedError,
    SessionTakenError,
)
from stillwatch.runtime.mqtt.home_assistant import discovery_message
from stillwatch.runtime.mqtt.ledger import Ledger, Packet
from stillwatch.runtime.mqtt.options import BrokerOptions, StreamOptions
from stillwatch.runtime.mqtt.sink import Answer, Message, Sink
from stillwatch.runtime.watch.stop import StopRequest

__all__ = ["Subscriber", "subscribe"]

_ONLINE, _OFFLINE = b"online", b"offline"
_HELD = 5.0  # seconds after which a connection is one that held
_LONGEST_NAME = 1024  # bytes of a stream's name

Say = Callable[[str], None]


def subscribe(
    sink: Sink,
    broker: BrokerOptions,
    streams: StreamOptions,
    stop: StopRequest,
    *,
    about: tuple[str, str],
    say: Say = lambda _text: None,
) -> None:
    """Scores what a broker has for us until the wish to stop comes.

    about: the model in a few words and stillwatch's version, for Home
    Assistant. say: is told of connections that come and go, in a line.
    Raises InputError where the broker refuses us at first, TransientError
    where the state cannot be written.
    """
    will = (f"{streams.prefix}/status", _OFFLINE)
    Subscriber(sink, Connection(broker, will, stop), broker, streams, about).run(stop, say)


class Subscriber:
    """Takes packets from a connection to a sink, and answers back."""

    def __init__(
        self,
        sink: Sink,
        connection: Connection,
        broker: BrokerOptions,
        streams: StreamOptions,
        about: tuple[str, str],
    ) -> None:
        """Use `subscribe`."""
        self._sink, self._connection, self._broker, self._streams = (
            sink,
            connection,
            broker,
            streams,
        )
        self._about = about
        self._ledger = Ledger()
        self._told: set[str] = set()  # streams that Home Assistant knows
        self._unsaved = 0  # packets
        self._saved_at = time.monotonic()
        self._placed_at = -math.inf

    def run(self, stop: StopRequest, say: Say) -> None:
        """Connects, again and again, and works until it is told to stop."""
        saved = self._sink.ledger()
        if saved is not None:
            self._ledger.restore(saved)
        backoff, complaint = Backoff(), ""
        before = saved is not None and self._broker.lasting  # whether it had a session of us
        entered = False
        while not stop.given:
            began = math.inf
            try:
                present = self._connect()
                began = time.monotonic()
                if before and not present:
                    say("the broker had lost our session: what was published meanwhile is lost")
                elif complaint:
                    say(f"connected again to {self._broker.address}")
                entered, before, complaint = True, self._broker.lasting, ""
                self._work(stop)
            except (ConnectionLostError, RefusedError) as error:
                refused = isinstance(error, RefusedError) and not entered
                if refused or isinstance(error, SessionTakenError):
                    raise
                if time.monotonic() - began > _HELD:
                    backoff.reset()
                if str(error) != complaint:
                    complaint = str(error)
                    say(f"{complaint}; trying again")
            if not stop.given:
                stop.wait(backoff.wait())

    def _connect(self) -> bool:
        """Whether the broker still had our session, once it has let us in."""
        present = self._connection.open([pattern.filter for pattern in self._streams.topics])
        self._ledger.connected(present=present)
        self._say_online()
        return present

    def _say_online(self) -> None:
        self._connection.publish(f"{self._streams.prefix}/status", _ONLINE, retain=True)

    def _work(self, stop: StopRequest) -> None:
        """Takes what comes until it is told to stop; then saves, and says farewell."""
        every = self._streams.save_every
        while not stop.given:
            left = self._saved_at + every - time.monotonic()
            packets = self._connection.receive(max(0.0, left) if self._unsaved else every)
            if packets:
                self._take(packets)
            late = self._unsaved and time.monotonic() - self._saved_at >= every
            if late or self._ledger.due * 2 >= self._broker.most:
                self._settle()
        self._settle()
        self._place()
        self._connection.publish(f"{self._streams.prefix}/status", _OFFLINE, retain=True)
        self._connection.close()

    def _take(self, packets: Sequence[Packet]) -> None:
        """Scores packets, but those that were taken before, and publishes the answers."""
        if self._sink.hurry:
            self._settle()
        if not self._unsaved:
            self._saved_at = time.monotonic()  # an idle time is not one without a save
        self._unsaved += len(packets)
        samples: dict[str, list[Message]] = defaultdict(list)
        for packet in packets:
            if not self._ledger.take(packet):
                continue
            for pattern in self._streams.topics:
                source = pattern.source(packet.topic)
                if source is not None:
                    if 0 < len(source.stream.encode()) <= _LONGEST_NAME:
                        samples[source.stream].append(Message(source.channel, packet.payload))
                    break
        for stream, answers in self._sink.take(samples).items():
            self._publish(stream, answers)

    def _publish(self, stream: str, answers: Sequence[Answer]) -> None:
        asked, below = self._streams.verdicts, f"{self._streams.prefix}/{stream}"
        if self._streams.discovery is not None and stream not in self._told:
            self._told.add(stream)
            model, version = self._about
            message = discovery_message(
                self._streams.discovery, self._streams.prefix, stream, model=model, version=version
            )
            self._connection.publish(*message, retain=True)
        for answer in answers:
            if "error" in answer and "score" not in answer:
                kind = "error"
            elif "line" in answer or "row" in answer:
                if asked == "none" or (asked == "alarms" and not answer["alarm"]):
                    continue
                kind = "verdict"
            else:
                kind = "event"
            self._connection.publish(f"{below}/{kind}", json.dumps(answer).encode())

    def _settle(self) -> None:
        """Saves once the answers are the broker's, and only then lets it forget the packets."""
        self._connection.flush()
        self._ledger.answered()
        if self._unsaved:
            self._sink.save(self._ledger.state())
        self._unsaved, self._saved_at = 0, time.monotonic()
        due = self._ledger.saved()
        if due:
            self._connection.acknowledge(due)
            self._say_online()  # its answer, at the next flush, says that these have arrived
        if self._saved_at - self._placed_at >= self._streams.save_every:
            self._place()

    def _place(self) -> None:
        """Publishes how far each stream is saved, and how it stands."""
        self._placed_at = time.monotonic()
        for stream, last in self._sink.positions():
            topic = f"{self._streams.prefix}/{stream}/state"
            self._connection.publish(topic, json.dumps(last).encode(), retain=True)
