"""A few kills in every mode, from the first moment on; `make kills` does a thousand."""

import json
import signal
import time
from pathlib import Path

import pytest
from endurance.kills import PATIENCE, kill_in_mode, write_lines
from endurance.modes import MODES, Life

BUDGET = ("--budget", "5/week")


@pytest.mark.parametrize("mode", MODES)
def test_a_killed_watch_answers_as_one_that_never_was(
    mode: str, program: Path, tmp_path: Path
) -> None:
    tally = kill_in_mode(mode, 3, tmp_path, program, rows=3000, seed=1)
    assert tally.kills >= 1 or tally.lives >= 3  # a fast machine ends before it is killed
    assert not tally.wrong


@pytest.mark.parametrize("words", [BUDGET, (*BUDGET, "--events")], ids=["lines", "events"])
def test_a_killed_watch_judges_as_one_that_never_was(
    words: tuple[str, ...], program: Path, tmp_path: Path
) -> None:
    """Killed before the judge's first alarm, and between its alarms; a pipe never ends of its own.

    What a judge has learnt and spent is in the state, or later alarms would differ.
    """
    source = tmp_path / "lines"
    write_lines(source, 3000)
    lives = {}
    for name, mode in (("whole", "file"), ("killed", "pipe")):
        (tmp_path / name).mkdir()
        lives[name] = Life(mode, tmp_path / name, source, program, "0", words)
    whole = lives["whole"].finish(b"", PATIENCE)
    answers = [json.loads(line) for line in whole.splitlines()]
    alarms = [one for one in answers if one.get("alarm") or one.get("event") == "start"]
    assert len(alarms) > 2
    killed = lives["killed"]
    for share in (0.2, 0.6):
        process = killed.start()
        deadline = time.monotonic() + PATIENCE
        while not killed.out.exists() or killed.out.stat().st_size < share * len(whole):
            assert time.monotonic() < deadline, "it never answered so much"
            time.sleep(0.001)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert killed.finish(whole, PATIENCE) == whole
