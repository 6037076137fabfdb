"""How a file of series is to be read, where that is not left to be recognised."""

import codecs
from dataclasses import dataclass

from stillwatch.runtime.errors import InputError

__all__ = ["ReadOptions"]

_MARKS = (".", ",")


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What the caller knows of a file. None: it is recognised, or refused where it is ambiguous.

    delimiter: one character between cells. decimal: "." or ",". encoding: by
    Python's names, UTF-8 and what a byte order mark says by default. comment:
    lines that begin so are skipped, wherever they are. header: whether the
    first line holds names. time_column: its name. day_first: how 01/02/2026
    is meant. exclude: columns that are neither channel nor time.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    comment: str | None = None
    header: bool | None = None
    time_column: str | None = None
    day_first: bool | None = None
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises InputError for what contradicts itself."""
        delimiter, decimal = self.delimiter, self.decimal
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\n\r'):
            raise InputError(f"expected one character as delimiter, got {delimiter!r}")
        if decimal is not None and decimal not in _MARKS:
            raise InputError(f"expected '.' or ',' as decimal mark, got {decimal!r}")
        if delimiter is not None and delimiter == decimal:
            raise InputError(f"expected a delimiter that is not the decimal mark {decimal!r}")
        if self.comment is not None and not self.comment.strip():
            raise InputError("expected a comment mark that is not blank, such as '#'")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
                codecs.lookup(self.encoding)
            except (LookupError, ValueError) as error:
                raise InputError(
                    f"expected an encoding that Python knows, such as utf-8, utf-16 or latin-1, "
                    f"got {self.encoding!r}"
                ) from error
        if self.time_column is not None and self.time_column in self.exclude:
            raise InputError(f"column {self.time_column!r} is both excluded and the time column")
