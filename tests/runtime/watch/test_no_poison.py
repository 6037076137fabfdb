"""Whatever a line does is an error of that line: no line ends a watch or grows it without end."""

import json
import os
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.watching import PATIENCE, Watch

from stillwatch.runtime import Detector, InputError, Result, Stream
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.watch.clock import AGREEING, Clock
from stillwatch.runtime.watch.options import WatchOptions
from stillwatch.runtime.watch.watcher import Watcher

Run = Callable[..., subprocess.CompletedProcess[str]]
MODEL = ["watch", "nab-rds", "--mean", "20", "--scale", "5"]


def answers(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return [strictly(line) for line in done.stdout.splitlines()]


def strictly(line: str) -> Any:
    """Returns a line of JSON; Python's own NaN and Infinity are none."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} in {line}")

    return json.loads(line, parse_constant=refuse)


def test_a_channel_at_the_largest_number_alarms(run: Run) -> None:
    lines = "20\n" + "3.4028234e38\n" * 40 + "20\n"
    found = answers(run(*MODEL, input=lines))
    assert all(one["alarm"] and one["score"] > 1e6 for one in found[1:41])
    assert not any("warm_up" in one for one in found)


@pytest.mark.parametrize("member", ["NaN", "-Infinity", "1e999"])
def test_a_member_that_json_has_not_is_no_poison(member: str, run: Run, tmp_path: Path) -> None:
    words = [*MODEL, "--threshold", "0", "--state", tmp_path / "state", "-o", tmp_path / "out"]
    for line in (f'{{"value": 20, "rack": {member}}}\n', '{"value": 21, "rack": 1}\n'):
        assert run(*words, input=line).returncode == 0
    found = [strictly(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [(one["line"], one["rack"]) for one in found] == [(1, None), (2, 1)]


@pytest.mark.parametrize("stamps", [("1e308", "-1e308"), ("0", "1e308"), ("-1e308", "1e308")])
def test_times_of_any_size_are_read(stamps: tuple[str, str], run: Run) -> None:
    lines = "t,value\n" + "".join(f"{stamp},20\n" for stamp in stamps)
    for period in ("1", "0.001"):
        done = run(*MODEL, "--time", "t", "--period", period, input=lines)
        assert [one["line"] for one in answers(done)] == [2, 3]


def test_one_line_of_a_far_day_silences_no_other(run: Run, tmp_path: Path) -> None:
    words = [*MODEL, "--time", "t", "--state", tmp_path / "state"]
    day = "2026-11-24T{:02}:00:00,{}\n"
    first = "t,value\n" + day.format(0, 20) + "2100-01-01,20\n"
    after = day.format(1, 20) + day.format(2, 90) + day.format(3, 20)
    (good, bad) = answers(run(*words, input=first))
    assert good["score"] is not None
    assert "far from the last" in bad["error"]
    found = answers(run(*words, input=after))
    assert [one.get("alarm") for one in found] == [False, True, False]


def test_a_first_line_of_a_far_day_silences_no_other(run: Run) -> None:
    hours = "".join(f"2026-11-24T{hour:02}:00:00,20\n" for hour in range(6))
    found = answers(run(*MODEL, "--time", "t", input="t,value\n2100-01-01,20\n" + hours))
    assert ["alarm" in one for one in found] == [True, False, False, True, True, True, True]


def test_a_clock_that_was_put_right_is_believed_and_lines_sent_again_are_not() -> None:
    clock = Clock(1.0)

    def taken(seconds: float) -> bool:
        try:
            clock.missing(seconds)
        except InputError:
            return False
        clock.accept(seconds)
        return True

    assert [taken(t) for t in (0, 1, 2)] == [True] * 3
    assert [taken(1e9 + t) for t in range(5)] == [False] * (AGREEING - 1) + [True] * 3
    assert [taken(1e9 + t) for t in range(5)] == [False] * 5  # sent again
    assert [taken(1e9 + 5), taken(1e9 + 86_000)] == [True, True]  # a night without power
    again = Clock(1.0)
    again.restore(json.loads(json.dumps(clock.state())))
    assert again.missing(1e9 + 86_003) == 2


def test_a_filled_gap_goes_into_the_stream_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []

    def extend(stream: Stream, values: Float64) -> Result:
        rows.append(len(values))
        return whole(stream, values)

    whole = Stream.extend
    monkeypatch.setattr(Stream, "extend", extend)
    options = WatchOptions(mean=[20], scale=[5], time="t", period=1.0, gap="fill")
    watcher = Watcher(Detector.load("nab-rds"), options)
    content, _ = watcher.take([b"t,value", *(b"%d,20" % (i * 10_000) for i in range(15))])
    found = [strictly(line) for line in content.decode().splitlines()]
    assert [one.get("missing") for one in found] == [None, *[9999] * 14]
    assert sum(rows) == 14 * 10_000 + 1
    assert max(rows) <= 10_000


def test_a_score_that_is_no_number_is_an_alarm_that_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def extend(stream: Stream, values: Float64) -> Result:
        result = whole(stream, values)
        result.score[-1] = np.nan
        result.error[-1] = np.nan
        return replace(result, alarm=result.alarm | np.isnan(result.score))

    whole = Stream.extend
    monkeypatch.setattr(Stream, "extend", extend)
    detector = Detector.load("nab-rds")
    for only_events in (False, True):
        options = WatchOptions(mean=[20], scale=[5], only_events=only_events)
        watcher = Watcher(detector, options)
        content, _ = watcher.take([b"20", b"20"])
        state, snapshot = watcher.state()
        Watcher(detector, options).restore(json.loads(json.dumps(state)), snapshot, "s")
        (answer,) = [strictly(line) for line in content.decode().splitlines()][-1:]
        if only_events:
            assert answer["event"] == "start"
        else:
            assert (answer["score"], answer["alarm"]) == (None, True)
            assert answer["reason"] == "the score is not a number"


def test_what_passes_is_told_from_a_wrong_call(run: Run, tmp_path: Path) -> None:
    full = run(*MODEL, "-o", "/dev/full", input="20\n")
    assert full.returncode == 75
    assert full.stderr.startswith("stillwatch: cannot write /dev/full: No space left on device")
    assert full.stderr.count("\n") == 1
    assert run(*MODEL, "-o", tmp_path / "no" / "out", input="20\n").returncode == 2

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

    words = [*MODEL, "--state", tmp_path / "state", "-o", tmp_path / "out"]
    lines = "20\n" * 200
    assert run(*words, "--replay", input=lines, preexec_fn=small).returncode == 75
    for _ in range(2):
        assert run(*words, "--replay", input=lines).returncode == 0
    found = [strictly(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [one["line"] for one in found] == list(range(1, 201))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def lines_of(*paths: Path) -> list[int]:
    return [json.loads(line)["line"] for path in paths for line in path.read_text().splitlines()]


def test_an_output_that_is_renamed_is_followed(watch: Callable[..., Watch], tmp_path: Path) -> None:
    out, old, state = tmp_path / "out", tmp_path / "out.1", tmp_path / "state"
    one = watch(*MODEL[1:], "--state", str(state), "-o", str(out))
    one.send("20\n21")
    until(lambda: out.exists() and len(lines_of(out)) == 2)
    out.rename(old)
    one.send("22")
    until(lambda: out.exists() and len(lines_of(out)) == 1)
    one.end()
    assert lines_of(old, out) == [1, 2, 3]


def test_an_output_that_was_renamed_after_a_kill_is_cut_where_it_is(
    watch: Callable[..., Watch], run: Run, tmp_path: Path
) -> None:
    out, old, state = tmp_path / "out", tmp_path / "out.1", tmp_path / "state"
    words = [*MODEL, "--state", str(state), "-o", str(out), "--save-every", "1000"]
    one = watch(*words[1:])
    one.send("20\n21")
    until(lambda: out.exists() and len(lines_of(out)) == 2)
    one.process.kill()
    one.end()
    out.rename(old)
    assert run(*words, input="22\n").returncode == 0
    assert lines_of(old, out) == [1, 2, 3]


def test_an_output_that_was_copied_and_truncated_is_refused(
    watch: Callable[..., Watch], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    one = watch(*MODEL[1:], "--state", str(tmp_path / "state"), "-o", str(out))
    one.send("20\n21")
    until(lambda: out.exists() and len(lines_of(out)) == 2)
    os.truncate(out, 0)
    one.send("22")
    said = one.end()
    assert one.process.returncode == 2
    assert "rotate it by renaming" in said


def test_a_foreign_file_is_never_cut(run: Run, tmp_path: Path) -> None:
    words = [*MODEL, "--state", tmp_path / "state"]
    assert run(*words, "-o", tmp_path / "out", input="20\n").returncode == 0
    foreign = tmp_path / "else" / "diary"
    foreign.parent.mkdir()
    foreign.write_text("x" * 10_000)
    (tmp_path / "out").unlink()
    run(*words, "-o", foreign, input="21\n")
    assert foreign.read_text().startswith("x" * 10_000)
