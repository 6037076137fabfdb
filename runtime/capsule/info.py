"""The capsule contract: the names in the graph and the metadata beside it.

A capsule is one ONNX file that is the whole detector. Its graph takes `values`
and gives `score`, `alarm`, `reconstruction`, `error` and, from schema 2 on,
`contribution`; what a host needs to know about it beyond shapes is one JSON
document in the ONNX metadata, which reading.py turns into a CapsuleInfo and back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.capsule.figures import CapsuleThreshold, DataOrigin, NormalScores, Training
from stillwatch.runtime.capsule.graph_judge import GraphJudge
from stillwatch.runtime.scoring.scaling import Moments, ScalingPolicy

__all__ = [
    "DIGEST_KEY",
    "JUDGED",
    "METADATA_KEY",
    "OUTPUTS",
    "SCHEMA_VERSION",
    "TRAINED_ALARM",
    "CapsuleInfo",
    "Channel",
    "Golden",
    "required_outputs",
]

SCHEMA_VERSION = 2
METADATA_KEY = "stillwatch"
DIGEST_KEY = "stillwatch.digest"
TRAINED_ALARM = "trained_alarm"  # the network's own, where `alarm` is the judge's
JUDGED = (TRAINED_ALARM, "surprise", "parts", "cost", "mark", "judge_out")
OUTPUTS = ("score", "alarm", "reconstruction", "error", "contribution")
_OUTPUTS_OF_SCHEMA_1 = OUTPUTS[:4]


def required_outputs(schema: int) -> tuple[str, ...]:
    """Returns the outputs that every capsule of a schema has."""
    return _OUTPUTS_OF_SCHEMA_1 if schema == 1 else OUTPUTS


@dataclass(frozen=True)
class Channel:
    """A channel's name and unit."""

    name: str
    unit: str


@dataclass(frozen=True)
class Golden:
    """A window and what it scores: values and reconstruction (T, C), score and alarm (T,).

    `mean` and `scale` are the graph's defaults. The expected figures come from
    a plain NumPy network in double precision, not from onnxruntime.
    contribution: (T, C); None where it is left out, since it sums to the score.
    """

    values: tuple[tuple[float, ...], ...]
    score: tuple[float, ...]
    alarm: tuple[bool, ...]
    reconstruction: tuple[tuple[float, ...], ...]
    contribution: tuple[tuple[float, ...], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class CapsuleInfo:
    """What a capsule says of itself.

    window: values after which the network starts afresh from a zero state.
    state: the units of the carried state; 0 for a model that carries none and
    wants whole windows. channel_mode: "independent" if each channel is a
    sequence of its own, else "joint". score: what it is, in words.
    calibrated: whether scaler and threshold are of real sensors; if not,
    nothing raises an alarm.
    tolerance: the largest difference from `golden`, in scaled units.
    normal_scores: None in a capsule that is not calibrated. judge: of one that
    knows how far apart its rows are. graph_judge: of one whose graph has the
    judge in it. task: what it is
    for; horizon: how many rows ahead it forecasts, 0 for none. features: what
    a distance is taken of, one of scoring/features.py, "" where the score is
    none. further: what a newer release of the same schema wrote beside these.
    """

    schema: int
    family: str
    window: int
    stride: int
    state: int
    channel_mode: str
    score: str
    calibrated: bool
    channels: tuple[Channel, ...]
    parameters: int
    scaling: ScalingPolicy
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    threshold: CapsuleThreshold
    error_quantiles: Mapping[str, float]
    data: DataOrigin
    training: Training
    golden: tuple[Golden, ...]
    tolerance: float
    producer: str
    normal_scores: NormalScores | None = None
    judge: JudgeSpec | None = None
    graph_judge: GraphJudge | None = None
    task: str = "detect"
    horizon: int = 0
    features: str = ""
    further: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def channel_names(self) -> tuple[str, ...]:
        """The channels' names, in the order of the last axis of `values`."""
        return tuple(channel.name for channel in self.channels)

    @cached_property
    def trained(self) -> Moments:
        """The trained mean and scale (1, C), for all who ask; not to be written to."""
        moments = Moments(np.array([self.mean]), np.array([self.scale]))
        moments.mean.flags.writeable = moments.scale.flags.writeable = False
        return moments
