"""Columns by their names: found, or refused with the nearest that are there."""

from collections.abc import Sequence

from stillwatch.runtime.errors import InputError

__all__ = ["find_column", "select_columns"]

_SHOWN = 40  # names that a message lists
_REMEDY = "name the right one with --column"


def find_column(header: Sequence[str], column: str, name: str, remedy: str = _REMEDY) -> int:
    """Returns the place of a column; raises InputError where it is not there, or twice.

    name: of what has the header, for the message.
    """
    if header.count(column) == 1:
        return header.index(column)
    import difflib  # for the message alone, and the first score waits for what is imported

    shown = ", ".join(map(repr, header[:_SHOWN])) + ", ..." * (len(header) > _SHOWN)
    if column in header:
        raise InputError(f"{name} has more than one column {column!r}: it has {shown}; {remedy}")
    alike = [other for other in header if other.casefold() == column.casefold()]
    alike = alike or difflib.get_close_matches(column, header, n=1)
    near = f", and {alike[0]!r} may be meant" if alike else ""
    raise InputError(f"{name} has no column {column!r}: it has {shown}{near}; {remedy}")


def select_columns(
    header: Sequence[str], channels: Sequence[str], columns: Sequence[str] | None, name: str
) -> list[int]:
    """Returns the places of the model's channels in a header; raises InputError.

    columns: what they are called there, where that is not by their own names.
    """
    if columns is not None and len(columns) != len(channels):
        raise InputError(
            f"expected {len(channels)} column{'s' * (len(channels) > 1)}, one for each of the "
            f"model's channels ({', '.join(channels)}), got {len(columns)}"
        )
    wanted = channels if columns is None else columns
    return [find_column(header, column, name) for column in wanted]
