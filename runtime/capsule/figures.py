"""The figures that calibration leaves in a capsule, each group with a type of its own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CapsuleThreshold", "DataOrigin", "NormalScores", "Tail", "Training"]


@dataclass(frozen=True, kw_only=True)
class CapsuleThreshold:
    """The threshold of a capsule and, as far as its rule has them, the figures behind it.

    rule: in words. value: scores above it are alarms. count: of a windowed
    model, how many of them a window must exceed; of a causal one, how many
    scores the rule comes from. mean, deviation, sigmas: of mean + sigmas *
    deviation. rate, windows: of a window rule. condition, shrinkage: of the
    covariance behind a distance. further: what another release wrote beside them.
    """

    rule: str
    value: float
    count: int = 0
    mean: float | None = None
    deviation: float | None = None
    sigmas: float | None = None
    rate: float | None = None
    windows: int | None = None
    condition: float | None = None
    shrinkage: float | None = None
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tail:
    """A fitted tail: excesses over `level` of the peaks, with shape and scale of the Pareto.

    rows: how many scores it was fitted on. run: rows below the level that
    end a cluster. peaks: how many clusters there were.
    """

    rows: int
    level: float
    run: int
    peaks: int
    shape: float
    scale: float

    def exceeded_once_in(self, rows: float) -> float:
        """Returns the score that normal data are expected to exceed once in so many rows.

        The return level of Coles, equation 4.12. At least `level`, below
        which the fit says nothing.
        """
        expected = rows * self.peaks / self.rows  # peaks in that time
        if expected <= 1:
            return self.level
        if abs(self.shape) < 1e-9:
            return self.level + self.scale * math.log(expected)
        return self.level + self.scale * math.expm1(self.shape * math.log(expected)) / self.shape


@dataclass(frozen=True, kw_only=True)
class NormalScores:
    """How the scores of normal data lie: what threshold policies want to know of them.

    sigmas: how many deviations above the mean few held-out ones exceed. tail:
    None where it could not be fitted.
    """

    mean: float
    deviation: float
    sigmas: float
    tail: Tail | None


@dataclass(frozen=True, kw_only=True)
class DataOrigin:
    """Where the data that a capsule was made on are from: name, rows, SHA-256 of the values."""

    name: str
    rows: int
    sha256: str
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How the network was trained, and the form that its graph has.

    options: the configuration of the recipe, by name. decoder: the form of a
    repeat-vector decoder. precision: of the LSTM weights. data: what a
    network was trained on that was calibrated on something else.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    decoder: str = "plain"
    precision: str = "fp32"
    data: str | None = None

    @property
    def units(self) -> int:
        """Hidden units of a layer; 0 where the recipe does not say."""
        units = self.options.get("units", 0)
        return units if type(units) is int else 0

    @property
    def missing(self) -> str:
        """What stood in for missing cells in training: refuse, forward or interpolate."""
        return str(self.options.get("missing", "refuse"))
