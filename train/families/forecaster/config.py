"""A forecaster and its training: frozen, validated, written into every checkpoint."""

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.runtime.forecasting.calendar import check_terms
from stillwatch.train.families.config_fields import check, check_fields

__all__ = ["ACTIVATIONS", "SCALINGS", "STRATEGIES", "ForecasterConfig"]

STRATEGIES = ("direct", "recursive")
SCALINGS = ("standard", "min-max")
ACTIVATIONS = ("relu", "linear")
_MOST = 100_000


@dataclass(frozen=True, kw_only=True)
class ForecasterConfig:
    """A forecaster and its training.

    strategy: "direct" answers the whole horizon at once, "recursive" one step
    after another, fed its own answers. horizon, lookback: rows ahead, and rows
    that the network sees. channels: "independent" forecasts one channel at a
    time with shared weights, "joint" all at once. covariates: columns that are
    read and not forecast; calendar: terms of the time that are, too.
    scaling: by mean and deviation, or smallest and largest, of the training
    rows alone.

    Direct: segment, rows that make one step of the LSTM; linear, rows of the
    linear map beside it, 0 for none; rank of that map, 0 for full. Recursive:
    layers; dense, units of a hidden layer behind the LSTM, 0 for none, and its
    activation.

    epochs of `steps` batches each; learning_rate rises over `warmup` batches
    and falls to 0 as a cosine; clip, patience and dropout are as in the other
    families. validation, held_out: shares of the rows; the last rows are held
    out, their first half measures the interval of `coverage`, their second
    half is what the report forecasts.
    """

    family: ClassVar[str] = "forecaster"

    strategy: str = "direct"
    horizon: int = 24
    lookback: int = 168
    channels: str = "independent"
    covariates: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()
    scaling: str = "standard"
    missing: str = "refuse"
    units: int = 64
    segment: int = 24
    linear: int = 168
    rank: int = 0
    layers: int = 1
    dense: int = 0
    activation: str = "relu"
    dropout: float = 0.3
    epochs: int = 10
    steps: int = 80
    batch: int = 32
    learning_rate: float = 3e-3
    warmup: int = 20
    clip: float = 5.0
    patience: int = 10
    validation: float = 0.15
    held_out: float = 0.2
    coverage: float = 0.9
    alpha: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError naming the first value of a wrong type or out of range."""
        check_fields(self)
        check_terms(self.calendar)
        for name, expected, holds in (
            ("strategy", f"a strategy of {STRATEGIES}", self.strategy in STRATEGIES),
            ("horizon", f"a horizon of 1 to {_MOST} rows", 1 <= self.horizon <= _MOST),
            ("lookback", f"a lookback of 2 to {_MOST} rows", 2 <= self.lookback <= _MOST),
            ("scaling", f"a scaling of {SCALINGS}", self.scaling in SCALINGS),
            ("segment", f"a segment of 1 to {_MOST} rows", 1 <= self.segment <= _MOST),
            ("rank", "a rank of 0, for full, or more", 0 <= self.rank <= _MOST),
            ("dense", "0 dense units, for none, or more", 0 <= self.dense <= _MOST),
            ("activation", f"an activation of {ACTIVATIONS}", self.activation in ACTIVATIONS),
            ("steps", "1 batch an epoch or more", 1 <= self.steps <= _MOST),
            ("warmup", "0 batches of warm-up or more", 0 <= self.warmup <= _MOST),
            ("held_out", "a held-out share between 0 and 1", 0 < self.held_out < 1),
            ("coverage", "a coverage between 0.5 and 1", 0.5 < self.coverage < 1),
        ):
            check(holds, expected, getattr(self, name))
        if self.strategy == "direct":
            self._check_direct()

    def _check_direct(self) -> None:
        check(
            self.lookback % self.segment == 0,
            f"a lookback in whole segments of {self.segment} rows",
            self.lookback,
        )
        check(
            0 <= self.linear <= self.lookback,
            f"a linear map of 0 rows, for none, to the lookback's {self.lookback}",
            self.linear,
        )
        check(self.units % 2 == 0, "an even number of units", self.units)

    @property
    def window(self) -> int:
        """The lookback, by the name that it has in every other family."""
        return self.lookback
