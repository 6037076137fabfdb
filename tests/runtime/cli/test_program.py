import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.unrelated import unrelated_model
from support.watching import PATIENCE, Watch

from stillwatch.runtime import Detector, shipped
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.capsule.reading import info_to_json
from stillwatch.runtime.cli.info import SERVES

Run = Callable[..., subprocess.CompletedProcess[str]]
CsvFile = Callable[..., Path]
MOMENTS = ["--mean", "20", "--scale", "5"]
WATCHES = pytest.mark.parametrize(
    ("arguments", "options"),
    [
        pytest.param(["nab-rds-online"], {}, id="online"),
        pytest.param(["nab-rds", *MOMENTS], {"mean": 20, "scale": 5}, id="offline"),
    ],
)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def answers(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Returns what a watch answered; JSON has no word for infinity, so that is refused."""
    assert done.returncode == 0, done.stderr

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("model", ["nab-rds", "nab-rds-online"])
def test_score_adds_its_columns_to_the_files_own(
    model: str, run: Run, csv_file: CsvFile, series: Float64
) -> None:
    path = csv_file(series)
    done = run("score", model, path)
    assert done.returncode == 0
    before, after = table(path.read_text(encoding="utf-8")), table(done.stdout)
    assert [{key: row[key] for key in before[0]} for row in after] == before
    result = Detector.load(model).score(series)
    for name in ("score", "reconstruction", "error"):
        figures = getattr(result, name)
        expected = ["" if np.isnan(figure) else f"{figure:.7g}" for figure in figures]
        assert [row[name] for row in after] == expected
    assert [row["alarm"] for row in after] == [str(int(alarm)) for alarm in result.alarm]
    assert done.stderr.startswith(f"700 rows, {result.alarm.sum()} alarms above ")
    assert ("first 288 rows without an answer" in done.stderr) == (model == "nab-rds-online")


def test_score_writes_to_a_file_what_it_would_print(
    run: Run, csv_file: CsvFile, series: Float64, tmp_path: Path
) -> None:
    path, output = csv_file(series), tmp_path / "out.csv"
    done = run("score", "nab-rds", path, "-o", output)
    assert (done.returncode, done.stdout) == (0, "")
    assert output.read_text(encoding="utf-8") == run("score", "nab-rds", path).stdout


def test_score_names_its_alarms(run: Run, csv_file: CsvFile, series: Float64) -> None:
    done = run("score", "nab-rds", csv_file(series), "--threshold", "30")
    assert done.stderr.splitlines()[0] == "700 rows, 1 alarms above 30"
    assert done.stderr.splitlines()[1].startswith("  row 601: score ")
    assert "rack 1, left" in done.stderr


def test_score_reads_the_column_it_is_told(run: Run, csv_file: CsvFile, series: Float64) -> None:
    path = csv_file(series)
    renamed = csv_file(path.read_bytes().replace(b"value", b"cpu", 1), "renamed.csv")
    by_name = table(run("score", "nab-rds", renamed, "--column", "cpu", *MOMENTS).stdout)
    expected = table(run("score", "nab-rds", path, *MOMENTS).stdout)
    assert [row["score"] for row in by_name] == [row["score"] for row in expected]


def test_score_fills_forward_and_says_how_many(run: Run, csv_file: CsvFile) -> None:
    path = csv_file(b"timestamp,value\na,1\nb,\nc,NaN\nd,5\n")
    done = run("score", "nab-rds", path, "--fill", "forward", *MOMENTS)
    assert done.returncode == 0
    assert "2 cells filled forward" in done.stderr.splitlines()[0]
    filled = Detector.load("nab-rds").score([1, 1, 1, 5], mean=20, scale=5).score
    assert [row["score"] for row in table(done.stdout)] == [f"{score:.7g}" for score in filled]


@WATCHES
def test_watch_answers_each_line_before_the_next_and_as_score_does(
    arguments: list[str], options: dict[str, Any], watch: Callable[..., Watch], series: Float64
) -> None:
    values = series[300:640]
    watched = watch(*arguments)
    expected = Detector.load(arguments[0]).score(values, **options)
    for i, value in enumerate(values.tolist()):
        watched.send(repr(value))
        found = watched.answer()
        assert found["line"] == i + 1
        if np.isnan(expected.score[i]):
            assert (found["score"], found["alarm"]) == (None, None)
            assert found["warm_up"] == 288 - (i + 1)
            continue
        assert np.float32(found["score"]) == expected.score[i]
        assert found["alarm"] == expected.alarm[i]
        assert np.float32(found["reconstruction"]["value"]) == expected.reconstruction[i]
        assert np.float32(found["error"]["value"]) == expected.error[i]
    assert found["score"] is not None
    assert watched.end() == ""
    assert watched.process.returncode == 0


def test_watch_passes_the_other_cells_below_a_header_through(run: Run) -> None:
    lines = 'timestamp,value,host\n2024-01-01,20,"a, b"\n\n2024-01-02,nan,c\n2024-01-03,21,d\n'
    done = run("watch", "nab-rds", *MOMENTS, "--fill", "forward", input=lines)
    found = answers(done)
    assert [answer["line"] for answer in found] == [2, 4, 5]
    assert [answer["host"] for answer in found] == ["a, b", "c", "d"]
    assert found[1]["timestamp"] == "2024-01-02"
    expected = Detector.load("nab-rds").score([20, 20, 21], mean=20, scale=5).score
    assert [np.float32(answer["score"]) for answer in found] == list(expected)


@pytest.mark.parametrize("fill", [[], ["--fill", "forward"]], ids=["refuse", "fill"])
def test_watch_answers_a_line_it_cannot_read_and_goes_on_as_if_it_had_not_come(
    fill: list[str], run: Run
) -> None:
    bad = ["high", "1,2", ",nan", "inf", "1e39", '"1', *([] if fill else ["nan"])]
    values = np.linspace(15, 25, len(bad) + 1)
    lines = [str(values[0])]
    for value, line in zip(values[1:], bad, strict=True):
        lines += [line, str(value)]
    done = run("watch", "nab-rds", *MOMENTS, *fill, input="\n".join(lines))
    found = answers(done)
    assert [list(answer) for answer in found[1::2]] == [["line", "error"]] * len(bad)
    expected = Detector.load("nab-rds").score(values, mean=20, scale=5).score
    assert [np.float32(answer["score"]) for answer in found[::2]] == list(expected)
    assert done.stderr == f"stillwatch: {len(bad)} lines could not be read\n"


def test_watch_goes_on_after_bytes_that_are_not_utf_8(run: Run) -> None:
    done = run(
        *("watch", "nab-rds", *MOMENTS),
        input="20\n\udcff\n21\n",
        errors="surrogateescape",
        env={"PYTHONIOENCODING": "utf-8:strict"},  # as in every locale but C and POSIX
    )
    assert [list(answer)[1] for answer in answers(done)] == ["score", "error", "score"]


def test_watch_does_not_fill_from_a_value_it_refused(run: Run) -> None:
    done = run("watch", "nab-rds", *MOMENTS, "--fill", "forward", input="20\n1e39\nnan\n")
    expected = Detector.load("nab-rds").score([20, 20], mean=20, scale=5).score
    assert np.float32(answers(done)[2].get("score")) == expected[1]


def test_watch_answers_in_json_even_where_a_score_is_beyond_float32(run: Run) -> None:
    done = run("watch", "nab-rds", "--mean", "0", "--scale", "1e-30", input="1e30\n")
    assert answers(done)[0]["alarm"] is True


def test_strict_watch_ends_at_the_first_line_it_cannot_read(run: Run) -> None:
    done = run("watch", "nab-rds", *MOMENTS, "--strict", input="20\nhigh\n21\n")
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.startswith("stillwatch: line 2: ")
    assert "'high'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_watch_ends_quietly_when_its_reader_goes(watch: Callable[..., Watch]) -> None:
    watched = watch("nab-rds", *MOMENTS)
    watched.send("20")
    watched.answer()
    assert watched.process.stdout
    watched.process.stdout.close()
    watched.send("21")  # the answer to this one finds no reader
    assert watched.process.wait(PATIENCE) == 0
    assert watched.process.stderr
    assert watched.process.stderr.read() == b""


@pytest.mark.parametrize(
    "command", [["info", "nab-rds"], ["verify", "nab-rds"], ["score"]], ids=str
)
def test_a_command_ends_quietly_when_nobody_reads(
    command: list[str | Path], run: Run, csv_file: CsvFile, series: Float64
) -> None:
    if command == ["score"]:
        command = ["score", "nab-rds", csv_file(series[:9]), "--threshold", "1e9"]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(*command, stdout=writer)
    finally:
        os.close(writer)
    assert "BrokenPipe" not in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("model", ["nab-rds", "nab-rds-online"])
def test_verify_says_passed(model: str, run: Run) -> None:
    done = run("verify", model)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 golden vectors" in done.stdout
    assert done.stdout.endswith("passed\n")


def test_verify_ends_with_status_1_where_a_golden_vector_differs(
    run: Run, altered: Callable[..., bytes], tmp_path: Path
) -> None:
    golden = json.loads(info_to_json(Detector.load("nab-rds").info))["golden"]
    golden[0]["score"][3] += 0.01
    path = tmp_path / "other.onnx"
    path.write_bytes(altered({"golden": golden}))
    done = run("verify", path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith("FAILED\n")


def test_info_tells_what_is_in_the_capsule(run: Run) -> None:
    done = run("info", "nab-rds-online")
    assert (done.returncode, done.stderr) == (0, "")
    size = len(opening.read_bytes("nab-rds-online"))
    for expected in (
        "nab-rds",
        f"{size:,} bytes, 18 parameters",
        "rolling(288)",
        "value [percent]",
    ):
        assert expected in done.stdout
    for port in ("values", "mean", "scale", "threshold", "score", "alarm", "reconstruction"):
        assert f"put  {port} (" in done.stdout


def test_info_without_a_name_lists_the_shipped_capsules_and_whom_they_serve(run: Run) -> None:
    done = run("info")
    assert done.returncode == 0, done.stderr
    assert set(SERVES) == set(shipped())
    lines = done.stdout.splitlines()
    assert lines[0].startswith("smd-segments: ")  # what to try first comes first
    for name, serves in SERVES.items():
        assert f"{name}: {serves}" in lines
        place = lines.index(f"{name}: {serves}")
        assert f"{Detector.load(name).info.parameters:,} parameters" in lines[place + 1]
        assert "trained on " in lines[place + 1]
    assert "stillwatch calibrate smd-segments" in lines[-1]


def test_info_prints_the_metadata_as_json(run: Run) -> None:
    done = run("info", "nab-rds", "--json")
    assert json.loads(done.stdout) == json.loads(info_to_json(Detector.load("nab-rds").info))


def test_help_names_every_command_and_version_the_version(run: Run) -> None:
    done = run("--help")
    for command in ("reproduce", "train", "export", "verify", "info", "score", "watch", "data"):
        assert re.search(rf"^ +{command}\b", done.stdout, re.MULTILINE)
    assert run("--version").stdout.startswith("stillwatch 0.")


def assert_refused(done: subprocess.CompletedProcess[str], fragment: str) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("stillwatch: ")
    assert done.stderr.count("\n") == 1
    assert fragment in done.stderr


BAD_SERIES = {
    "empty": (b"", [], "is empty"),
    "header only": (b"timestamp,value\n", [], "has a header and no rows"),
    "no such column": (b"timestamp,cpu\na,1\n", [], "no column 'value': it has 'timestamp', 'cpu'"),
    "no number": (
        b"t,value\na,1\nb,high\n",
        [],
        "row 2, column 'value': expected a number, got 'h",
    ),
    "NaN": (
        b"t,value\na,1\nb,NaN\nc,\n",
        [],
        "row 2, column 'value': expected a number, got 'NaN'",
    ),
    "empty cell": (
        b"t,value\na,1\nb,2\nc,\n",
        [],
        "row 3, column 'value': expected a number, got ''",
    ),
    "beyond float32": (b"t,value\na,1\nb,1e39\n", [], "row 2"),
    "ragged": (b"t,value\na,1\nb\n", [], "row 2: expected 2 cells like the header, got 1"),
    "not UTF-8": (b"t,value\n\xe9,1\n", [], "is not UTF-8 text"),
    "wrong channels": (b"value\n1\n", ["--column", "value"] * 2, "expected 1 column, one for each"),
    "output column taken": (b"value,score\n1,2\n", [], "already has columns 'score'"),
    "mean alone": (b"value\n1\n", ["--mean", "1"], "mean and scale together"),
    "scale of zero": (b"value\n1\n", ["--mean", "1", "--scale", "0"], "scale above 0"),
    "threshold NaN": (b"value\n1\n", ["--threshold", "nan"], "threshold"),
}


@pytest.mark.parametrize(("content", "options", "fragment"), BAD_SERIES.values(), ids=BAD_SERIES)
def test_a_bad_series_is_refused_in_one_line_and_nothing_is_written(
    content: bytes, options: list[str], fragment: str, run: Run, csv_file: CsvFile, tmp_path: Path
) -> None:
    path = csv_file(content)
    assert_refused(run("score", "nab-rds", path, "-o", tmp_path / "out.csv", *options), fragment)
    assert list(tmp_path.iterdir()) == [path]


def test_fewer_rows_than_the_model_needs_are_refused(
    run: Run, csv_file: CsvFile, series: Float64, tmp_path: Path
) -> None:
    path = csv_file(series[:288])
    done = run("score", "nab-rds-online", path, "-o", tmp_path / "out.csv")
    assert_refused(done, "expected more than 288 rows")
    assert list(tmp_path.iterdir()) == [path]


def test_a_series_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("score", "nab-rds", tmp_path / "none.csv", "-o", tmp_path / "out.csv")
    assert_refused(done, f"cannot read {tmp_path / 'none.csv'}: No such file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["none/out.csv", "series.csv/out.csv"])
def test_a_folder_that_cannot_be_written_is_refused(
    place: str, run: Run, csv_file: CsvFile, series: Float64, tmp_path: Path
) -> None:
    path = csv_file(series)
    assert_refused(run("score", "nab-rds", path, "-o", tmp_path / place), "cannot write")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("command", ["score", "info", "watch"])
def test_a_full_standard_output_is_said_in_one_line(
    command: str, run: Run, csv_file: CsvFile, series: Float64
) -> None:
    arguments: dict[str, list[str | Path]] = {
        "score": ["nab-rds", csv_file(series)],
        "info": ["nab-rds"],
        "watch": ["nab-rds", *MOMENTS],
    }
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = run(command, *arguments[command], stdout=full, input="20\n")
    assert done.returncode == 75  # it may be tried again
    assert done.stderr.splitlines()[-1].startswith("stillwatch: ")
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


BAD_MODELS: dict[str, tuple[Callable[[Callable[..., bytes]], bytes], str]] = {
    "empty": (lambda _: b"", "not a stillwatch capsule, or is cut short"),
    "truncated": (lambda altered: altered({})[:5000], "not a stillwatch capsule, or is cut short"),
    "bit-flipped": (lambda altered: _flipped(altered({})), "is damaged"),
    "unrelated": (lambda _: unrelated_model().SerializeToString(), "not a stillwatch capsule"),
    "no metadata": (lambda altered: altered(None), "has no stillwatch metadata"),
    "newer schema": (lambda altered: altered({"schema": 99}), "has schema version 99"),
}


def _flipped(content: bytes) -> bytes:
    return bytes([*content[:1000], content[1000] ^ 16, *content[1001:]])


@pytest.mark.parametrize(("make", "fragment"), BAD_MODELS.values(), ids=BAD_MODELS)
def test_a_bad_model_is_refused_in_one_line_and_nothing_is_written(
    make: Callable[[Callable[..., bytes]], bytes],
    fragment: str,
    altered: Callable[..., bytes],
    run: Run,
    csv_file: CsvFile,
    series: Float64,
    tmp_path: Path,
) -> None:
    model, path = csv_file(make(altered), "model.onnx"), csv_file(series)
    assert_refused(run("score", model, path, "-o", tmp_path / "out.csv"), fragment)
    assert sorted(tmp_path.iterdir()) == [model, path]


@pytest.mark.parametrize("command", ["watch", "info", "verify"])
def test_every_command_refuses_a_damaged_model(command: str, run: Run, csv_file: CsvFile) -> None:
    model = csv_file(_flipped(opening.read_bytes("nab-rds")), "model.onnx")
    assert_refused(run(command, model), "is damaged")


@pytest.mark.parametrize("command", ["score", "info"])
def test_a_model_that_is_not_there_is_refused(command: str, run: Run) -> None:
    more = ["series.csv"] if command == "score" else []
    assert_refused(run(command, "nab-rbs", *more), "no capsule 'nab-rbs'")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["nab-rds"], "give mean and scale, or use a 'rolling' capsule such as nab-rds-online"),
        (["nab-rds", "--mean", "1"], "mean and scale together"),
        (["nab-rds-online", "--column", "a", "--column", "b", "--strict"], "expected 1 column"),
    ],
)
def test_a_watch_that_cannot_be_is_refused(arguments: list[str], fragment: str, run: Run) -> None:
    assert_refused(run("watch", *arguments, input="a,b\n1,2\n"), fragment)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["scroe", "nab-rds"],
        ["score", "nab-rds"],
        ["score", "nab-rds", "series.csv", "--fill", "backward"],
        ["watch", "nab-rds", "--unheard-of"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_answered_with_the_usage(arguments: list[str], run: Run) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: stillwatch")
    assert "error: " in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
