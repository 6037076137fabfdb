"""Planted faults are blamed on their channel: the aim is nine of ten, over all kinds."""

import numpy as np

from stillwatch.benchmarks.detection.planted import FAULTS, blamed, made_rows


def test_the_faulty_channel_is_first() -> None:
    found = blamed()
    assert set(found) == set(FAULTS)
    by_part = [fault["contribution"] for fault in found.values()]
    assert min(by_part) >= 0.9
    assert np.mean(by_part) > np.mean([fault["error"] for fault in found.values()])


def test_made_rows_are_made_anew_by_their_seed() -> None:
    np.testing.assert_array_equal(made_rows(50, 1), made_rows(50, 1))
    assert np.abs(made_rows(50, 1) - made_rows(50, 2)).max() > 0.1
