"""Nothing lost and nothing doubled, from the first byte: each of these once fell."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.series import cpu_like
from support.watching import PATIENCE

Run = Callable[..., subprocess.CompletedProcess[str]]
Popen = subprocess.Popen[bytes]
MODEL = ["watch", "nab-rds", "--mean", "20", "--scale", "5"]


@pytest.fixture
def start(program: Path, clean_env: dict[str, str], tmp_path: Path) -> Callable[..., Popen]:
    """Starts a watch with a state, its standard output in a file unless told otherwise."""
    return lambda *words, **options: subprocess.Popen(
        [program, *MODEL, "--state", tmp_path / "state", *words], env=clean_env, **options
    )


def lines_of(path: Path) -> list[int]:
    return [json.loads(line)["line"] for line in path.read_text().splitlines()]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.001)


def test_killed_before_its_first_second_it_answers_no_line_twice(
    start: Callable[..., Popen], tmp_path: Path
) -> None:
    source, out = tmp_path / "lines", tmp_path / "out"
    source.write_text("20\n" * 200_000)
    for _ in range(2):
        with source.open("rb") as lines:
            process = start("-o", out, "--save-every", "1000", stdin=lines)
        until(lambda: out.exists() and out.stat().st_size > 10_000)
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
    source.write_text("20\n" * 100)  # of the same lines, so many that they are answered soon
    with source.open("rb") as lines:
        assert start("-o", out, stdin=lines).wait(PATIENCE) == 0
    assert lines_of(out) == list(range(1, 101))


def test_two_watches_cannot_have_one_state(
    start: Callable[..., Popen], run: Run, tmp_path: Path
) -> None:
    first = start("-o", tmp_path / "out", stdin=subprocess.PIPE)
    until((tmp_path / "state").exists)
    words = [*MODEL, "--state", tmp_path / "state", "-o", tmp_path / "out"]
    second = run(*words, input="20\n")
    assert second.returncode == 2
    assert "another watch has" in second.stderr
    assert second.stderr.count("\n") == 1
    first.communicate(b"20\n", timeout=PATIENCE)
    assert run(*words, input="21\n").returncode == 0  # it is free again
    assert lines_of(tmp_path / "out") == [1, 2]


def test_an_unfinished_last_line_of_a_file_waits_for_its_rest(
    start: Callable[..., Popen], tmp_path: Path
) -> None:
    source, out = tmp_path / "lines", tmp_path / "out"
    for content in ("20\n2", "20\n21\n22", "20\n21\n22\n"):
        source.write_text(content)
        with source.open("rb") as lines:
            assert start("-o", out, stdin=lines).wait(PATIENCE) == 0
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["line"] for one in found] == [1, 2, 3]
    assert all(one["score"] < 1 for one in found)  # no value is 2


def test_standard_input_may_stand_anywhere(start: Callable[..., Popen], tmp_path: Path) -> None:
    source, out = tmp_path / "lines", tmp_path / "out"
    source.write_text("# a line that somebody else has read\n20\n21\n")
    for _ in range(2):
        with source.open("rb", buffering=0) as lines:
            lines.readline()
            assert start("-o", out, stdin=lines).wait(PATIENCE) == 0
        with source.open("a") as grown:
            grown.write("22\n")
    assert [json.loads(line)["score"] < 1 for line in out.read_text().splitlines()] == [True] * 3


def test_another_file_as_input_is_refused(start: Callable[..., Popen], tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name, value, status in (("a", "20", 0), ("b", "30", 2)):
        (tmp_path / name).write_text(f"{value}\n" * 50)
        with (tmp_path / name).open("rb") as lines:
            process = start("-o", out, stdin=lines, stderr=subprocess.PIPE)
            _, complaint = process.communicate(timeout=PATIENCE)
        assert process.returncode == status
    assert b"the input is another file" in complaint
    assert lines_of(out) == list(range(1, 51))


def test_another_input_is_not_taken_for_a_replay(run: Run, tmp_path: Path) -> None:
    words = [*MODEL, "--state", tmp_path / "state"]
    assert run(*words, input="20\n21\n").returncode == 0
    for other in ("20\n22\n23\n", "20\n"):
        done = run(*words, "--replay", input=other)
        assert done.returncode == 2
        assert "another one" in done.stderr
        assert not done.stdout
    assert len(run(*words, "--replay", input="20\n21\n22\n").stdout.splitlines()) == 1


def test_a_pipe_loses_nothing_to_a_kill(start: Callable[..., Popen], tmp_path: Path) -> None:
    fifo, out = tmp_path / "fifo", tmp_path / "out"
    os.mkfifo(fifo)
    held = os.open(fifo, os.O_RDWR)  # as systemd does: writer and watch may come and go
    fcntl.fcntl(held, fcntl.F_SETPIPE_SZ, 2**20)
    values = [f"{value:.4f}\n" for value in cpu_like(8, 30_000)]
    os.write(held, "".join(values).encode()[: 2**19 - 3])  # ends within a line
    rest = "".join(values).encode()[2**19 - 3 :]
    for size in (10_000, 500_000):
        process = start("-o", out, "--save-every", "1000", stdin=held)
        until(lambda size=size: out.exists() and out.stat().st_size > size)  # type: ignore[misc]
        process.kill()
        process.wait(PATIENCE)
    os.write(held, rest)
    process = start("-o", out, stdin=held)
    until(lambda: out.read_text().count("\n") >= len(values))
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    os.close(held)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["line"] for one in found] == list(range(1, len(values) + 1))
    whole = tmp_path / "whole"
    source = tmp_path / "lines"
    source.write_text("".join(values))
    with source.open("rb") as lines:
        (tmp_path / "state").unlink()
        assert start("-o", whole, stdin=lines).wait(PATIENCE) == 0
    assert whole.read_bytes() == out.read_bytes()


def test_a_slow_reader_and_sigterm_tear_no_line_and_lose_none(
    start: Callable[..., Popen], tmp_path: Path
) -> None:
    source = tmp_path / "lines"
    source.write_text("20\n" * 3_000)
    got = b""
    for stopped in (True, False):
        with source.open("rb") as lines:
            process = start("--save-every", "1000", stdin=lines, stdout=subprocess.PIPE)
        assert process.stdout
        if stopped:
            got += process.stdout.read(1)  # it has begun; nobody reads on
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        rest = process.stdout.read()
        process.stdout.close()
        got += rest
        assert got.endswith(b"\n")
        assert process.wait(PATIENCE) == 0
    assert [json.loads(line)["line"] for line in got.splitlines()] == list(range(1, 3_001))


def test_a_pipe_is_saved_as_often_as_told(start: Callable[..., Popen], tmp_path: Path) -> None:
    state = tmp_path / "state"
    process = start("-o", tmp_path / "out", "--save-every", "1000", stdin=subprocess.PIPE)
    assert process.stdin
    until(state.exists)
    first = state.stat().st_ino
    for count in range(1, 20):
        process.stdin.write(b"20\n")
        process.stdin.flush()
        until(lambda: len(lines_of(tmp_path / "out")) == count)  # noqa: B023
        assert state.stat().st_ino == first  # a save is another file of that name
    process.communicate(timeout=PATIENCE)
    assert state.stat().st_ino != first
    assert {path.name for path in tmp_path.iterdir()} == {"out", "state"}


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_stream_is_said_and_nothing_goes_astray(
    closed: int, program: Path, clean_env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "lines").write_text("20\nbad\n")
    where = {0: "<&-", 1: f"< {tmp_path}/lines >&-", 2: f"< {tmp_path}/lines 2>&-"}[closed]
    done = subprocess.run(
        ["bash", "-c", f'"$@" {where}', "bash", program, *MODEL],
        env=clean_env, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    if closed == 2:
        assert done.returncode == 0
        assert [json.loads(line)["line"] for line in done.stdout.splitlines()] == [1, 2]
    else:
        assert done.returncode == 2
        assert f"standard {'output' if closed else 'input'} is closed" in done.stderr
        assert not done.stdout


def test_a_byte_order_mark_is_no_part_of_a_name(run: Run) -> None:
    for text in ("\ufefft,value\n0,20\n", "\ufeff20\n", '\ufeff{"value": 20}\n'):
        (answer,) = map(json.loads, run(*MODEL, input=text).stdout.splitlines())
        assert answer["score"] is not None


def test_a_terminal_of_ascii_gets_what_it_can_show(run: Run, tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    (tmp_path / "mine").mkdir()
    done = run("score", "nab-rds", tmp_path / "größe.csv", env=ascii_only)
    assert done.returncode == 2
    done = run("info", "nab-rds", env=ascii_only)
    assert done.returncode == 0, done.stderr


def test_a_symbolic_link_to_a_state_stays_one_and_parts_are_swept(run: Run, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "state").symlink_to(disk / "state")
    words = [*MODEL, "--state", tmp_path / "state", "-o", tmp_path / "out"]
    assert run(*words, input="20\n").returncode == 0
    (disk / ".state.x1abcdef.part").write_bytes(b"of a watch that was killed as it saved")
    assert run(*words, input="21\n").returncode == 0
    assert (tmp_path / "state").is_symlink()
    assert [path.name for path in disk.iterdir()] == ["state"]
    assert lines_of(tmp_path / "out") == [1, 2]
