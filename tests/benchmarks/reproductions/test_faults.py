import numpy as np
import pytest

from stillwatch.benchmarks.reproductions.faults.made import (
    CHANNELS,
    FAULTS,
    LENGTH,
    faulty,
    made_rows,
    planted,
)
from stillwatch.benchmarks.reproductions.faults.run import summarize

QUIET = made_rows(600, 1)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("channel", [0, CHANNELS - 1])
def test_a_fault_touches_its_channels_and_its_rows_alone(fault: str, channel: int) -> None:
    made = planted(QUIET, fault, channel, 300, 0)
    changed = made != QUIET
    assert not changed[:300].any()
    assert not changed[300 + LENGTH :].any()
    assert set(np.flatnonzero(changed.any(axis=0))) == set(faulty(fault, channel))


def test_the_sensors_are_the_same_for_every_seed_and_their_noise_is_not() -> None:
    other = made_rows(600, 2)
    assert (other != QUIET).all()
    np.testing.assert_allclose(other.mean(axis=0), QUIET.mean(axis=0), atol=2)


def test_blame_counts_among_what_was_detected() -> None:
    rows = [
        {"detector": "d", "fault": "spike", "detected": True, "right": True},
        {"detector": "d", "fault": "spike", "detected": False, "right": False},
        {"detector": "d", "fault": "level", "detected": True, "right": False},
    ]
    by_fault = {row["fault"]: row for row in summarize(rows)}
    assert (by_fault["spike"]["hit_rate"], by_fault["spike"]["detected"]) == (1, 1)
    assert (by_fault["all"]["hit_rate"], by_fault["all"]["planted"]) == (0.5, 3)
