"""The commands that measure: what is typed, who answers, what it needs, and a line of help."""

from stillwatch.runtime.cli.command import Command

__all__ = ["COMMANDS"]

_EVERYTHING = "train,export,benchmarks"

COMMANDS = (
    Command(
        words="bench",
        module="stillwatch.benchmarks.latency.command",
        extra="export,benchmarks",
        help="parameters, size, memory, cold start and latency of every engine at hand",
    ),
    Command(
        words="bench compare",
        module="stillwatch.benchmarks.latency.cards.command",
        extra="export,benchmarks",
        help="two cards side by side, of one kind of CPU or of two",
    ),
    Command(
        words="bench cards",
        module="stillwatch.benchmarks.latency.cards.kinds_command",
        extra="export,benchmarks",
        help="of which kinds of CPU there are cards, and how many aims each reaches",
    ),
    Command(
        words="bench edge",
        module="stillwatch.benchmarks.latency.edge.command",
        extra="export,benchmarks",
        help="the edge runtime's figures beside their aims",
    ),
    Command(
        words="bench c",
        module="stillwatch.benchmarks.microcontroller.command",
        extra="c,benchmarks",
        help="a capsule's C beside its stream, and on a Cortex-M4 in qemu",
    ),
    Command(
        words="reproduce",
        help="train, export, verify, score, compare with the published figures, report",
    ),
    Command(
        words="reproduce nab-rds",
        module="stillwatch.benchmarks.reproductions.nab_rds.command",
        extra=_EVERYTHING,
        help="the single-feature autoencoder on NAB's RDS CPU series",
    ),
    Command(
        words="reproduce nab",
        module="stillwatch.benchmarks.reproductions.nab.command",
        extra=_EVERYTHING,
        help="all 58 NAB series under the official score, streaming, with the judge",
    ),
    Command(
        words="reproduce faults",
        module="stillwatch.benchmarks.reproductions.faults.command",
        extra=_EVERYTHING,
        help="six faults on every channel of a made set: detected, and the right sensor blamed",
    ),
    Command(
        words="reproduce judge",
        module="stillwatch.benchmarks.reproductions.judge.command",
        extra="export,benchmarks",
        help="the judge in the graph beside the runtime's: the same alarms, and what a row costs",
    ),
    Command(
        words="reproduce smd",
        module="stillwatch.benchmarks.reproductions.smd.command",
        extra=_EVERYTHING,
        help="the distilled autoencoder and its micro-students on SMD",
    ),
    Command(
        words="reproduce segments",
        module="stillwatch.benchmarks.reproductions.segments.command",
        extra=_EVERYTHING,
        help="students that read a window by segments: size, latency and detection on SMD",
    ),
    Command(
        words="reproduce sensor",
        module="stillwatch.benchmarks.reproductions.sensor.command",
        extra=_EVERYTHING,
        help="the sensor autoencoder on a machine's metrics and a temperature",
    ),
    Command(
        words="reproduce drift",
        module="stillwatch.benchmarks.reproductions.drift.command",
        extra=_EVERYTHING,
        help="a fixed threshold against a rolling one, on series that drift",
    ),
    Command(
        words="reproduce variants",
        module="stillwatch.benchmarks.reproductions.variants.command",
        extra=_EVERYTHING,
        help="the single-feature recipe, one choice changed at a time",
    ),
    Command(
        words="reproduce forecast",
        module="stillwatch.benchmarks.reproductions.forecast.command",
        extra="train,export,benchmarks,forecast",
        help="the forecaster on ETTh1, electricity demand and daily closes",
    ),
    Command(
        words="verify --all",
        module="stillwatch.benchmarks.validation.command",
        extra="train,export",
        help="the committed checkpoints, or those of --checkpoint, in every framework at hand",
    ),
)
