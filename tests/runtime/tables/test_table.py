import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.runtime import InputError
from stillwatch.runtime.tables.header import select_columns
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.reading import read_frame
from stillwatch.runtime.tables.table import read_table
from stillwatch.runtime.tables.writing import to_csv

CsvFile = Callable[..., Path]
# Any text but what no CSV file can hold (halves of surrogate pairs) or reading normalises (\r).
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)


def test_channels_are_read_as_numbers_in_the_models_order(csv_file: CsvFile) -> None:
    table = read_table(csv_file(b"b,time,a\n1,x, 2.5 \n-3e2,y,4\n"), ["a", "b"], None)
    np.testing.assert_array_equal(table.values, [[2.5, 1.0], [4.0, -300.0]])
    assert table.header == ("b", "time", "a")
    assert [table.cells(row) for row in (0, 1)] == [["1", "x", "2.5 "], ["-3e2", "y", "4"]]
    assert table.filled == 0


def test_columns_stand_for_channels_of_other_names(csv_file: CsvFile) -> None:
    table = read_table(csv_file(b"x,y\n1,2\n"), ["a", "b"], ["y", "x"])
    np.testing.assert_array_equal(table.values, [[2, 1]])


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfvalue,t\n1,a\n2,b\n",
        b"value,t\r\n1,a\r\n2,b\r\n",
        b"value,t\n\n1,a\n\n2,b",
    ],
    ids=["byte order mark", "Windows line ends", "blank lines"],
)
def test_the_usual_forms_of_csv_are_read_alike(content: bytes, csv_file: CsvFile) -> None:
    table = read_table(csv_file(content), ["value"], None)
    np.testing.assert_array_equal(table.values, [[1], [2]])
    assert to_csv(table, {}) == "value,t\n1,a\n2,b\n"


def test_forward_fill_carries_each_channels_last_value_on(csv_file: CsvFile) -> None:
    content = b"a,b\n1,10\n,20\nnan, \nNaN,40\n5,\n"
    table = read_table(csv_file(content), ["a", "b"], None, fill=True)
    np.testing.assert_array_equal(table.values, [[1, 10], [1, 20], [1, 20], [1, 40], [5, 40]])
    assert table.filled == 5
    assert table.cells(1) == ["", "20"]  # the cell itself passes through as it came


@pytest.mark.parametrize(
    ("content", "fill", "fragment"),
    [
        (b"", False, "is empty: expected a header line"),
        (b"\n", False, "is empty"),
        (b"a,b\n", False, "has a header and no rows"),
        (b"a,c\n1,2\n", False, "has no column 'b': it has 'a', 'c'"),
        (b"a,b,b\n1,2,3\n", False, "has more than one column 'b'"),
        (b"a,b\n1,2\n1,high\n", False, "row 2, column 'b': expected a number, got 'high'"),
        (b"a,b\n1,2\n1,\n", False, "row 2, column 'b': expected a number, got ''; --fill forward"),
        (b"a,b\nNaN,2\n", False, "row 1, column 'a': expected a number, got 'NaN'; --fill forward"),
        (b"a,b\n1,\n1,2\n", True, "row 1, column 'b': expected a number, got ''"),
        (b"a,b\n1,2\n1,high\n", True, "row 2, column 'b': expected a number, got 'high'"),
        (b"a,b\n1,-inf\n", True, "row 1, column 'b': expected a finite float32 number, got '-inf'"),
        (b"a,b\n1,2\n1\n", False, "row 2: expected 2 cells like the header, got 1"),
        (b"a,b\n1,2,3\n", False, "row 1: expected 2 cells like the header, got 3"),
        (b"a,b\n1,\xff\n", False, "is not UTF-8 text"),
        (b"a,b\n1," + b"2" * 200_000, False, "column 'b': expected a finite float32 number"),
        (b'a,b\n1,2\n"1,2\n3,4\n', False, "line 3: a quoted cell is not closed"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_the_place(
    content: bytes, fill: bool, fragment: str, csv_file: CsvFile
) -> None:
    path = csv_file(content)
    with pytest.raises(InputError) as caught:
        read_table(path, ["a", "b"], None, fill=fill)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert fragment in message
    assert "\n" not in message


def test_who_already_fills_forward_is_not_advised_to(csv_file: CsvFile) -> None:
    with pytest.raises(InputError) as caught:
        read_table(csv_file(b"a\n \n1\n"), ["a"], None, fill=True)
    assert "got ''" in str(caught.value)
    assert "--fill forward" not in str(caught.value)


@pytest.mark.parametrize("columns", [["a"], ["a", "b", "a"], []])
def test_a_wrong_number_of_columns_is_refused(columns: list[str]) -> None:
    with pytest.raises(InputError, match=f"expected 2 columns.*a, b.*got {len(columns)}"):
        select_columns(["a", "b"], ["a", "b"], columns, "file")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*none.csv: No such file"):
        read_table(tmp_path / "none.csv", ["a"], None)
    with pytest.raises(InputError, match=r"cannot read .*: Is a directory"):
        read_table(tmp_path, ["a"], None)


def test_added_columns_stand_behind_the_files_own(csv_file: CsvFile) -> None:
    table = read_table(csv_file(b't,a\n"x, y",1\n\nz,"2"\n'), ["a"])
    text = to_csv(table, {"score": ["0.5", ""], "alarm": ["1", "0"]})
    assert text == 't,a,score,alarm\n"x, y",1,0.5,1\nz,"2",,0\n'


def test_added_columns_are_written_as_the_files_own_are(csv_file: CsvFile) -> None:
    table = read_table(csv_file(b"sep=;\nt;a\nx;1,5\ny;2\n"), ["a"])
    assert to_csv(table, {"score": ["0.5", "3"]}) == "t;a;score\nx;1,5;0,5\ny;2;3\n"
    table = read_table(csv_file(b't,a\nx,"1,5"\ny,2\n'), ["a"])
    assert to_csv(table, {"score": ["0.5", "3"]}) == 't,a,score\nx,"1,5","0,5"\ny,2,3\n'


def test_an_added_column_does_not_take_the_name_of_one_that_is_there(csv_file: CsvFile) -> None:
    table = read_table(csv_file(b"score,a,alarm\nx,1,y\n"), ["a"])
    with pytest.raises(InputError, match="already has columns 'score', 'alarm'"):
        to_csv(table, {"score": ["1"], "alarm": ["0"], "error": ["0"]})


@given(
    header=CELLS.filter(lambda name: name not in ("a", "score") and not name.startswith("\ufeff")),
    cells=st.lists(CELLS, min_size=1, max_size=4),
)
def test_other_columns_pass_through_whatever_they_hold(
    header: str, cells: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("table") / "series.csv"
    text = io.StringIO()
    csv.writer(text).writerows([[header, "a"], *([cell, "1"] for cell in cells)])
    path.write_bytes(text.getvalue().encode())
    options = ReadOptions(delimiter=",", decimal=".", header=True, comment="\ud800")
    table = read_table(path, ["a"], options=options)
    out = to_csv(table, {"score": ["2"] * len(cells)})
    written = list(csv.reader(io.StringIO(out, newline="")))
    assert written == [[header, "a", "score"], *([cell, "1", "2"] for cell in cells)]


def test_many_rows_are_read_in_blocks_as_one_is(csv_file: CsvFile) -> None:
    rows = 40_000
    values = np.random.default_rng(0).normal(size=rows).round(6).tolist()
    cells = [repr(value) for value in values]
    cells[20_000], cells[33_000] = "NA", ""
    lines = [
        f"2026-01-{1 + i // 1440:02d} {i // 60 % 24:02d}:{i % 60:02d}:00,{cell},"
        f"{'a_1' if i % 2 else ''},{'' if i < 30_000 else i}"
        for i, cell in enumerate(cells)
    ]
    path = csv_file(("time,a,host,late\n" + "\n".join(lines) + "\n").encode())
    table = read_table(path, ["a"], fill=True)
    values[20_000], values[33_000] = values[19_999], values[32_999]
    np.testing.assert_array_equal(table.values[:, 0], values)
    assert table.filled == 2
    assert table.times is not None
    np.testing.assert_array_equal(np.diff(table.times), 60.0)
    assert dict(table.assignment.left_out)["host"] == "text such as 'a_1'"
    with pytest.raises(InputError, match="row 20001, column 'a': expected a number, got 'NA'"):
        read_table(path, ["a"])
    with pytest.raises(InputError, match="row 2, column 'host': expected a number, got 'a_1'"):
        read_table(path, ["host"], fill=True)
    late = read_frame(path).column("late")  # begins with 30,000 empty cells
    assert late.numeric
    assert not len(late.text)
    assert late.numbers[30_000] == 30_000


@pytest.mark.parametrize(
    ("first", "second", "seconds"),
    [
        ("2026-03-01 00:00:00", "2026-03-01 00:01:00", 60),
        ("2026-03-01T00:00:00", "2026-03-01T00:01:00", 60),
        ("2026-02-28 23:59:59", "2026-03-01 00:00:00", 1),
        ("2026-03-01 00:00", "2026-03-01 00:01", 60),
        ("2026-03-01 00:00:00.5", "2026-03-01 00:00:01.75", 1.25),
        ("2026-03-01T00:00-01", "2026-03-01T00:00-02", 3600),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00-01:30", 5400),
        ("2026/3/1 9:00", "2026/3/1 10:00", 3600),
        ("2026-03-01", "2026-03-02", 86_400),
    ],
)
def test_times_in_many_forms(first: str, second: str, seconds: float, csv_file: CsvFile) -> None:
    table = read_table(csv_file(f"when,a\n{first},1\n{second},2\n".encode()), ["a"])
    assert table.times is not None
    assert np.diff(table.times).tolist() == [seconds]


def test_a_day_that_its_month_has_not_is_no_time(csv_file: CsvFile) -> None:
    path = csv_file(b"time,a\n2026-02-28 00:00:00,1\n2026-02-29 00:00:00,2\n")
    assert read_table(path, ["a"]).times is None
    with pytest.raises(InputError, match=r"row 2, column 'time': expected a time .*02-29"):
        read_table(path, ["a"], options=ReadOptions(time_column="time"))
