"""What a calibration may be told beside the normal data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.features import FEATURES, ROBUST
from stillwatch.runtime.scoring.scaling import Moments, floored_moments, series_moments

__all__ = ["ROBUST_SHRINKAGE", "SHRINKAGE", "CalibrationOptions"]

# Chosen on machines 1-7 and 2-1, and on 1-7, 2-1, 2-2 and 2-7; no other machine's labels were seen.
SHRINKAGE = 0.01
ROBUST_SHRINKAGE = 0.03


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions:
    """Options of a calibration; raises InputError for one that cannot be.

    channels: their names, by default the capsule's. features: what the
    distance is taken of, one of FEATURES; PUBLISHED gives the published
    score. rate: the share of normal windows that may be called anomalous.
    source: where the data are from. period: seconds between two rows, for a
    judge; None for none. plain_inputs: as in `build_capsule`.
    decoder: one of DECODERS, the form of the graph. keep_scaler: the capsule's
    mean and scale, which a network that came in was trained behind, stay.
    budget: events a week that the rows should suffice for. keep_all: rows that
    look unlike the rest count too. ahead: of a forecaster, rows from a forecast
    to its error; None for one, or what its detector has.
    """

    channels: Sequence[str] | None = None
    features: str = ROBUST
    rate: float = 0.01
    source: str = ""
    period: float | None = None
    plain_inputs: bool = False
    decoder: str = "plain"
    keep_scaler: bool = False
    budget: float = 1.0
    keep_all: bool = False
    ahead: int | None = None

    def __post_init__(self) -> None:
        """Raises InputError naming the option that is out of range."""
        if self.features not in FEATURES:
            expected = ", ".join(map(repr, FEATURES))
            raise InputError(f"expected features of {expected}, got {self.features!r}")
        if not 0 < self.rate < 1:
            raise InputError(f"expected a rate between 0 and 1, got {self.rate}")
        if self.period is not None and not 0 < self.period < math.inf:
            raise InputError(f"expected a period above 0 seconds, got {self.period}")
        if not 0 < self.budget < math.inf:
            raise InputError(f"expected a budget of events a week above 0, got {self.budget}")

    @property
    def shrinkage(self) -> float:
        """The share of the mean variance that is added to the diagonal of Sigma."""
        return ROBUST_SHRINKAGE if self.features == ROBUST else SHRINKAGE

    def moments(self, normal: Float64) -> Moments:
        """Returns the scaler (1, C) of normal rows (T, C), floored where the score is robust."""
        return floored_moments(normal) if self.features == ROBUST else series_moments(normal)
