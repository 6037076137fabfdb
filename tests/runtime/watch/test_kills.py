"""A few kills in every mode, from the first moment on; `make kills` does a thousand."""

from pathlib import Path

import pytest
from endurance.kills import kill_in_mode
from endurance.modes import MODES


@pytest.mark.parametrize("mode", MODES)
def test_a_killed_watch_answers_as_one_that_never_was(
    mode: str, program: Path, tmp_path: Path
) -> None:
    tally = kill_in_mode(mode, 3, tmp_path, program, rows=3000, seed=1)
    assert tally.kills >= 1 or tally.lives >= 3  # a fast machine ends before it is killed
    assert not tally.wrong
