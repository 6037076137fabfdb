"""A few kills in every mode, from the first moment on; `make kills` does a thousand."""

import itertools
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from endurance.kills import PATIENCE, kill_in_mode
from endurance.modes import MODEL, MODES
from support.series import cpu_like
from support.watching import Watch

from stillwatch.runtime.streaming.snapshot import unpack


@pytest.mark.parametrize("mode", MODES)
def test_a_killed_watch_answers_as_one_that_never_was(
    mode: str, program: Path, tmp_path: Path
) -> None:
    tally = kill_in_mode(mode, 3, tmp_path, program, rows=3000, seed=1)
    assert tally.kills >= 1 or tally.lives >= 3  # a fast machine ends before it is killed
    assert not tally.wrong


CUTS = (400, 1201, 1700)  # before the judge has begun; while an event stands; in calm


def eventful_lines() -> list[str]:
    """Lines of a sensor that spikes now and then, each time higher, or it would be familiar."""
    values = np.resize(cpu_like(3), 2400)
    for row, height in ((900, 40), (1200, 90), (1203, 180), (1600, 400), (2000, 900), (2300, 2000)):
        values[row : row + 2] += height
    return [f"{row * 300},{value:.4f}\n" for row, value in enumerate(values)]


def await_saved(state: Path, lines: int) -> None:
    """Waits until the watch has saved that it took so many lines in all."""
    deadline = time.monotonic() + PATIENCE
    while not state.exists() or unpack("watch", state.read_bytes())[0]["lines"] < lines:
        assert time.monotonic() < deadline, "it never saved so much"
        time.sleep(0.01)


@pytest.mark.parametrize("events", [[], ["--events"]], ids=["lines", "events"])
def test_a_killed_watch_judges_as_one_that_never_was(
    events: list[str], watch: Callable[..., Watch], tmp_path: Path
) -> None:
    """Killed after saves that follow answers: what a judge has learnt and spent is in the state.

    Each restart has a pipe of its own, so that nothing can be read twice.
    """
    lines = ["t,value\n", *eventful_lines()]
    for name, cuts in (("whole", ()), ("killed", CUTS)):
        state, out = tmp_path / f"{name}.state", tmp_path / f"{name}.out"
        words = [*MODEL, "--budget", "5/day", *events, "--save-every", "0"]
        places = [0, *(1 + cut for cut in cuts), len(lines)]
        for start, stop in itertools.pairwise(places):
            one = watch(*words, "--state", state, "-o", out)
            one.send("".join(lines[start:stop]).rstrip("\n"))
            if stop < len(lines):
                await_saved(state, stop)
                one.process.kill()
                assert one.process.wait() == -signal.SIGKILL
            else:
                one.end()
                assert one.process.returncode == 0
    whole = (tmp_path / "whole.out").read_bytes()
    answers = [json.loads(line) for line in whole.splitlines()]
    starts = [one.get("start", one)["line"] for one in answers if _alarms(one)]
    assert starts[1] < CUTS[1]  # it spends before it is killed, and after the last time
    assert CUTS[-1] < starts[-2]
    assert (tmp_path / "killed.out").read_bytes() == whole


def _alarms(answer: dict[str, Any]) -> bool:
    return answer.get("alarm") is True or answer.get("event") == "start"
