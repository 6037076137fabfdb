"""The options of `serve` that say which broker."""

import argparse
import secrets
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_text
from stillwatch.runtime.serve.service import Service

if TYPE_CHECKING:
    from stillwatch.runtime.serve.broker.worker import Worker

__all__ = ["add_broker_options", "worker_of"]


def add_broker_options(parser: argparse.ArgumentParser) -> None:
    """Adds them, as a group of their own."""
    group = parser.add_argument_group("a broker", "streams over MQTT 5, beside those over HTTP")
    group.add_argument("--mqtt", metavar="URL", help="mqtt://HOST[:PORT], or mqtts:// for TLS")
    group.add_argument(
        "--topic", dest="topics", action="append", default=[], metavar="FILTER",
        help="such as 'plant/+/+', a stream each",
    )  # fmt: skip
    group.add_argument(
        "--topic-time", default="time", metavar="NAME",
        help="member that says when a sample was taken (default: %(default)s)",
    )  # fmt: skip
    group.add_argument("--publish", default="stillwatch", metavar="PREFIX", help="of our topics")
    group.add_argument("--verdicts", default="all", help="to publish: all, alarms or none")
    group.add_argument("--homeassistant", nargs="?", const="homeassistant", metavar="PREFIX")
    group.add_argument(
        "--mqtt-credentials", type=Path, metavar="FILE",
        help="user:password in a file of mode 600 (default: STILLWATCH_MQTT_USER and _PASSWORD)",
    )  # fmt: skip
    group.add_argument("--mqtt-ca", type=Path, metavar="FILE", help="whom to trust, PEM")


def worker_of(arguments: argparse.Namespace, service: Service) -> "Worker | None":
    """Returns what listens to the broker of a call, None where it names none; raises InputError."""
    if arguments.mqtt is None:
        if arguments.topics:
            raise InputError("expected --mqtt URL with --topic")
        return None
    # Here, since who names no broker need not have paho-mqtt.
    from stillwatch.runtime.mqtt.address import Address, Credentials, TlsFiles
    from stillwatch.runtime.mqtt.options import BrokerOptions, StreamOptions
    from stillwatch.runtime.mqtt.topics import TopicPattern
    from stillwatch.runtime.serve.broker.engine_sink import EngineSink
    from stillwatch.runtime.serve.broker.worker import Worker

    topics = [TopicPattern.parse(text) for text in arguments.topics]
    if any(pattern.has_channel for pattern in topics):
        raise InputError(
            "a service takes whole rows: for topics of one channel each, 'stillwatch watch --mqtt'"
        )
    authority = arguments.mqtt_ca
    broker = BrokerOptions(
        address=Address.parse(arguments.mqtt),
        credentials=Credentials.find(arguments.mqtt_credentials),
        tls=None if authority is None else TlsFiles(authority=authority),
        client=_client(arguments.state / "mqtt-client"),
    )
    streams = StreamOptions(
        topics=topics,
        prefix=arguments.publish,
        verdicts=arguments.verdicts,
        discovery=arguments.homeassistant,
    )
    sink = EngineSink(service, arguments.topic_time)
    about = ("served capsule", metadata.version("stillwatch"))
    return Worker(sink, broker, streams, about, _say)


def _client(path: Path) -> str:
    """Returns the name of our session, drawn once and kept."""
    if not path.exists():
        write_text(path, f"stillwatch-{secrets.token_hex(8)}\n")
    return path.read_text(encoding="utf-8").strip()


def _say(text: str) -> None:
    print(f"stillwatch: {text}", file=sys.stderr, flush=True)
