"""One connection to a broker at a time, by paho-mqtt, in the thread that uses it."""

import itertools
import select
import ssl
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from stillwatch.runtime.errors import InputError, TransientError
from stillwatch.runtime.mqtt.address import TlsFiles
from stillwatch.runtime.mqtt.ledger import Packet
from stillwatch.runtime.mqtt.options import BrokerOptions
from stillwatch.runtime.watch.stop import StopRequest

__all__ = ["Connection", "ConnectionLostError", "RefusedError", "SessionTakenError"]

_PATIENCE = 10.0  # seconds for an answer to CONNECT and SUBSCRIBE, and for a farewell
_BURST = 512  # packets that are read, or worked on, at once
# Reasons that trying again does not mend: a name, a password, a right, a version (MQTT 5, 2.4).
_LASTING = (0x81, 0x82, 0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x90, 0x9C)
_TAKEN_OVER = 0x8E
_NO_RETAINED = SubscribeOptions.RETAIN_DO_NOT_SEND
_LASTING_TLS = ("WRONG_VERSION_NUMBER", "CERTIFICATE_VERIFY_FAILED", "UNKNOWN_CA")


class ConnectionLostError(TransientError):
    """The connection has gone; the broker may be tried again."""


class RefusedError(InputError):
    """The broker does not let us in, or not to these topics."""


class SessionTakenError(RefusedError):
    """Another client goes by our name; taking the session back would only go on for ever."""


class Connection:
    """A client that acknowledges when it is told to."""

    def __init__(self, options: BrokerOptions, will: tuple[str, bytes], stop: StopRequest) -> None:
        """will: the topic and payload that the broker publishes should we be gone, retained."""
        self._options = options
        self._stop = stop
        self._inbox: deque[Packet] = deque()
        self._unconfirmed: set[int] = set()
        self._present: bool | None = None  # whether the broker had our session; None until it says
        self._refused: Sequence[ReasonCode] | None = None  # its answers to SUBSCRIBE
        self._gone: ReasonCode | None = None
        self._client = self._make(will)

    def open(self, filters: Sequence[str]) -> bool:
        """Whether the broker still had our session, once it lets us in and sends these topics.

        Raises ConnectionLostError where it cannot be reached, RefusedError where asking
        again will not help.
        """
        options = self._options
        self._present = self._refused = self._gone = None
        self._inbox.clear()  # comes again
        wants = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wants.ReceiveMaximum = options.most
        if options.lasting:
            wants.SessionExpiryInterval = options.expiry
        try:
            self._client.connect(
                options.address.host,
                options.address.port,
                options.keepalive,
                clean_start=not options.lasting,
                properties=wants,
            )
        except ssl.SSLError as error:
            said = f"no TLS with {options.address}: {error}"
            if any(name in str(error) for name in _LASTING_TLS):
                raise RefusedError(f"{said}; see --tls-ca, and which port speaks TLS") from error
            raise ConnectionLostError(said) from error
        except (OSError, ValueError) as error:
            raise ConnectionLostError(f"cannot reach {options.address}: {error}") from error
        self._until(lambda: self._present is not None, "CONNECT")
        if not self._present:  # else the session has them, and it may have much to send first
            self._subscribe(filters)
        return bool(self._present)

    def receive(self, seconds: float) -> list[Packet]:
        """Returns some packets that are there, none after so many seconds or the wish to stop."""
        if not self._inbox:
            self._pump(seconds)
        packets = list(itertools.islice(self._inbox, _BURST))
        for _ in packets:
            self._inbox.popleft()
        return packets

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Sends a message at QoS 1, now or with the next connection."""
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        self._unconfirmed.add(info.mid)

    def flush(self) -> None:
        """Returns once the broker has all that was published; raises ConnectionLostError."""
        while self._unconfirmed:
            self._pump(1.0)

    def acknowledge(self, identifiers: Sequence[int]) -> None:
        """Lets the broker forget packets of this connection, in the order they came."""
        for identifier in identifiers:
            self._client.ack(identifier, 1)

    def close(self) -> None:
        """Says farewell, which keeps the session; within some seconds."""
        until = time.monotonic() + _PATIENCE
        try:
            while self._unconfirmed and time.monotonic() < until:
                self._pump(0.1)
        except TransientError:
            return
        self._client.disconnect()

    def drop(self) -> None:
        """Lets go of what is left of a connection that has gone."""
        socket = self._client.socket()
        if socket is not None:
            socket.close()

    def _make(self, will: tuple[str, bytes]) -> paho.Client:
        options = self._options
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=options.client,
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_queued_messages_set(0)  # as many as one batch of packets brings about
        client.connect_timeout = _PATIENCE
        client.will_set(*will, qos=1, retain=True)
        if options.credentials is not None:
            client.username_pw_set(options.credentials.user, options.credentials.password)
        if options.address.tls:
            client.tls_set_context((options.tls or TlsFiles()).context())
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _subscribe(self, filters: Sequence[str]) -> None:
        # No retained ones: a value of some time ago is not a sample. None of our own.
        how = SubscribeOptions(qos=1, noLocal=True, retainHandling=_NO_RETAINED)
        self._client.subscribe([(name, how) for name in filters])
        self._until(lambda: self._refused is not None, "SUBSCRIBE")
        for name, reason in zip(filters, self._refused or (), strict=True):
            if reason.is_failure:
                raise RefusedError(f"the broker refuses the topics {name}: {reason}")
            if reason.value != 1:
                raise RefusedError(f"the broker gives {name} at QoS {reason.value}, expected 1")

    def _until(self, done: Any, asked: str) -> None:
        until = time.monotonic() + _PATIENCE
        while not done():
            if self._stop.given or time.monotonic() > until:
                raise ConnectionLostError(f"{self._options.address} does not answer {asked}")
            self._pump(0.2)

    def _pump(self, seconds: float) -> None:
        """Moves what there is to read and to write, and waits; raises ConnectionLostError."""
        client = self._client
        socket = client.socket()
        if socket is None:
            raise self._lost()
        pending = isinstance(socket, ssl.SSLSocket) and socket.pending() > 0
        poll = select.poll()
        poll.register(socket, select.POLLIN | (select.POLLOUT if client.want_write() else 0))
        if not self._stop.given:
            poll.register(self._stop.descriptor, select.POLLIN)
        ready = dict(poll.poll(0 if pending else min(seconds, 1.0) * 1000))
        state = ready.get(socket.fileno(), 0)
        if state & select.POLLOUT:
            client.loop_write()
        if pending or state & ~select.POLLOUT:
            self._read_burst()
        client.loop_misc()
        if client.socket() is None:
            raise self._lost()

    def _read_burst(self) -> None:
        client = self._client
        for _ in range(_BURST):
            client.loop_read()
            socket = client.socket()
            if socket is None:
                return
            if isinstance(socket, ssl.SSLSocket) and socket.pending():
                continue
            poll = select.poll()
            poll.register(socket, select.POLLIN)
            if not poll.poll(0):
                return

    def _lost(self) -> ConnectionLostError | RefusedError:
        address, reason = self._options.address, self._gone
        if reason is not None and reason.value == _TAKEN_OVER:
            return SessionTakenError(
                f"another client has taken over our session at {address}: two watches have one "
                "--client-id, or copies of one --state"
            )
        if reason is not None and reason.value in _LASTING:
            return RefusedError(f"{address} refuses us: {reason}; see --credentials")
        return ConnectionLostError(
            f"the connection to {address} is lost: {reason or 'no reason given'}"
        )

    def _on_connect(
        self, _client: object, _data: object, flags: Any, reason: ReasonCode, _more: object
    ) -> None:
        if reason.is_failure:
            self._gone = reason
        else:
            self._present = flags.session_present

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _more: object
    ) -> None:
        if self._gone is None:
            self._gone = reason

    def _on_subscribe(
        self, _client: object, _data: object, _mid: int, reasons: Any, _more: object
    ) -> None:
        self._refused = reasons

    def _on_publish(
        self, _client: object, _data: object, mid: int, _reason: object, _more: object
    ) -> None:
        self._unconfirmed.discard(mid)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        identifier = message.mid if message.qos else 0
        self._inbox.append(Packet(message.topic, bytes(message.payload), identifier, message.dup))
