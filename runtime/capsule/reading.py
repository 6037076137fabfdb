"""A capsule's metadata as text, and back: one JSON document, the same text for the same info."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.capsule.figures import (
    CapsuleThreshold,
    DataOrigin,
    NormalScores,
    Tail,
    Training,
)
from stillwatch.runtime.capsule.graph_judge import GraphJudge
from stillwatch.runtime.capsule.info import SCHEMA_VERSION, CapsuleInfo, Channel, Golden
from stillwatch.runtime.capsule.validation import check_info, check_texts
from stillwatch.runtime.errors import CapsuleError, StillwatchError
from stillwatch.runtime.scoring.scaling import ScalingPolicy

__all__ = [
    "info_from_json",
    "info_to_json",
    "normal_scores_of",
    "threshold_figures",
    "training_figures",
]

Figures = TypeVar("Figures", CapsuleThreshold, DataOrigin)
_SINCE_2 = ("task", "horizon", "features")
_TYPED = (
    "channels",
    "scaling",
    "mean",
    "scale",
    "threshold",
    "data",
    "training",
    "normal_scores",
    "golden",
    "judge",
    "graph_judge",
)


def info_to_json(info: CapsuleInfo) -> str:
    """Returns the metadata document; the same info always gives the same text.

    Raises CapsuleError for an info that `info_from_json` would refuse.
    """
    try:
        check_info(info)
        document = _document(info)
        check_texts(document)
    except (KeyError, TypeError, ValueError) as error:
        raise CapsuleError(f"these metadata do not fit a capsule: {error}") from error
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def info_from_json(text: str, name: str) -> CapsuleInfo:
    """Returns the info that `text` holds; raises CapsuleError naming the capsule `name`."""
    try:
        document = json.loads(text)
        check_texts(document)
        schema, task = document["schema"], document.get("task", "detect")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CapsuleError(f"{name} has metadata that cannot be read: {error}") from error
    if task == "forecast":
        raise CapsuleError(
            f"{name} forecasts and finds no anomalies: use 'stillwatch forecast', or "
            "stillwatch.runtime.Forecaster"
        )
    if type(schema) is not int or not 1 <= schema <= SCHEMA_VERSION:
        raise CapsuleError(
            f"{name} has schema version {schema!r}; this stillwatch reads up to "
            f"{SCHEMA_VERSION}; upgrade with 'pip install --upgrade stillwatch'"
        )
    try:
        info = CapsuleInfo(**_known(document, schema), **_typed(document))
        check_info(info)
    except (AttributeError, KeyError, TypeError, ValueError, StillwatchError) as error:
        raise CapsuleError(f"{name} has metadata that does not fit its schema: {error}") from error
    return info


def threshold_figures(threshold: CapsuleThreshold) -> dict[str, Any]:
    """Returns the figures that a threshold has, by name."""
    return _figures(threshold)


def training_figures(training: Training) -> dict[str, Any]:
    """Returns how a network was trained and the form of its graph, by name."""
    form = {} if training.decoder == "plain" else {"decoder": training.decoder}
    form |= {} if training.precision == "fp32" else {"precision": training.precision}
    form |= {} if training.data is None else {"data": training.data}
    return dict(sorted({**training.options, **form}.items()))


def normal_scores_of(document: Mapping[str, Any]) -> NormalScores | None:
    """Returns what a JSON document says of normal scores, None where it is empty.

    Raises ValueError or TypeError for one that says something else.
    """
    if not isinstance(document, Mapping):
        raise ValueError(f"expected normal_scores as figures by name, got {ascii(document)[:80]}")
    if not document:
        return None
    tail = document.get("tail")
    if tail is not None and not isinstance(tail, Mapping):
        raise ValueError(f"expected tail as the figures of a fitted tail, got {ascii(tail)[:80]}")
    return NormalScores(**{**document, "tail": tail and Tail(**tail)})


def _document(info: CapsuleInfo) -> dict[str, Any]:
    plain = asdict(info)
    further = plain.pop("further")
    judged = plain.pop("graph_judge")
    del plain["judge"]
    if info.schema == 1:
        plain = {name: value for name, value in plain.items() if name not in _SINCE_2}
    return {
        **further,
        **plain,
        **({"judge": info.judge.to_dict()} if info.judge else {}),
        **({"graph_judge": judged} if judged else {}),
        "golden": [_without_none(golden) for golden in plain["golden"]],
        "scaling": str(info.scaling),
        "threshold": _figures(info.threshold),
        "data": _figures(info.data),
        "training": training_figures(info.training),
        "normal_scores": asdict(info.normal_scores) if info.normal_scores else {},
    }


def _figures(figures: CapsuleThreshold | DataOrigin) -> dict[str, Any]:
    """Returns the figures that are there, those of another release among them."""
    named = asdict(figures)
    further = named.pop("further")
    return {**further, **_without_none(named)}


def _without_none(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if value is not None}


def _known(document: Mapping[str, Any], schema: int) -> dict[str, Any]:
    """Returns the figures that need no other type; those without a field of their own `further`.

    Schema 1 has no others: there one is a mistake, which the dataclass refuses.
    """
    names = {field.name for field in fields(CapsuleInfo)} - {"further"}
    plain = {name: value for name, value in document.items() if name not in _TYPED}
    if schema == 1:
        return plain
    known = {name: value for name, value in plain.items() if name in names}
    return {**known, "further": {n: v for n, v in plain.items() if n not in names}}


def _typed(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "channels": tuple(Channel(**channel) for channel in document["channels"]),
        "scaling": ScalingPolicy.parse(document["scaling"]),
        "mean": tuple(document["mean"]),
        "scale": tuple(document["scale"]),
        "threshold": _with_further(CapsuleThreshold, document["threshold"]),
        "data": _with_further(DataOrigin, document["data"]),
        "training": _training(document["training"]),
        "normal_scores": normal_scores_of(document.get("normal_scores", {})),
        "judge": JudgeSpec.from_dict(document["judge"]) if "judge" in document else None,
        "graph_judge": GraphJudge.from_dict(document["graph_judge"])
        if "graph_judge" in document
        else None,
        "golden": tuple(
            Golden(
                values=tuple(map(tuple, golden["values"])),
                score=tuple(golden["score"]),
                alarm=tuple(golden["alarm"]),
                reconstruction=tuple(map(tuple, golden["reconstruction"])),
                contribution=_rows(golden.get("contribution")),
            )
            for golden in document["golden"]
        ),
    }


def _with_further(kind: type[Figures], document: Any) -> Figures:
    """Returns the figures in a JSON document; those without a field of their own are `further`."""
    known = {field.name for field in fields(kind)} - {"further"}
    named = {name: value for name, value in document.items() if name in known}
    return kind(**named, further={n: v for n, v in document.items() if n not in known})


def _training(document: Any) -> Training:
    if not isinstance(document, Mapping):
        raise ValueError(f"expected training as figures by name, got {ascii(document)[:80]}")
    form = {name: document[name] for name in ("decoder", "precision", "data") if name in document}
    return Training(options={n: v for n, v in document.items() if n not in form}, **form)


def _rows(rows: Any) -> tuple[tuple[float, ...], ...] | None:
    return None if rows is None else tuple(map(tuple, rows))
