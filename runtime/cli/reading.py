"""Options that say how a file of series is read: the same for every command that reads one."""

import argparse
import sys
from collections.abc import Iterable

from stillwatch.runtime.tables.options import ReadOptions

__all__ = [
    "add_form_options",
    "add_reading_options",
    "named_delimiter",
    "print_remarks",
    "reading_options",
]

_NAMED = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Adds them, as a group of their own; by default everything is recognised."""
    group = parser.add_argument_group(
        "how the file is read", "all of this is recognised; these settle what is ambiguous"
    )
    group.add_argument(
        "--time-column", metavar="NAME", help="times: order, repeats and gaps are looked at"
    )
    group.add_argument(
        "--exclude", action="append", default=[], metavar="NAME",
        help="a column that is no channel and no time, once for each",
    )  # fmt: skip
    add_form_options(group)
    group.add_argument("--encoding", metavar="NAME", help="such as latin-1 (default: UTF-8)")
    group.add_argument("--comment", metavar="MARK", help="skip lines that begin with it")
    group.add_argument(
        "--header", action=argparse.BooleanOptionalAction, default=None,
        help="whether the first line holds names",
    )  # fmt: skip
    order = group.add_mutually_exclusive_group()
    order.add_argument(
        "--day-first", action="store_true", default=None, help="01/02/2026 is in February"
    )
    order.add_argument(
        "--month-first", dest="day_first", action="store_false", help="01/02/2026 is in January"
    )


def add_form_options(parser: argparse._ActionsContainer) -> None:
    """Adds those of the options that lines of a stream have, too."""
    parser.add_argument(
        "--delimiter", metavar="CHAR", help="between cells: a character, tab or space"
    )
    parser.add_argument("--decimal", metavar="MARK", help="the decimal mark: . or ,")


def named_delimiter(given: str | None) -> str | None:
    """Returns the character that an option means."""
    return given if given is None else _NAMED.get(given, given)


def reading_options(arguments: argparse.Namespace) -> ReadOptions:
    """Returns what the options say; raises InputError where they contradict each other."""
    return ReadOptions(
        delimiter=named_delimiter(arguments.delimiter),
        decimal=arguments.decimal,
        encoding=arguments.encoding,
        comment=arguments.comment,
        header=arguments.header,
        time_column=arguments.time_column,
        day_first=arguments.day_first,
        exclude=tuple(arguments.exclude),
    )


def print_remarks(remarks: Iterable[str]) -> None:
    """Says on standard error what was read, and as what."""
    for remark in remarks:
        print(remark, file=sys.stderr)
