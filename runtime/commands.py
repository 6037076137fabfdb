"""The commands of the base installation: what is typed, who answers, and a line of help."""

from stillwatch.runtime.cli.command import Command

__all__ = ["COMMANDS"]

COMMANDS = (
    Command(
        words="score",
        module="stillwatch.runtime.cli.score",
        help="a file -> scores and alarms",
    ),
    Command(
        words="watch",
        module="stillwatch.runtime.cli.watch",
        help="lines from standard input -> one JSON line each",
    ),
    Command(
        words="watch --mqtt",
        module="stillwatch.runtime.mqtt.command",
        help="samples from an MQTT broker -> verdicts and events back to it",
        extra="mqtt",
    ),
    Command(
        words="watch --forecast",
        module="stillwatch.runtime.cli.watch_forecast",
        help="lines from standard input -> one JSON line each, with what comes next",
    ),
    Command(
        words="serve",
        module="stillwatch.runtime.serve.command",
        extra="serve",
        help="capsules over HTTP: the Open Inference Protocol, streams, events",
    ),
    Command(
        words="keys",
        module="stillwatch.runtime.serve.keys_command",
        extra="serve",
        help="who may ask a service: add, list, revoke",
    ),
    Command(
        words="score-page",
        module="stillwatch.runtime.serve.offline.command",
        help="one offline page that scores a CSV with a capsule in a browser",
    ),
    Command(
        words="forecast",
        module="stillwatch.runtime.cli.forecast",
        help="a file -> what comes after it, with its times and intervals",
    ),
    Command(
        words="info",
        module="stillwatch.runtime.cli.info",
        help="what is in a capsule",
    ),
    Command(
        words="verify",
        module="stillwatch.runtime.cli.verify",
        help="replay golden vectors; with a checkpoint, compare every framework",
    ),
    Command(
        words="sample",
        module="stillwatch.runtime.cli.sample",
        help="files to try it on: a simulated pump, and one with planted faults",
    ),
    Command(
        words="doctor",
        module="stillwatch.runtime.cli.doctor",
        help="whether this device can do it, and how fast",
    ),
)
