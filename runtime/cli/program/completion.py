"""Completion in a shell, by argcomplete where it is installed.

`eval "$(register-python-argcomplete stillwatch)"` switches it on; the shell
then calls the program with the line so far in its environment.
"""

import argparse
import importlib
import os
import shlex
from collections.abc import Mapping, Sequence

from stillwatch.runtime.cli.command import Command, find

__all__ = ["answer_shell", "completion_parser"]


def answer_shell(table: Sequence[Command]) -> None:
    """Answers a shell that asks what may follow, and ends the program; else does nothing."""
    if "_ARGCOMPLETE" not in os.environ:
        return
    library = importlib.import_module("argcomplete")
    library.autocomplete(completion_parser(table, os.environ))


def completion_parser(
    table: Sequence[Command], environment: Mapping[str, str]
) -> argparse.ArgumentParser:
    """Returns a parser that knows all commands, and the options of the one that is typed."""
    try:
        typed = shlex.split(environment.get("COMP_LINE", ""))[1:]
    except ValueError:  # a quote is open yet
        typed = environment.get("COMP_LINE", "").split()[1:]
    called = find(table, typed)
    parser = argparse.ArgumentParser(prog="stillwatch")
    commands = parser.add_subparsers()
    for first in dict.fromkeys(command.first for command in table):
        one = commands.add_parser(first)
        seconds = [c.second for c in table if c.first == first and c.second]
        below = [second for second in dict.fromkeys(seconds) if not second.startswith("-")]
        nested = one.add_subparsers() if below else None
        for second in below:
            two = nested.add_parser(second) if nested else one
            if called and (called.first, called.second) == (first, second):
                _add_options(called, two)
        if called and called.first == first and called.second not in below and not below:
            _add_options(called, one)
    return parser


def _add_options(command: Command, parser: argparse.ArgumentParser) -> None:
    if command.module is None:
        return
    try:
        importlib.import_module(command.module).add_arguments(parser)
    except ModuleNotFoundError:
        return  # an extra is not installed: there are no options to offer
