"""`stillwatch watch MODEL --mqtt URL --topic FILTER`: samples from a broker, answers back to it.

Each topic is a stream of its own, of JSON: an object by channel, an array, a
number. Where one level of --topic is {channel}, a topic has the values of one
channel, {"value": 21.4, "t": ...}, and rows are put together by their times.
With --state each message is scored once, whatever is killed: docs/mqtt.md.
"""

import argparse
import sys
from importlib import metadata
from pathlib import Path

from stillwatch.runtime.cli.options import (
    add_detector_options,
    add_event_options,
    detector_options,
    event_policy,
)
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.mqtt.address import Address, Credentials, TlsFiles
from stillwatch.runtime.mqtt.options import VERDICTS, BrokerOptions, StreamOptions
from stillwatch.runtime.mqtt.subscriber import subscribe
from stillwatch.runtime.mqtt.topics import TopicPattern
from stillwatch.runtime.mqtt.watchers import Watchers
from stillwatch.runtime.watch.options import GAPS, WatchOptions
from stillwatch.runtime.watch.stop import StopSignal

__all__ = ["add_arguments", "add_broker_options", "broker_options", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a watch over MQTT."""
    add_detector_options(parser)
    add_event_options(parser)
    add_broker_options(parser)
    parser.add_argument(
        "--time", metavar="NAME", help="member that says when a sample was taken, as in --time t"
    )
    parser.add_argument(
        "--gap", choices=GAPS, default="ignore", help="what to do about missing samples"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="append all answers here, too"
    )
    parser.add_argument(
        "--state", type=Path, metavar="FILE",
        help="keep the streams here, and the broker keep our session: each message is scored once",
    )  # fmt: skip
    parser.add_argument(
        "--save-every", type=float, default=1.0, metavar="SECONDS",
        help="at most so long between two saves (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--most-streams", type=int, default=1000, metavar="N",
        help="streams there may be; messages of further ones are dropped (default: %(default)s)",
    )  # fmt: skip


def add_broker_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say which broker, and what to publish there."""
    parser.add_argument(
        "--mqtt", metavar="URL", required=True, help="mqtt://HOST[:PORT], or mqtts:// for TLS"
    )
    parser.add_argument(
        "--topic", dest="topics", action="append", metavar="FILTER", required=True,
        help="such as 'plant/+/+', a stream each; or 'plant/+/{channel}', a channel each",
    )  # fmt: skip
    parser.add_argument(
        "--publish", default="stillwatch", metavar="PREFIX",
        help="of the topics that answers go to (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--verdicts", choices=VERDICTS, default="all",
        help="which to publish beside events and states (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--homeassistant", nargs="?", const="homeassistant", metavar="PREFIX",
        help="make a device of each stream in Home Assistant",
    )  # fmt: skip
    parser.add_argument(
        "--credentials", type=Path, metavar="FILE",
        help="user:password in a file of mode 600 (default: STILLWATCH_MQTT_USER and _PASSWORD)",
    )  # fmt: skip
    parser.add_argument("--tls-ca", type=Path, metavar="FILE", help="whom to trust, PEM")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="a certificate of our own")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key")
    parser.add_argument(
        "--keepalive", type=int, default=60, metavar="SECONDS",
        help="after which silence is a lost connection (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--client-id", metavar="NAME", help="of our session (default: a drawn one)")


def broker_options(arguments: argparse.Namespace, client: str, *, lasting: bool) -> BrokerOptions:
    """Returns the broker of a call; raises InputError."""
    files = (arguments.tls_ca, arguments.tls_cert, arguments.tls_key)
    return BrokerOptions(
        address=Address.parse(arguments.mqtt),
        credentials=Credentials.find(arguments.credentials),
        tls=TlsFiles(authority=files[0], certificate=files[1], key=files[2])
        if any(files)
        else None,
        client=arguments.client_id or client,
        lasting=lasting,
        keepalive=arguments.keepalive,
    )


def run(arguments: argparse.Namespace) -> int:
    """Watches a broker's messages until SIGTERM."""
    Address.parse(arguments.mqtt)  # before the capsule: a mistake in the call is told at once
    streams = StreamOptions(
        topics=[TopicPattern.parse(text) for text in arguments.topics],
        prefix=arguments.publish,
        verdicts=arguments.verdicts,
        discovery=arguments.homeassistant,
        state=arguments.state,
        output=arguments.output,
        save_every=arguments.save_every,
        most=arguments.most_streams,
    )
    detector = Detector.load(arguments.model)
    options = WatchOptions(
        **detector_options(arguments, detector.info),
        columns=arguments.columns,
        fill=arguments.fill,
        form="json",
        time=arguments.time,
        period=arguments.period if arguments.time or arguments.budget is None else None,
        gap=arguments.gap,
        events=event_policy(arguments),
        with_events=True,
    )
    with StopSignal() as stop:
        watchers = Watchers(detector, options, streams, stop)
        try:
            lasting = streams.state is not None
            broker = broker_options(arguments, watchers.client, lasting=lasting)
            about = (f"{detector.info.family} capsule", metadata.version("stillwatch"))
            subscribe(watchers, broker, streams, stop, about=about, say=_say)
        finally:
            watchers.close()
        if watchers.refused:
            _say(f"{watchers.refused} messages were of streams past {streams.most}: dropped")
    return 0


def _say(text: str) -> None:
    print(f"stillwatch: {text}", file=sys.stderr, flush=True)
