"""From bytes to text: byte order marks, UTF-8, and what was asked for."""

import codecs

from stillwatch.runtime.errors import InputError

__all__ = ["decode"]

# UTF-32's mark begins with UTF-16's: the longer ones come first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 1000  # bytes in which UTF-16 without a mark shows: every second one is zero


def decode(content: bytes, encoding: str | None, name: str) -> str:
    """Returns a file's text with lines that end in a newline; raises InputError.

    encoding: as asked for; None: what the byte order mark says, else UTF-8.
    """
    marked = next((result for mark, result in _MARKS if content.startswith(mark)), None)
    if encoding is None and marked is None:
        _refuse_unmarked(content, name)
    chosen = encoding or marked or "utf-8"
    if marked == "utf-8-sig" and codecs.lookup(chosen).name == "utf-8":
        chosen = marked
    try:
        text = content.decode(chosen)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        asked = "" if encoding else "; --encoding latin-1 (or cp1252, utf-16) says what else it is"
        raise InputError(
            f"{name} is not {_title(chosen)} text: {error.reason} at byte {error.start}, line "
            f"{line}{asked}"
        ) from error
    except (UnicodeError, ValueError) as error:
        raise InputError(f"{name} is not {_title(chosen)} text: {error}") from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _title(encoding: str) -> str:
    return "UTF-8" if encoding in ("utf-8", "utf-8-sig") else encoding


def _refuse_unmarked(content: bytes, name: str) -> None:
    """Raises InputError for text in 16 bits a character that does not say so."""
    first, second = content[0:_LOOKED_AT:2], content[1:_LOOKED_AT:2]
    for zeros, others, encoding in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
        if len(zeros) > 1 and not zeros.strip(b"\0") and others.count(b"\0") == 0:
            raise InputError(
                f"{name} looks like UTF-16 without a byte order mark: --encoding {encoding}"
            )
