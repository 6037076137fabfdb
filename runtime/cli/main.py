"""The `stillwatch` program: which command there is, who runs it, and how it ends.

Exit status: 0 done; 1 the answer is no (a verification failed); 2 the input
or the call was not right, said in one line; 130 interrupted.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType

import onnxruntime

from stillwatch.runtime.capsule.opening import FATAL_ONLY
from stillwatch.runtime.errors import ExtraError, StillwatchError

__all__ = ["main"]


@dataclass(frozen=True)
class _Command:
    module: str  # has add_arguments(parser) and run(arguments) -> exit status
    extra: str | None  # what must be installed for it
    help: str


_COMMANDS = {
    "reproduce": _Command(
        "stillwatch.benchmarks.reproductions.command",
        "train,export,benchmarks",
        "train, export, verify, score, compare with the published figures, report",
    ),
    "bench": _Command(
        "stillwatch.benchmarks.latency.command",
        "export,benchmarks",
        "parameters, size, memory, cold start and latency of every engine at hand",
    ),
    "train": _Command("stillwatch.runtime.cli.train", "train", "one training run -> checkpoint"),
    "tune": _Command(
        "stillwatch.train.tuning.command",
        "train,export,benchmarks,tune",
        "search the options of a training run for the least validation loss",
    ),
    "export": _Command("stillwatch.export.export_command", "export", "checkpoint -> capsule"),
    "calibrate": _Command(
        "stillwatch.export.calibrate.command",
        "export",
        "a capsule and normal data -> the same network for these sensors",
    ),
    "verify": _Command(
        "stillwatch.runtime.cli.verify",
        None,
        "replay golden vectors; with a checkpoint, compare every framework",
    ),
    "info": _Command("stillwatch.runtime.cli.info", None, "what is in a capsule"),
    "score": _Command("stillwatch.runtime.cli.score", None, "a file -> scores and alarms"),
    "watch": _Command(
        "stillwatch.runtime.cli.watch", None, "lines from standard input -> one JSON line each"
    ),
    "doctor": _Command(
        "stillwatch.runtime.cli.doctor", None, "whether this device can do it, and how fast"
    ),
    "data": _Command(
        "stillwatch.train.data.fetch_command", "train", "fetch the public data, verified"
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    # What onnxruntime would print of its own comes as an exception too, and is said in one line.
    onnxruntime.set_default_logger_severity(FATAL_ONLY)
    try:
        status = _run(words)
        sys.stdout.flush()  # here, where a full disk or a closed pipe can still be answered
    except StillwatchError as error:
        print(f"stillwatch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _silence_output()  # the reader of our output has gone, as `head` does
        return 0
    except OSError as error:
        _silence_output()
        print(f"stillwatch: cannot go on: {error.strerror or error}", file=sys.stderr)
        return 2
    return status


def _silence_output() -> None:
    """Points standard output elsewhere, or Python would complain again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="stillwatch",
        description="LSTM autoencoders that find anomalies in time series.",
        epilog="'stillwatch COMMAND --help' tells more of a command",
    )
    parser.add_argument(
        "--version", action="version", version=f"stillwatch {metadata.version('stillwatch')}"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    called = next((word for word in words if word in _COMMANDS), None)
    module: ModuleType | None = None
    for name, command in _COMMANDS.items():
        subparser = commands.add_parser(name, help=command.help, description=command.help)
        if name == called:
            module = _load(name, command, subparser)
    arguments = parser.parse_args(words)
    assert module is not None  # noqa: S101  (argparse has refused every other command)
    try:
        return int(module.run(arguments))
    except ModuleNotFoundError as error:
        raise _missing(arguments.command, _COMMANDS[arguments.command], error) from error


def _load(name: str, command: _Command, parser: argparse.ArgumentParser) -> ModuleType:
    try:
        module = importlib.import_module(command.module)
        module.add_arguments(parser)
    except ModuleNotFoundError as error:
        raise _missing(name, command, error) from error
    return module


def _missing(name: str, command: _Command, error: ModuleNotFoundError) -> ExtraError:
    if command.extra is None or (error.name or "").startswith("stillwatch."):
        raise error  # a defect of ours, not of the installation
    return ExtraError(
        f"'stillwatch {name}' needs {error.name}, which is not installed: "
        f"pip install 'stillwatch[{command.extra}]'"
    )
