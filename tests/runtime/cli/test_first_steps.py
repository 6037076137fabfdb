"""The program as a newcomer meets it: what it is called, near misses, help, interrupts."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import stillwatch
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.cli.program.completion import completion_parser
from stillwatch.runtime.cli.program.discovery import own_commands
from stillwatch.runtime.cli.program.parser import nearest
from stillwatch.runtime.cli.progress import score_with_progress
from stillwatch.runtime.detector import Detector

Run = Callable[..., subprocess.CompletedProcess[str]]
CsvFile = Callable[..., Path]
VERSION = metadata.version("stillwatch")


def test_the_package_says_its_version_and_nothing_else() -> None:
    assert stillwatch.__version__ == VERSION
    with pytest.raises(AttributeError, match="no attribute 'version'"):
        _ = stillwatch.version  # type: ignore[attr-defined]


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_module_is_the_program(option: str, clean_env: dict[str, str]) -> None:
    command = [sys.executable, "-m", "stillwatch", option]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_env, check=True)
    assert done.stdout == f"stillwatch {VERSION}\n"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["scor"], "score"),
        (["train", "senso"], "sensor"),
        (["score", "nab-rds", "x.csv", "--treshold", "3"], "--threshold"),
        (["score", "nab-rds", "x.csv", "--fill", "forwards"], "forward"),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_near_miss_is_answered_with_what_may_be_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"; did you mean {meant}?\n")


def test_what_is_near_nothing_is_not_guessed() -> None:
    assert nearest("nab_RDS", ["nab-rds", "smd-micro"]) == "nab-rds"
    assert nearest("weather", ["nab-rds", "smd-micro"]) is None


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_a_near_miss_of_a_shipped_capsule(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean nab-rds?" in refused(["score", "nab_rds", "x.csv"], capsys)
    assert "did you mean" not in refused(["score", "weather", "x.csv"], capsys)


@pytest.mark.parametrize("command", ["score", "calibrate"])
@pytest.mark.parametrize("model", ["nab-rds", "mine.onnx"])
def test_swapped_arguments_are_noticed(
    command: str, model: str, csv_file: CsvFile, capsys: pytest.CaptureFixture[str]
) -> None:
    series = str(csv_file(b"value\n1\n2\n"))
    said = refused([command, series, model, "-o", "out"], capsys)
    assert f"the model comes first, then the file: expected {model} {series}" in said


@pytest.mark.parametrize("missing", ["onnx", "pandas", "mxnet"])
def test_help_of_every_command_needs_no_extra(missing: str, clean_env: dict[str, str]) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from stillwatch.runtime.cli.program.discovery import own_commands\n"
        "from stillwatch.runtime.cli.main import main\n"
        "for command in own_commands():\n"
        "    try:\n"
        "        value = ['1'] * ('--' in command.words)\n"
        "        status = main([*command.words.split(), *value, '--help'])\n"
        "    except SystemExit as ended:\n"
        "        status = ended.code\n"
        "    assert status == 0, command\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean_env, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("usage: stillwatch ") >= len(own_commands())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("stillwatch ", ["score", "watch", "train"]),
        ("stillwatch score --t", ["--threshold", "--time-column"]),
        ("stillwatch train sensor --", ["--data", "--units"]),
        ("stillwatch train ", ["nab-rds", "smd", "sensor"]),
        ("stillwatch score 'open", ["--output"]),
    ],
)
def test_a_shell_is_offered_what_may_follow(line: str, expected: list[str]) -> None:
    parser = completion_parser(own_commands(), {"COMP_LINE": line})
    offered = words_of(parser)
    assert set(expected) <= offered


def words_of(parser: object) -> set[str]:
    """All options and commands of a parser and those below it."""
    found: set[str] = set()
    for action in parser._actions:  # type: ignore[attr-defined]
        found |= set(action.option_strings)
        if isinstance(action.choices, dict):
            found |= set(action.choices)
            for below in action.choices.values():
                found |= words_of(below)
    return found


def test_argcomplete_answers_a_shell(program: Path, clean_env: dict[str, str]) -> None:
    pytest.importorskip("argcomplete")
    line = "stillwatch sc"
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)),
             "_ARGCOMPLETE_STDOUT_FILENAME": os.devnull, "IFS": "\n"}  # fmt: skip
    reader, writer = os.pipe()
    done = subprocess.run(
        ["bash", "-c", f"exec 8>&{writer} 9>/dev/null; exec {program}"],
        env=clean_env | {k: v for k, v in asked.items() if "FILENAME" not in k},
        pass_fds=[writer], capture_output=True, timeout=600, check=False,
    )  # fmt: skip
    os.close(writer)
    with os.fdopen(reader) as answer:
        assert answer.read().split() == ["score"]
    assert done.returncode == 0


def test_an_interrupt_is_one_line_that_says_how_to_go_on(
    program: Path, clean_env: dict[str, str], csv_file: CsvFile
) -> None:
    fifo = csv_file(b"").parent / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [program, "score", "nab-rds", fifo], env=clean_env, stderr=subprocess.PIPE, text=True
    )
    with fifo.open("wb") as feed:  # returns when the program waits for the rest of it
        feed.write(b"value\n1\n")
        feed.flush()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=600)
    assert process.returncode == 130
    assert said.strip().startswith("stillwatch: interrupted; no output is left half written")
    assert "Say the same again" in said
    assert len(said.strip().splitlines()) == 1


def test_progress_is_said_on_a_terminal_only_and_changes_no_score(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stillwatch.runtime.cli.progress._LONG", 100)
    monkeypatch.setattr("stillwatch.runtime.cli.progress._STEP", 64)
    detector = Detector.load("nab-rds-online")
    values: Float64 = np.random.default_rng(0).normal(20, 3, (700, 1))
    quiet = score_with_progress(detector, values, {})
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    shown = score_with_progress(detector, values, {})
    said = capsys.readouterr().err
    assert said.startswith("\rscoring 700 rows:   0%\rscoring 700 rows:   9%")
    assert said.endswith("\r\033[K")
    np.testing.assert_array_equal(shown.score, quiet.score)
    np.testing.assert_array_equal(shown.alarm, quiet.alarm)
    np.testing.assert_array_equal(shown.contribution, quiet.contribution)


def test_nothing_is_coloured(program: Path, clean_env: dict[str, str]) -> None:
    """So that NO_COLOR has nothing to switch off, not even on a terminal."""
    controller, device = pty.openpty()
    done = subprocess.run(
        [program, "info", "nab-rds"], env=clean_env, stdout=device, stderr=device, check=True
    )
    os.close(device)
    said = os.read(controller, 1 << 16)
    os.close(controller)
    assert done.returncode == 0
    assert b"nab-rds" in said
    assert b"\033[" not in said


def test_a_detector_says_what_it_is() -> None:
    detector = Detector.load("nab-rds")
    assert repr(detector) == "<Detector nab-rds: 1 channel (value), 18 parameters, calibrated>"
    page = detector._repr_html_()
    assert page.startswith("<table")
    assert "18" in page
    assert "value [percent]" in page
    assert json.dumps(page)
