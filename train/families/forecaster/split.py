"""How a series is parted in time: training, validation, intervals, report."""

from dataclasses import dataclass

from stillwatch.runtime.errors import InputError
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["Split", "split_of"]


@dataclass(frozen=True)
class Split:
    """The first rows of validation, of those that measure intervals, and of those reported on."""

    validation: int
    intervals: int
    test: int
    rows: int


def split_of(rows: int, config: ForecasterConfig) -> Split:
    """Returns how rows in time order are parted; raises InputError where there are too few."""
    intervals = round(rows * (1 - config.held_out))
    validation = round(intervals * (1 - config.validation))
    split = Split(validation, intervals, round(rows * (1 - config.held_out / 2)), rows)
    parts = (validation - config.lookback, intervals - validation, split.test - intervals)
    if min(parts) < config.horizon + 1:
        raise InputError(
            f"expected rows for a lookback of {config.lookback} and a horizon of {config.horizon} "
            f"in each part of the series, got {rows} rows: {validation} to train, "
            f"{parts[1]} to validate, {parts[2]} for intervals and as many to report on; shorten "
            "--lookback or --horizon"
        )
    return split
