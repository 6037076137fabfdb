"""The `stillwatch` program: which command there is, who runs it, and how it ends.

Exit status: 0 done; 1 the answer is no (a verification failed); 2 the input
or the call was not right, said in one line; 75 the machine could not for now,
as with a full disk, and the same call may be tried again; 130 interrupted.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import NoReturn

from stillwatch.runtime.cli.command import Command, find
from stillwatch.runtime.cli.program.completion import answer_shell
from stillwatch.runtime.cli.program.discovery import other_commands, own_commands
from stillwatch.runtime.cli.program.parser import Parser
from stillwatch.runtime.errors import ExtraError, StillwatchError, TransientError

__all__ = ["main"]

_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
_INTERRUPTED = (
    "interrupted; no output is left half written. Say the same again: what keeps its progress in a "
    "folder or a --state goes on from there, everything else begins anew"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    _hold_streams()
    try:
        status = _run(words)
        sys.stdout.flush()  # here, where a full disk or a closed pipe can still be answered
    except StillwatchError as error:
        print(f"stillwatch: {error}", file=sys.stderr)
        return _TRY_AGAIN if isinstance(error, TransientError) else 2
    except KeyboardInterrupt:
        print(f"\nstillwatch: {_INTERRUPTED}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        _silence_output()  # the reader of our output has gone, as `head` does
        return 0
    except OSError as error:
        _silence_output()
        print(f"stillwatch: cannot go on: {error.strerror or error}", file=sys.stderr)
        return _TRY_AGAIN
    except MemoryError:
        print("stillwatch: cannot go on: out of memory", file=sys.stderr)
        return _TRY_AGAIN
    return status


def _hold_streams() -> None:
    """Leaves no standard descriptor closed, or the next file that is opened would take its place.

    And what a terminal's character set has not is written by its number.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stderr is None:  # print would take standard output instead
        sys.stderr = io.StringIO()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _silence_output() -> None:
    """Points standard output elsewhere, or Python would complain again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(words: list[str]) -> int:
    table = own_commands()
    answer_shell(table)
    command = find(table, words)
    if command is None or command.module is None:
        table += other_commands()
        command = find(table, words)
    if command is None or command.module is None:
        _list(table, command, words)
    try:
        _quiet_onnxruntime()
        module = importlib.import_module(command.module)
        parser = _parser(command.words.partition(" --")[0], command.help, table)
        module.add_arguments(parser)
        return int(module.run(parser.parse_args(command.arguments_of(words))))
    except ModuleNotFoundError as error:
        if command.extra is None or (error.name or "").startswith("stillwatch."):
            raise  # a defect of ours, not of the installation
        remedy = f"pip install '{command.package}[{command.extra}]'"
        if {"-h", "--help"} & set(words):  # what it is for can be told without its packages
            parser = _parser(command.words.partition(" --")[0], command.help, table)
            more = f"Its options need {error.name}, which is not installed: {remedy}"
            parser.epilog = f"{more}\n\n{parser.epilog or ''}".rstrip()
            parser.print_help()
            return 0
        raise ExtraError(
            f"'stillwatch {command.words}' needs {error.name}, which is not installed: {remedy}"
        ) from error


def _parser(words: str, text: str, table: Sequence[Command]) -> argparse.ArgumentParser:
    """Returns the parser of a command; its help names those that go on from the same words."""
    more = [c for c in table if c.words.startswith(f"{words} ") and c.module is not None]
    epilog = "\n".join(["see also:", *(f"  stillwatch {c.words:<20}  {c.help}" for c in more)])
    return Parser(
        prog=f"stillwatch {words}",
        description=text,
        epilog=epilog if more else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _list(table: Sequence[Command], group: Command | None, words: Sequence[str]) -> NoReturn:
    """Prints the commands, or those below one word, or what was wrong with the call; then exits."""
    if group is None:
        parser = Parser(
            prog="stillwatch",
            description="LSTM autoencoders that find anomalies in time series.",
            epilog="'stillwatch COMMAND --help' tells more of a command",
        )
        version = f"stillwatch {metadata.version('stillwatch')}"
        parser.add_argument("-V", "--version", action="version", version=version)
        names = {command.first: command.help for command in table if command.second is None}
    else:
        parser = Parser(prog=f"stillwatch {group.first}", description=group.help)
        words = group.arguments_of(words)
        below = [command for command in table if command.first == group.first]
        names = {command.second: command.help for command in below if command.second is not None}
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in names.items():
        commands.add_parser(name, help=text, add_help=False)
    parser.parse_args(words)
    parser.error("expected a command")


def _quiet_onnxruntime() -> None:
    """What it would print of its own comes as an exception too, and is said in one line."""
    import onnxruntime  # a tenth of a second, which a call for help does not want

    from stillwatch.runtime.capsule.opening import FATAL_ONLY

    onnxruntime.set_default_logger_severity(FATAL_ONLY)
