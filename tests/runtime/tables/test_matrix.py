"""The matrix: every kind of file through score, calibrate, train and watch, and what came of it.

Each either gives the same numbers as the plain CSV, or one line that names
cause and remedy. `pytest -s` shows the table.
"""

import argparse
import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.input_files import CHANNELS, ROWS, SAME, InputFile, input_files, values
from support.repeat_vectors import make_capsule

from stillwatch.runtime import Detector, InputError
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.tables.cells import split_cells
from stillwatch.runtime.watch.options import WatchOptions
from stillwatch.runtime.watch.watcher import Watcher
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.options import add_data_options, recording_of

FILES = {file.name: file for file in input_files()}
EACH = pytest.mark.parametrize("name", FILES)
# Scores are written in seven digits, and those of a watch in nine.
TOLERANCE = 1e-5
NO_LINES = "no lines of text"
MARKS = {SAME: "same", NO_LINES: "-"}
COMMANDS = ("score", "calibrate", "train", "watch")


@dataclass(frozen=True)
class Place:
    """Where the files are; a capsule of the plain one, its scores, and what came of the others."""

    folder: Path
    capsule: Path
    scores: AnyArray
    digest: str
    outcomes: dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("matrix")
    for number, file in enumerate(FILES.values()):
        (folder / f"{number}.dat").write_bytes(file.content)
    (folder / "model.onnx").write_bytes(make_capsule(RepeatVectorConfig(units=3, window=10), 2))
    capsule = folder / "plain.onnx"
    words = [str(folder / "model.onnx"), str(folder / "0.dat"), "-o", str(capsule)]
    assert main(["calibrate", *words]) == 0
    detector = Detector.load(capsule)
    scores = detector.score(values()).score
    outcomes: dict[tuple[str, str], str] = {}
    return Place(folder, capsule, scores, detector.info.data.sha256, outcomes)


def path_of(file: InputFile, place: Place) -> Path:
    return place.folder / f"{list(FILES).index(file.name)}.dat"


def called(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The outcome of a call of the program, and what it said; a refusal is one line."""
    capsys.readouterr()
    status = main(words)
    said = capsys.readouterr().err
    if status == 0:
        return SAME, said
    assert status == 2, said
    assert said.startswith("stillwatch: "), said
    assert said.count("\n") == 1, said
    return said.strip(), said


def check(outcome: str, expected: str) -> None:
    assert outcome == SAME if expected == SAME else expected in outcome, outcome


def columns_of(file: InputFile) -> list[str]:
    if file.columns is None or "--column" in file.options:
        return []
    return [word for name in file.columns for word in ("--column", name)]


@EACH
def test_score(name: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = FILES[name], place.folder / "scored"
    words = ["score", str(place.capsule), str(path_of(file, place)), "-o", str(out)]
    outcome, said = called([*words, *columns_of(file), *file.options], capsys)
    place.outcomes[name, "score"] = outcome
    check(outcome, file.expected)
    if outcome == SAME:
        delimiter, decimal = file.form
        with out.open(newline="", encoding="utf-8") as lines:
            header, *rows = split_cells(lines, delimiter)
        found = [float(row[header.index("score")].replace(decimal, ".")) for row in rows]
        np.testing.assert_allclose(found, place.scores, rtol=TOLERANCE)
        assert file.said in said
        assert "channels: temp, load" in said or file.columns is not None


@EACH
def test_calibrate(name: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = FILES[name], place.folder / "mine.onnx"
    words = ["calibrate", str(place.folder / "model.onnx"), str(path_of(file, place))]
    outcome, said = called([*words, "-o", str(out), *file.options], capsys)
    place.outcomes[name, "calibrate"] = outcome
    check(outcome, SAME if "another case" in name else file.expected)
    if outcome == SAME:
        assert Detector.load(out).info.data.sha256 == place.digest
        assert file.said in said


@EACH
def test_train(name: str, place: Place) -> None:
    """As `train sensor` reads it; the training itself is the same whatever the file was."""
    file = FILES[name]
    parser = argparse.ArgumentParser()
    add_data_options(parser)
    options = [word for word in file.options if word not in ("--fill", "forward")]
    arguments = parser.parse_args(["--data", str(path_of(file, place)), *options])
    arguments.missing = "forward" if "--fill" in file.options else "refuse"
    expected = SAME if "another case" in name else file.train or file.expected
    try:
        recording = recording_of(arguments)
    except InputError as error:
        outcome = str(error)
        assert "\n" not in outcome
    else:
        outcome = SAME
        if len(recording.joined()) == ROWS:
            np.testing.assert_array_equal(recording.joined(), values())
            assert recording.channels == (file.columns or CHANNELS) or "another case" in name
        else:
            outcome = "; ".join(recording.remarks)
    place.outcomes[name, "train"] = outcome
    check(outcome, expected)


@EACH
def test_watch(name: str, place: Place) -> None:
    file = FILES[name]
    if file.watch is None:
        place.outcomes[name, "watch"] = NO_LINES
        return
    detector = Detector.load(place.capsule)
    watcher = Watcher(detector, WatchOptions(**file.watch_options))  # type: ignore[arg-type]
    answers, _ = watcher.take(file.content.split(b"\n"))
    said = [json.loads(line) for line in (answers + watcher.finish()).splitlines()]
    errors = [answer["error"] for answer in said if "score" not in answer]
    outcome = errors[0] if errors else SAME
    place.outcomes[name, "watch"] = outcome
    check(outcome, file.watch)
    if outcome == SAME:
        found = [answer["score"] for answer in said]
        np.testing.assert_allclose(found, place.scores, rtol=TOLERANCE)


@pytest.mark.parametrize("command", ["score", "calibrate"])
@pytest.mark.parametrize("kind", ["a pipe by name", "standard input", "process substitution"])
def test_what_can_be_read_once_is_read_once(
    kind: str,
    command: str,
    place: Place,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = FILES["gzip"].content
    reader, writer = os.pipe()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def feed() -> None:
        if kind == "a pipe by name":
            fifo.write_bytes(content)
        else:
            os.write(writer, content)
            os.close(writer)

    thread = threading.Thread(target=feed)
    thread.start()
    names = {"a pipe by name": str(fifo), "standard input": "-"}
    source = os.fdopen(reader)
    monkeypatch.setattr(sys, "stdin", source)
    model = place.capsule if command == "score" else place.folder / "model.onnx"
    words = [command, str(model), names.get(kind, f"/dev/fd/{reader}"), "-o", str(tmp_path / "o")]
    outcome, _ = called(words, capsys)
    thread.join()
    source.close()
    if kind == "a pipe by name":
        os.close(writer)
    assert outcome == SAME


def test_the_matrix(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[list[Any]] = [
        [name, *(place.outcomes.get((name, command), "not run") for command in COMMANDS)]
        for name in FILES
    ]
    assert len(rows) >= 60
    with capsys.disabled():
        print(f"\n{'file':<38}{'':1}" + "".join(f"{command:<11}" for command in COMMANDS))
        for name, *outcomes in rows:
            marks = (MARKS.get(outcome, "refused") for outcome in outcomes)
            why = next((outcome for outcome in outcomes if outcome not in MARKS), "")
            why = why.replace(f"{place.folder}/", "")
            print(f"{name:<39}" + "".join(f"{mark:<11}" for mark in marks) + why[:150])
