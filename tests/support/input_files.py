"""Files of one series in every form that people have, and others that must be refused."""

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from stillwatch.runtime.arrays import Float64

__all__ = ["CHANNELS", "ROWS", "SAME", "InputFile", "input_files", "values"]

ROWS = 60
CHANNELS = ("temp", "load")
SAME = "the same numbers"
_STILL = range(
    30, 34
)  # rows whose values are those of row 29: what is missing there is filled alike

Cells = list[list[str]]


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """content: of the file. options: what a command is told besides.

    expected: SAME, or a part of the one line that refuses it. columns: what
    the channels are called in the file. said: a part of what a command says
    of a file that it takes. watch: as `expected`, for its bytes as lines;
    None where it is no text. train: as `expected`, where that differs.
    """

    name: str
    content: bytes
    options: tuple[str, ...] = ()
    expected: str = SAME
    columns: tuple[str, ...] | None = None
    said: str = ""
    watch: str | None = SAME
    watch_options: dict[str, str] = field(default_factory=dict)
    train: str | None = None
    form: tuple[str, str] = (",", ".")  # of what is written: delimiter and decimal mark


def values() -> Float64:
    """The two channels (T, 2), in the digits that the files have."""
    noise = np.random.default_rng(5).normal(0, 0.3, (ROWS, 2))
    made = np.sin(np.arange(ROWS)[:, None] / 5 + np.arange(2)) * [3, 40] + [20, 100] + noise
    made[_STILL] = made[_STILL.start - 1]
    return made.round(3)


def _iso(row: int) -> str:
    return f"2026-03-01 {row // 60:02d}:{row % 60:02d}:00"


def _cells(time: Callable[[int], str] = _iso, number: str = "{:.3f}") -> Cells:
    """The header and the rows: time, temp, load, host."""
    rows = [
        [time(row), *(number.format(value) for value in line), "north"]
        for row, line in enumerate(values().tolist())
    ]
    return [["time", *CHANNELS, "host"], *rows]


def _text(
    cells: Cells,
    delimiter: str = ",",
    decimal: str = ".",
    end: str = "\n",
    quoting: int = csv.QUOTE_MINIMAL,
) -> str:
    if decimal == ",":
        cells = [[_comma(cell) for cell in row] for row in cells]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(cells)  # type: ignore[arg-type]
    return out.getvalue()


def _comma(cell: str) -> str:
    return cell.replace(".", ",") if cell[:1].isdigit() and cell.count(".") == 1 else cell


def _with(cells: Cells, name: str, column: Sequence[str], place: int = 1) -> Cells:
    """The cells with another column."""
    added = [name, *column]
    return [[*row[:place], cell, *row[place:]] for row, cell in zip(cells, added, strict=True)]


def _missing(token: str) -> str:
    cells = _cells()
    for row in _STILL:
        cells[row + 1][1] = token
    return _text(cells)


def input_files() -> list[InputFile]:
    """Returns all of them."""
    return [*_forms(), *_encodings(), *_packed(), *_tokens(), *_times(), *_columns(), *_refused()]


def _forms() -> list[InputFile]:
    plain = _cells()
    text = _text(plain)
    lines = text.splitlines()
    numbers = [row[1:3] for row in plain[1:]]
    fine = _cells(number="{:.4f}")  # three digits behind a comma may be thousands
    wide = "\n".join(["  ".join(row[1:3]) for row in plain]) + "\n"
    spaced = "\n".join(", ".join(row) for row in plain) + "\n"
    multi = _with(plain, "note", ['two\nlines "quoted", and a comma', *["x"] * (ROWS - 1)])
    return [
        InputFile(name="plain", content=text.encode()),
        InputFile(name="semicolons", content=_text(plain, ";").encode(), form=(";", ".")),
        InputFile(
            name="semicolons, decimal commas",
            content=_text(fine, ";", ",").encode(),
            form=(";", ","),
        ),
        InputFile(name="tabs", content=_text(plain, "\t").encode(), form=("\t", ".")),
        InputFile(
            name="tabs, decimal commas", content=_text(fine, "\t", ",").encode(), form=("\t", ",")
        ),
        InputFile(name="pipes", content=_text(plain, "|").encode(), form=("|", ".")),
        InputFile(
            name="commas, quoted decimal commas",
            content=_text(fine, ",", ",").encode(),
            form=(",", ","),
        ),
        InputFile(
            name="decimal commas, three digits", content=_text(plain, ";", ",").encode(),
            expected="may have a decimal comma or thousands: --decimal",
            watch="may have a decimal comma or thousands: --decimal",
        ),
        InputFile(
            name="decimal commas, told", content=_text(plain, ";", ",").encode(),
            options=("--decimal", ","), watch_options={"decimal": ","}, form=(";", ","),
        ),
        InputFile(
            name="a colon, which is told",
            content=_text(plain, ":", quoting=csv.QUOTE_ALL).encode(),
            options=("--delimiter", ":"), watch_options={"delimiter": ":"}, form=(":", "."),
        ),
        InputFile(
            name="blanks, which is told", content=wide.encode(), options=("--delimiter", "space"),
            watch_options={"delimiter": " "}, form=(" ", "."),
        ),
        InputFile(
            name="a line sep=", content=("sep=;\n" + _text(fine, ";", ",")).encode(),
            form=(";", ","),
        ),
        InputFile(name="blanks behind commas", content=spaced.encode()),
        InputFile(name="all quoted", content=_text(plain, quoting=csv.QUOTE_ALL).encode()),
        InputFile(name="a cell of two lines", content=_text(multi).encode(), watch="expected CSV"),
        InputFile(
            name="a cell of 200,000 characters",
            content=_text(_with(plain, "note", ["x" * 200_000, *["y"] * (ROWS - 1)])).encode(),
        ),
        InputFile(name="Windows line ends", content=text.replace("\n", "\r\n").encode()),
        InputFile(
            name="old Macintosh line ends", content=text.replace("\n", "\r").encode(), watch=None
        ),
        InputFile(name="blank lines", content=text.replace("\n", "\n\n").encode()),
        InputFile(name="no end of the last line", content=text.rstrip("\n").encode()),
        InputFile(name="comments on top", content=("# a plant\n# of ours\n" + text).encode()),
        InputFile(
            name="comments anywhere",
            content="\n".join([*lines[:9], "# stop", *lines[9:]]).encode(),
            options=("--comment", "#"), watch="expected 4 cells",
        ),
        InputFile(
            name="a header as NumPy writes it",
            content=("# temp,load\n" + _text(numbers)).encode(),
        ),
        InputFile(
            name="no header", content=_text(numbers).encode(), columns=("channel_1", "channel_2"),
        ),
        InputFile(
            name="no header, a time", content=_text([row[:3] for row in plain[1:]]).encode(),
            columns=("channel_2", "channel_3"), watch="expected 2 cells, got 3",
        ),
        InputFile(
            name="exponents", content=_text(_cells(number="{:.6e}")).encode(),
        ),
        InputFile(name="plus signs", content=_text(_cells(number="{:+.3f}")).encode()),
    ]  # fmt: skip


def _encodings() -> list[InputFile]:
    text = _text([[*row[:3], row[3].replace("north", "süd")] for row in _cells()])
    return [
        InputFile(name="UTF-8 with a mark", content=text.encode("utf-8-sig")),
        InputFile(name="UTF-16", content=text.encode("utf-16"), watch="it is UTF-16: iconv"),
        InputFile(
            name="UTF-16, big end first", content=b"\xfe\xff" + text.encode("utf-16-be"),
            watch="it is UTF-16: iconv",
        ),
        InputFile(
            name="UTF-16 without a mark, told", content=text.encode("utf-16-le"),
            options=("--encoding", "utf-16-le"), watch=None,
        ),
        InputFile(
            name="Latin-1, told", content=text.encode("latin-1"),
            options=("--encoding", "latin-1"), watch="expected UTF-8 text",
        ),
        InputFile(
            name="Latin-1", content=text.encode("latin-1"),
            expected="is not UTF-8 text: invalid start byte at byte 56, line 2; --encoding latin-1",
            watch="expected UTF-8 text",
        ),
        InputFile(
            name="UTF-16 without a mark", content=text.encode("utf-16-le"),
            expected="--encoding utf-16-le", watch=None,
        ),
    ]  # fmt: skip


def _packed() -> list[InputFile]:
    import pyarrow
    from pyarrow import feather, parquet

    plain = _text(_cells()).encode()
    table = pyarrow.table(
        {
            "time": pyarrow.array([60 * i for i in range(ROWS)], pyarrow.timestamp("s")),
            "temp": values()[:, 0],
            "load": values()[:, 1],
            "host": ["north"] * ROWS,
        }
    )
    arrow, parqueted, feathered, zstd = (pyarrow.BufferOutputStream() for _ in range(4))
    with pyarrow.ipc.new_file(arrow, table.schema) as writer:
        writer.write_table(table)
    parquet.write_table(table, parqueted)
    feather.write_feather(table, feathered, compression="lz4")
    with pyarrow.CompressedOutputStream(zstd, "zstd") as stream:
        stream.write(plain)
    made = {
        "gzip": (gzip.compress(plain), "it is packed: zcat"),
        "xz": (lzma.compress(plain), "it is packed: xzcat"),
        "bzip2": (bz2.compress(plain), "it is packed: bzcat"),
        "Zstandard": (zstd.getvalue().to_pybytes(), "it is packed: zstdcat"),
        "Parquet": (parqueted.getvalue().to_pybytes(), None),
        "Feather": (feathered.getvalue().to_pybytes(), None),
        "Arrow": (arrow.getvalue().to_pybytes(), None),
    }
    whole = [
        InputFile(name=name, content=content, watch=watch)
        for name, (content, watch) in made.items()
    ]
    cut = [
        InputFile(name=f"{name}, cut short", content=made[name][0][:-30], expected=part, watch=None)
        for name, part in (
            ("gzip", "is compressed, and damaged or cut short"),
            ("xz", "is compressed, and damaged or cut short"),
            ("Zstandard", "is compressed, and damaged or cut short"),
            ("Parquet", "is not sound Parquet or Arrow"),
        )
    ]
    return whole + cut


def _tokens() -> list[InputFile]:
    fill = {"options": ("--fill", "forward"), "watch_options": {"fill": "forward"}}
    taken = [
        InputFile(name=f"missing: {token!r}", content=_missing(token).encode(), **fill)  # type: ignore[arg-type]
        for token in ("", "NaN", "NA", "N/A", "null", "None", "#N/A", "<NA>")
    ]
    return [
        *taken,
        InputFile(
            name="missing, and not told to fill", content=_missing("NA").encode(),
            expected="column 'temp': expected a number, got 'NA'; --fill forward",
            watch="--fill forward gives such a cell", train="--missing forward or interpolate",
        ),
    ]  # fmt: skip


def _times() -> list[InputFile]:
    def made(name: str, time: Callable[[int], str], **more: object) -> InputFile:
        return InputFile(name=name, content=_text(_cells(time)).encode(), **more)  # type: ignore[arg-type]

    usual = "usually 60 s from row to row"
    return [
        made("seconds since 1970", lambda i: str(1_772_323_200 + 60 * i), said=usual),
        made("milliseconds since 1970", lambda i: str(1_772_323_200_000 + 60_000 * i), said=usual),
        made("ISO 8601 with Z", lambda i: _iso(i).replace(" ", "T") + "Z", said=usual),
        made("ISO 8601 with a zone", lambda i: _iso(i).replace(" ", "T") + "+02:00", said=usual),
        made(
            "day first, told", lambda i: f"02/03/2026 00:{i:02d}", options=("--day-first",),
            said="2026-03-02 00:00:00 to 2026-03-02 00:59:00, " + usual,
        ),
        made(
            "month first, told", lambda i: f"02/03/2026 00:{i:02d}", options=("--month-first",),
            said="2026-02-03 00:00:00 to",
        ),
        made(
            "day or month first", lambda i: f"02.03.2026 00:{i:02d}",
            said="may begin with the day or with the month: --day-first or --month-first",
        ),
        made("a row of times too early", lambda i: _iso(20 if i == 40 else i),
             said="1 rows are earlier than the row before them, the first is row 41",
             train="row 41 is earlier than the row before it"),
        made("a time twice", lambda i: _iso(29 if i == 30 else i),
             train="1 rows have the time of the next one",
             said="1 rows repeat the time of the row before them, the first is row 31"),
        made("a gap", lambda i: _iso(i if i < 50 else i + 100),
             said="1 gaps in time, the first before row 51, of 6060 s"),
        made("a time that is named", lambda i: _iso(i), options=("--time-column", "time"),
             said="time: time (dates)"),
        made("a time that is none", lambda i: f"monday {i}", options=("--time-column", "time"),
             expected="column 'time': expected a time in ISO 8601 or a number, got 'monday 0'"),
    ]  # fmt: skip


def _columns() -> list[InputFile]:
    plain = _cells()
    marks = [str(int(i > 50)) for i in range(ROWS)]
    count = [str(i) for i in range(ROWS)]
    other = [str(i * i % 7) for i in range(ROWS)]

    def made(name: str, cells: Cells, **more: object) -> InputFile:
        return InputFile(name=name, content=_text(cells).encode(), **more)  # type: ignore[arg-type]

    return [
        made("an index without a name", _with(plain, "", count, 0), said="(it counts the rows)"),
        made("an index by name", _with(plain, "id", count, 0), said="id (it counts the rows)"),
        made("a counter", _with(plain, "cycle", [str(7 * i + 3) for i in range(ROWS)]),
             said="cycle (it counts the rows)"),
        made("labels", _with(plain, "label", marks), said="label (labels; 9 rows are 1)"),
        made("other labels", _with(_with(plain, "is_anomaly", marks), "changepoint", marks),
             said="changepoint, is_anomaly (labels; 9 rows are 1)"),
        made("an empty column", _with(plain, "spare", [""] * ROWS), said="spare (empty)"),
        made("a column left out", _with(plain, "other", other), options=("--exclude", "other"),
             said="other (excluded)"),
        made("columns in another order", [[row[2], row[3], row[1], row[0]] for row in plain],
             options=("--column", "temp", "--column", "load")),
        made("names with blanks around", [[f" {name} " for name in plain[0]], *plain[1:]]),
    ]  # fmt: skip


def _refused() -> list[InputFile]:
    plain = _cells()
    text = _text(plain)
    thousands = [
        plain[0],
        *([row[0], f"1,{200 + i}", "1", "x"] for i, row in enumerate(plain[1:])),
    ]
    german = [[_comma(cell) for cell in row] for row in _cells(number="{:.4f}")]
    german[5][1] = "1.234,5"

    def bad(name: str, content: bytes | str, expected: str, **more: object) -> InputFile:
        content = content.encode() if isinstance(content, str) else content
        return InputFile(
            name=name,
            content=content,
            expected=expected,
            **({"watch": None} | more),  # type: ignore[arg-type]
        )

    def cell(value: str) -> str:
        return _text(
            [[*row[:1], value, *row[2:]] if i == 8 else row for i, row in enumerate(plain)]
        )

    named = {"watch": "column 'temp': expected a"}
    return [
        bad("empty", b"", "is empty: expected a header line"),
        bad("a header alone", "time,temp,load\n", "has a header and no rows"),
        bad("a cell of text", cell("high"), "row 8, column 'temp': expected a number", **named),
        bad("infinite", cell("inf"), "expected a finite float32 number, got 'inf'", **named),
        bad("beyond float32", cell("1e39"), "expected a finite float32 number", **named),
        bad("thousands with underscores", cell("1_000"), "expected a number, got '1_000'", **named),
        bad("a decimal comma among points", cell("20,5"), "has a decimal comma and", **named),
        bad("decimal comma or thousands", _text(thousands, ";"),
            "'1,200' may have a decimal comma or thousands: --decimal",
            watch="may have a decimal comma or thousands: --decimal"),
        bad("thousands with points", _text(german, ";"),
            "expected a number, got '1.234,5'; the decimal mark is a comma here",
            watch="expected a number, got '1.234,5'"),
        bad("a row too long", text.replace("north", "north,1", 1),
            "row 1: expected 4 cells like the header, got 5 in line 2", watch="expected 4 cells"),
        bad("a row too short", text.replace(",north", "", 1), "got 3 in line 2",
            watch="expected 4 cells, got 3"),
        bad("a quote that never ends", text.replace("north", '"north', 1),
            "line 2: a quoted cell is not closed", watch="expected CSV"),
        bad("two delimiters", "a;b,c;d\nx;y,z;w\n", "cells may be parted by ',' or ';'"),
        bad("a first row of 0 and 1", "0,1\n5,6\n7,8\n", "names or values: --header"),
        bad("a first row of text and numbers", "north,1.5\nnorth,1.6\n",
            "may hold names or values ('north, 1.5'): --header"),
        bad("a name twice", text.replace("load", "temp", 1), "more than one column 'temp'",
            watch="more than one column 'temp'"),
        bad("a name in another case", text.replace("temp", "Temp", 1),
            "no column 'temp'", columns=CHANNELS, watch="'Temp' may be meant"),
        bad("JSON lines", '{"temp": 1, "load": 2}\n' * ROWS, "is JSON", watch=None),
        bad("a workbook", b"PK\x03\x04 and so on", "a workbook or a zip archive: save the sheet"),
        bad("an old workbook", b"\xd0\xcf\x11\xe0 and so on", "an old Excel workbook"),
        bad("HDF5", b"\x89HDF\r\n", "an HDF5 file"),
        bad("a NumPy array", b"\x93NUMPY\x01", "numpy.savetxt"),
        bad("a data base", b"SQLite format 3\0", "an SQLite data base"),
    ]  # fmt: skip
