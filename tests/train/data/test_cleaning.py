"""Cleaning: what is mended, what is refused in one line, and what is said about either."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.options import ReadOptions
from stillwatch.runtime.tables.times.axis import timing
from stillwatch.train.data.tables.cleaning import fill_missing, last_of_each_time
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.data.tables.table_file import load_recording

NAN = float("nan")
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        path = tmp_path / "my.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("refuse", [[2, 20], [4, 40], [7, 70]]),
        ("forward", [[2, 20], [4, 40], [4, 40], [4, 60], [7, 70], [7, 80]]),
        ("interpolate", [[2, 20], [4, 40], [5, 50], [6, 60], [7, 70]]),
    ],
)
def test_fill_missing(missing: str, expected: list[list[float]]) -> None:
    values = np.array(
        [[NAN, 10], [2, 20], [4, 40], [NAN, NAN], [NAN, 60], [7, 70], [NAN, 80]], np.float64
    )
    before = values.copy()
    filled, count = fill_missing(values, missing)
    np.testing.assert_array_equal(filled, expected)
    np.testing.assert_array_equal(values, before)
    assert count == {"refuse": 0, "forward": 4, "interpolate": 3}[missing]


@pytest.mark.parametrize("missing", ["forward", "interpolate"])
def test_fill_a_channel_without_any_value(missing: str) -> None:
    filled, count = fill_missing(np.array([[1.0, NAN], [2.0, NAN]]), missing)
    assert (filled.shape, count) == ((0, 2), 0)


def test_of_rows_with_one_time_the_last_stands() -> None:
    kept = last_of_each_time(np.array([0.0, 1, 1, 1, 2, 3, 3]))
    assert kept.tolist() == [True, False, False, True, True, False, True]
    assert last_of_each_time(np.array([5.0])).tolist() == [True]
    with pytest.raises(InputError, match="row 3 is earlier than the row before it"):
        last_of_each_time(np.array([0.0, 2, 1, 3]))


def test_timing_finds_gaps_and_irregular_steps() -> None:
    steps = [60.0] * 50 + [180.0] + [60.0] * 30 + [63.0, 75.0] + [60.0] * 20 + [86_400.0]
    found = timing(np.cumsum([0.0, *steps]))
    assert (found.step, found.gaps, found.irregular) == (60.0, (51, 104), 1)


def test_irregular_sampling_is_not_cut_to_pieces() -> None:
    steps = np.random.default_rng(0).uniform(1, 20, 500)
    steps[200] = 5000
    found = timing(np.concatenate([[0.0], np.cumsum(steps)]))
    assert found.gaps == (201,)
    assert found.irregular > 300
    assert timing(np.array([3.0])).gaps == ()


def test_a_clean_file(write: Write) -> None:
    path = write("t,a,host,b\n2026-01-01T00:00,1,x,2\n2026-01-01T00:01,3,x,4.5\n")
    found = load_recording(path, options=ReadOptions(time_column="t"))
    assert (found.name, found.channels, found.remarks) == ("my.csv", ("a", "b"), ())
    np.testing.assert_array_equal(found.joined(), [[1, 2], [3, 4.5]])
    chosen = load_recording(path, columns=["b", "a"])
    np.testing.assert_array_equal(chosen.joined(), [[2, 1], [4.5, 3]])


def test_gaps_repeats_missing_and_constant_are_said(write: Write) -> None:
    minutes = [0, 1, 2, 3, 3, 4, 5, 20, 21, 22, 23]
    cells = ["1", "", "3", "9", "4", "5", "6", "", "8", "9", "10"]
    lines = [f"{m * 60},{c},7" for m, c in zip(minutes, cells, strict=True)]
    found = load_recording(
        write("t,a,flat\n" + "\n".join(lines) + "\n"),
        options=ReadOptions(time_column="t"),
        missing="forward",
    )
    first, second = found.segments
    np.testing.assert_array_equal(first[:, 0], [1, 1, 3, 4, 5, 6])
    np.testing.assert_array_equal(second[:, 0], [8, 9, 10])  # not filled from over the gap
    said = "\n".join(found.remarks)
    for part in ("1 rows have the time", "1 gaps in time, the first before row 8", "1 cells",
                 "1 rows dropped", "1 channels never change (flat)"):  # fmt: skip
        assert part in said
    assert len(found.remarks) == 5


def test_parquet_reads_as_csv_does(write: Write, tmp_path: Path) -> None:
    text = "t,a,b\n0,1,2\n1,,4\n2,5,6\n"
    by_csv = load_recording(
        write(text), options=ReadOptions(time_column="t"), missing="interpolate"
    )
    frame = pd.read_csv(tmp_path / "my.csv")
    frame["t"] = pd.to_datetime(frame["t"], unit="s")
    frame.to_parquet(tmp_path / "my.parquet")
    found = load_recording(
        tmp_path / "my.parquet", options=ReadOptions(time_column="t"), missing="interpolate"
    )
    assert found.remarks == by_csv.remarks
    np.testing.assert_array_equal(found.joined(), by_csv.joined())
    np.testing.assert_array_equal(found.joined(), [[1, 2], [3, 4], [5, 6]])


def test_file_without_a_header(write: Write) -> None:
    found = load_recording(write("1,2\n3,5\n"))
    assert found.channels == ("channel_1", "channel_2")
    np.testing.assert_array_equal(found.joined(), [[1, 2], [3, 5]])


REFUSED = {
    "empty": ("", {}, "is empty"),
    "header alone": ("t,a\n", {}, "a header and no rows"),
    "no such time column": (
        "t,a\n0,1\n",
        {"options": ReadOptions(time_column="when")},
        "no column 'when'",
    ),
    "no such channel": ("t,a\n0,1\n", {"columns": ["b"]}, "no column 'b'"),
    "not sorted": (
        "t,a\n0,1\n2,2\n1,3\n",
        {"options": ReadOptions(time_column="t")},
        "column 't': row 3 is earlier than the row before it (1 such in all)",
    ),
    "not a time": (
        "t,a\nsoon,1\n",
        {"options": ReadOptions(time_column="t")},
        "row 1, column 't': expected a time",
    ),
    "text in a channel": ("a,b\n1,2\n3,high\n", {}, "row 2, column 'b': expected a number, got 'h"),
    "text in a named one": (
        "a,b\nx,2\n",
        {"columns": ["a"]},
        "row 1, column 'a': expected a number, got 'x'",
    ),
    "infinite": ("a\n1\ninf\n", {}, "row 2, column 'a': expected a finite float32 number"),
    "too large": ("a\n1\n1e39\n", {}, "row 2, column 'a': expected a finite float32 number"),
    "missing": ("a,b\n1,2\n,4\nnan,5\n", {}, "row 2, column 'a': there is no value (2 such cells"),
    "nothing left": (
        "a,b\n1,\n2,\n",
        {"missing": "forward", "columns": ["a", "b"]},
        "no rows are left after cleaning: column 'b'",
    ),
    "no numbers": (
        "t,name\n0,x\n",
        {"options": ReadOptions(time_column="t")},
        "no column of numbers",
    ),
    "ragged": ("a,b\n1,2\n3,4,5\n6,7\n", {}, "row 2: expected 2 cells like the header, got 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line(case: str, write: Write) -> None:
    text, options, expected = REFUSED[case]
    path = write(text)
    with pytest.raises(InputError) as caught:
        load_recording(path, **options)  # type: ignore[arg-type]
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("not-there.csv", None), ("binary.csv", b"\xff\xfe\x00\x01"), ("no.parquet", b"PAR1 not")],
)
def test_files_that_cannot_be_read(name: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_recording(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_recording_counts_all_its_rows() -> None:
    found = Recording(name="x", channels=("a",), segments=(np.ones((2, 1)), np.zeros((3, 1))))
    assert found.rows == len(found.joined()) == 5
