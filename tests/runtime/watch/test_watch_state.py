"""A watch that is killed at any moment and started again answers as one that never was."""

import json
import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.repeat_vectors import make_capsule
from support.series import cpu_like
from support.watching import PATIENCE, Watch

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

Run = Callable[..., subprocess.CompletedProcess[str]]
ROWS = 30_000


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines as a sensor writes them, some of them not to be read."""
    values = cpu_like(3, ROWS)
    text = [f"{i * 300},{value:.4f}" for i, value in enumerate(values)]
    for i in range(500, ROWS, 997):
        text[i] = f"{i * 300},lost"
    path = tmp_path_factory.mktemp("lines") / "sensor.csv"
    path.write_text("t,value\n" + "\n".join(text) + "\n")
    return path


@pytest.fixture(scope="module", params=["causal", "windowed"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "causal":
        return "nab-rds-online"
    path = tmp_path_factory.mktemp("model") / "windowed.onnx"
    plain = make_capsule(RepeatVectorConfig(units=5, layers=1, window=20), 1)
    path.write_bytes(
        calibrate(
            plain, "x", cpu_like(1, 2000)[:, None], CalibrationOptions(channels=["value"])
        ).content
    )
    return str(path)


OPTIONS = ["--time", "t", "--period", "300", "--threshold", "rolling(0.99,200)"]


@pytest.mark.parametrize("seed", [0])
def test_killed_at_any_moment_the_joined_output_is_that_of_one_run(
    model: str, seed: int, lines: Path, program: Path, clean_env: dict[str, str], tmp_path: Path
) -> None:
    def start(name: str) -> subprocess.Popen[bytes]:
        places = ["--state", tmp_path / f"{name}.state", "-o", tmp_path / f"{name}.jsonl"]
        often = ["--save-every", "0.5"]
        command = [program, "watch", model, *OPTIONS, *places, *often]
        with lines.open("rb") as source:
            return subprocess.Popen(command, stdin=source, stderr=subprocess.DEVNULL, env=clean_env)

    assert start("whole").wait(PATIENCE) == 0
    whole = (tmp_path / "whole.jsonl").read_text()
    draw = random.Random(seed)  # noqa: S311  (it has nothing to hide)
    state = tmp_path / "cut.state"
    cuts = 0
    for _ in range(3):
        process = start("cut")
        before = state.stat().st_mtime_ns if state.exists() else 0
        # Killed once it has saved at least once more, at a moment that is drawn.
        while process.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
            pass
        try:
            assert process.wait(timeout=draw.random() * 0.05) == 0
        except subprocess.TimeoutExpired:
            process.send_signal(draw.choice([signal.SIGKILL, signal.SIGTERM]))
            # Before it listens and after it has ended, SIGTERM does what it always does.
            assert process.wait(PATIENCE) in (-signal.SIGKILL, -signal.SIGTERM, 0)
            cuts += 1
    assert start("cut").wait(PATIENCE) == 0
    assert (tmp_path / "cut.jsonl").read_text() == whole
    assert cuts, "it ended before it could be killed"
    answered = [json.loads(line)["line"] for line in whole.splitlines()]
    assert len(set(answered)) == len(answered)


def test_what_was_written_after_the_last_save_is_written_anew(
    program: Path, clean_env: dict[str, str], tmp_path: Path
) -> None:
    source, out = tmp_path / "lines", tmp_path / "out"
    rows = [f"{i * 300},{value:.3f}\n" for i, value in enumerate(cpu_like(4, 600))]
    rows.insert(400, rows[399])  # a repeated time, just after the watch was stopped
    options = ["--time", "t", "--state", tmp_path / "state", "-o", out]

    def watch(upto: int, *places: str | Path) -> str:
        source.write_text("t,value\n" + "".join(rows[:upto]))
        with source.open("rb") as lines:
            command = [program, "watch", "nab-rds-online", *(places or options)]
            done = subprocess.run(
                command, stdin=lines, env=clean_env, capture_output=True, timeout=PATIENCE
            )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    whole = watch(len(rows), "--time", "t")
    assert "repeated time" in whole
    watch(400)
    with out.open("a") as written:  # as a watch leaves it that was killed before it saved again
        written.write('{"line": 402, "t": "119700", "score": 1.5}\n{"line": 403, "t": ')
    watch(len(rows))
    assert out.read_text() == whole


def test_a_pipe_goes_on_with_the_rest_of_the_lines_or_with_all_of_them_again(
    run: Run, tmp_path: Path
) -> None:
    values = [f"{value:.3f}" for value in cpu_like(5, 400)]
    whole = run("watch", "nab-rds-online", input="\n".join(values) + "\n").stdout
    for replay in (False, True):
        state, parts = tmp_path / f"state-{replay}", []
        for start, stop in ((0, 150), (150, 151), (151, 400)):
            fed = values[0 if replay else start : stop]
            words = ["--state", state, *(["--replay"] if replay and start else [])]
            done = run("watch", "nab-rds-online", *words, input="\n".join(fed) + "\n")
            parts.append(done.stdout)
            if start:
                assert f"going on after line {start}" in done.stderr
        assert "".join(parts) == whole


def test_sigterm_ends_cleanly_and_nothing_is_lost(
    watch: Callable[..., Watch], run: Run, tmp_path: Path
) -> None:
    state = str(tmp_path / "state")
    one = watch("nab-rds", "--mean", "20", "--scale", "5", "--state", state)
    for value in (20, 21, 22):
        one.send(str(value))
        assert one.answer()["score"] is not None
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(PATIENCE) == 0
    rest = ["watch", "nab-rds", "--mean", "20", "--scale", "5"]
    done = run(*rest, "--state", state, input="23\n")
    whole = run(*rest, input="20\n21\n22\n23\n")
    assert done.stdout == whole.stdout.splitlines(keepends=True)[-1]


def test_sigterm_ends_a_watch_whose_reader_stands_still(
    program: Path, clean_env: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "lines"
    source.write_text("20\n" * 50_000)
    with source.open("rb") as lines:
        process = subprocess.Popen(
            [program, "watch", "nab-rds", "--mean", "20", "--scale", "5"],
            stdin=lines,
            stdout=subprocess.PIPE,
            env=clean_env,
        )
    assert process.stdout
    process.stdout.read(1)  # it has begun; nobody reads on
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    process.stdout.close()


def test_a_state_is_refused_where_it_does_not_fit(run: Run, tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "out"
    words = ["watch", "nab-rds-online", "--state", state, "-o", out]
    assert run(*words, input="20\n21\n").returncode == 0
    good = state.read_bytes()

    def refusal(*arguments: str | Path) -> str:
        done = run(*arguments, input="22\n")
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
        return done.stderr

    assert "with other options" in refusal(*words, "--threshold", "3")
    other = ["watch", "smd-micro", "--state", state, "-o", out]
    assert "of another model" in refusal(*other)
    state.write_bytes(good[:-1])
    assert "damaged or cut short" in refusal(*words)
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    state.write_bytes(bytes(flipped))
    assert "damaged or cut short" in refusal(*words)
    state.write_bytes(b"something else")
    assert "expected a stillwatch snapshot" in refusal(*words)
    state.write_bytes(good)
    out.write_text("cut")
    assert "the state was saved at" in refusal(*words)
    assert "expected --state" in refusal("watch", "nab-rds-online", "--replay")


def test_a_state_that_cannot_be_written_is_said(run: Run, tmp_path: Path) -> None:
    done = run("watch", "nab-rds-online", "--state", tmp_path / "no" / "state", input="20\n")
    assert done.returncode == 2
    assert "cannot write" in done.stderr


def test_an_input_that_is_shorter_than_before_is_refused(
    program: Path, clean_env: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "lines"
    source.write_text("20\n21\n")
    command = [program, "watch", "nab-rds-online", "--state", tmp_path / "s", "-o", tmp_path / "o"]

    def again() -> subprocess.CompletedProcess[bytes]:
        with source.open("rb") as lines:
            return subprocess.run(
                command, stdin=lines, env=clean_env, capture_output=True, timeout=PATIENCE
            )

    assert again().returncode == 0
    with source.open("a") as grown:
        grown.write("22\n")
    assert again().returncode == 0
    answered = [json.loads(line)["line"] for line in (tmp_path / "o").read_text().splitlines()]
    assert answered == [1, 2, 3]
    source.write_text("1\n")
    done = again()
    assert done.returncode == 2
    assert b"it is another file" in done.stderr


def test_events_go_on_over_a_restart(run: Run, tmp_path: Path) -> None:
    words: list[Any] = ["watch", "nab-rds", "--mean", "20", "--scale", "5", "--threshold", "30"]
    words += ["--events", "--min-length", "2", "--cool-down", "3"]
    values = np.full(30, 20.0)
    values[10:14] = values[16:18] = 90.0
    text = [f"{value}\n" for value in values]
    whole = run(*words, input="".join(text)).stdout
    found = [json.loads(line) for line in whole.splitlines()]
    assert [event["event"] for event in found] == ["start", "end"]
    assert found[1]["start"]["line"] == 11
    assert found[1]["end"]["line"] == 18
    assert found[1]["alarms"] == 6
    parts = [
        run(*words, "--state", tmp_path / "state", input="".join(text[start:stop])).stdout
        for start, stop in ((0, 11), (11, 15), (15, 30))
    ]
    assert "".join(parts) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
