"""The recipe of the single-feature autoencoder, as it can be chosen."""

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.runtime.scoring.scaling import ScalingPolicy
from stillwatch.train.families.config_fields import check, check_fields

__all__ = ["NabRdsConfig"]


@dataclass(frozen=True, kw_only=True)
class NabRdsConfig:
    """The recipe of the single-feature autoencoder; the defaults are the published ones.

    units: LSTM units. window: consecutive values fed as one sequence, the
    state zero at the start of each. masked: labelled training anomalies give
    way to the last normal value. scaling: the policies to calibrate a
    threshold for, the first one the capsule's default. validation: the last
    part of the training series, which the optimiser never sees. sigmas: the
    threshold is mean + sigmas * deviation of the training errors.
    """

    family: ClassVar[str] = "nab-rds"
    layers: ClassVar[int] = 1
    channels: ClassVar[str] = "joint"

    units: int = 1
    window: int = 48
    masked: bool = True
    scaling: tuple[str, ...] = ("series", "trained", "rolling(288)")
    epochs: int = 15
    learning_rate: float = 0.01
    optimizer: str = "sgd"
    validation: float = 0.2
    sigmas: float = 3.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigError naming the first value of a wrong type or out of range."""
        check_fields(self)
        check(len(self.scaling) > 0, "at least one scaling policy", self.scaling)
        for policy in self.scaling:
            ScalingPolicy.parse(policy)
