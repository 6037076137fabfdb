"""The step of regular times, how they go on, and their calendar terms."""

import numpy as np
import pytest

from stillwatch.runtime import ConfigError, InputError
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.forecasting.calendar import calendar_terms
from stillwatch.runtime.forecasting.times import Step, like, parse_times, step_of

HOUR = 3_600_000_000


def at(*cells: str) -> AnyArray:
    return parse_times(cells, "made up")


@pytest.mark.parametrize(
    ("cells", "step", "following"),
    [
        (("2024-01-01 00:00", "2024-01-01 00:30", "2024-01-01 01:00"), "30 minutes", "01:30"),
        (("2024-01-30", "2024-01-31", "2024-02-01"), "1 day", "2024-02-02"),
        (("2023-11-01", "2023-12-01", "2024-01-01"), "1 month", "2024-02-01"),
        (("2023-04-15", "2023-07-15", "2023-10-15"), "3 months", "2024-01-15"),
        (("2024-01-01T23:59:59", "2024-01-02T00:00:00", "2024-01-02T00:00:01"), "1 second", ":02"),
    ],
)
def test_a_step_is_found_and_times_go_on(cells: tuple[str, ...], step: str, following: str) -> None:
    times = at(*cells)
    found = step_of(times, "made up")
    assert str(found) == step
    (text,) = like(found.after(times[-1], 1), cells[-1])
    assert text.endswith(following)
    assert len(text) == len(cells[-1])
    np.testing.assert_array_equal(found.before(times[-1], 3), times)


def test_an_offset_is_taken_off_and_utc_is_said() -> None:
    times = at("2024-01-01T02:00+02:00", "2024-01-01T03:00+02:00", "2024-01-01T04:00+02:00")
    assert times[0] == np.datetime64("2024-01-01T00:00")
    assert like(Step(microseconds=HOUR).after(times[-1], 1), "2024-01-01T04:00+02:00") == [
        "2024-01-01T03:00Z"
    ]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (("00:00", "01:00", "01:00", "02:00"), "row 3 comes at the same time as the one before"),
        (("00:00", "01:00", "03:00", "04:00"), "row 3 comes 2 hours after the one before it"),
        (("00:00", "01:00", "00:30", "01:30"), "row 3 comes 30 minutes before the one before"),
        (("00:00", "01:00"), "expected 3 rows or more, got 2"),
    ],
)
def test_irregular_times_are_one_line(cells: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        step_of(at(*(f"2024-01-01 {cell}" for cell in cells)), "made up")


def test_what_is_no_time_is_named() -> None:
    with pytest.raises(InputError, match=r"made up, row 2: expected a time in ISO 8601.*'noon'"):
        at("2024-01-01", "noon")


def test_calendar_terms_are_where_a_time_stands_in_its_cycle() -> None:
    monday_six = calendar_terms(at("2024-01-01 06:00"), ("hour", "weekday"))
    quarter = 0.25 / 7 * 2 * np.pi
    expected = [1.0, 0.0, np.sin(quarter), np.cos(quarter)]
    np.testing.assert_allclose(monday_six[0], expected, atol=1e-7)
    july = calendar_terms(at("2024-07-02"), ("year",))  # 183 of 366 days
    np.testing.assert_allclose(july[0], [0.0, -1.0], atol=1e-7)
    with pytest.raises(ConfigError, match="expected calendar terms of hour, weekday, year"):
        calendar_terms(at("2024-01-01"), ("hour", "hour"))
