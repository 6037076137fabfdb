"""The capsule contract: the names in the graph and the metadata beside it.

A capsule is one ONNX file that is the whole detector. Its graph takes `values`
and gives `score`, `alarm`, `reconstruction` and `error`; what a host needs to
know about it beyond shapes is one JSON document in the ONNX metadata.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.runtime.capsule.validation import check_info, check_texts
from stillwatch.runtime.errors import CapsuleError, StillwatchError
from stillwatch.runtime.scoring.scaling import ScalingPolicy

__all__ = [
    "DIGEST_KEY",
    "METADATA_KEY",
    "OUTPUTS",
    "SCHEMA_VERSION",
    "CapsuleInfo",
    "Channel",
    "Golden",
]

SCHEMA_VERSION = 1
METADATA_KEY = "stillwatch"
DIGEST_KEY = "stillwatch.digest"
OUTPUTS = ("score", "alarm", "reconstruction", "error")


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
    """

    values: tuple[tuple[float, ...], ...]
    score: tuple[float, ...]
    alarm: tuple[bool, ...]
    reconstruction: tuple[tuple[float, ...], ...]


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
    normal_scores: what threshold policies want to know of the training
    scores; empty in a capsule that is not calibrated.
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
    threshold: Mapping[str, Any]
    error_quantiles: Mapping[str, float]
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    golden: tuple[Golden, ...]
    tolerance: float
    producer: str
    normal_scores: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_json(self) -> str:
        """Returns the metadata document; the same info always gives the same text.

        Raises CapsuleError for an info that `from_json` would refuse.
        """
        try:
            check_info(self)
            check_texts(dataclasses.asdict(self))
        except (KeyError, TypeError, ValueError) as error:
            raise CapsuleError(f"these metadata do not fit a capsule: {error}") from error
        document = dataclasses.asdict(self) | {"scaling": str(self.scaling)}
        return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str, name: str) -> "CapsuleInfo":
        """Returns the info that `text` holds; raises CapsuleError naming the capsule `name`."""
        try:
            document = json.loads(text)
            check_texts(document)
            schema = document["schema"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise CapsuleError(f"{name} has metadata that cannot be read: {error}") from error
        if type(schema) is not int or not 1 <= schema <= SCHEMA_VERSION:
            raise CapsuleError(
                f"{name} has schema version {schema!r}; this stillwatch reads up to "
                f"{SCHEMA_VERSION}; upgrade with 'pip install --upgrade stillwatch'"
            )
        try:
            info = cls(**{**document, **_typed(document)})
            check_info(info)
        except (KeyError, TypeError, ValueError, StillwatchError) as error:
            raise CapsuleError(
                f"{name} has metadata that does not fit its schema: {error}"
            ) from error
        return info

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels' names, in the order of the last axis of `values`."""
        return tuple(channel.name for channel in self.channels)


def _typed(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "channels": tuple(Channel(**channel) for channel in document["channels"]),
        "scaling": ScalingPolicy.parse(document["scaling"]),
        "mean": tuple(document["mean"]),
        "scale": tuple(document["scale"]),
        "golden": tuple(
            Golden(
                values=tuple(map(tuple, golden["values"])),
                score=tuple(golden["score"]),
                alarm=tuple(golden["alarm"]),
                reconstruction=tuple(map(tuple, golden["reconstruction"])),
            )
            for golden in document["golden"]
        ),
    }
