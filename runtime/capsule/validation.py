"""Whether a capsule's metadata is what an export writes, figure by figure.

Read back from a file, every one of these may be anything that JSON can hold.
What passes here can be printed on one line, and fed to the graph as float32.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from stillwatch.runtime.arrays import LARGEST, SMALLEST
from stillwatch.runtime.capsule.figures import CapsuleThreshold, NormalScores
from stillwatch.runtime.capsule.info import CapsuleInfo, Golden

__all__ = ["check_info", "check_texts"]

_MOST = 2**20  # values, units; far above any network, and an array of it costs nothing
# Scaled units: a reading that may be half a deviation off verifies nothing.
_COARSEST = 0.5
# Controls (line ends, terminal escapes), halves of surrogate pairs, line and paragraph separators.
_NOT_PRINTED = ("Cc", "Cs", "Zl", "Zp")
# What turns the direction of the text after it, so that it reads as something else.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_info(info: CapsuleInfo) -> None:
    """Raises ValueError naming the first field that no export writes."""
    for name in ("family", "channel_mode", "score", "producer", "task", "features"):
        _want(_is_text(getattr(info, name)), name, "text", getattr(info, name))
    _want(type(info.calibrated) is bool, "calibrated", "true or false", info.calibrated)
    for name, least in (
        ("window", 1),
        ("stride", 1),
        ("state", 0),
        ("parameters", 0),
        ("horizon", 0),
    ):
        value, most = getattr(info, name), 2**63 if name == "parameters" else _MOST
        fits = type(value) is int and least <= value <= most
        _want(fits, name, f"a whole number from {least} to {most}", value)
    named = all(_is_text(channel.name) and _is_text(channel.unit) for channel in info.channels)
    _want(named, "channels", "a name and a unit each", info.channels)
    count = len(info.channels)
    distinct = len({channel.name for channel in info.channels}) == count
    _want(distinct, "channels", "a name of its own for each", info.channels)
    if not count or len(info.mean) != count or len(info.scale) != count:
        raise ValueError(f"expected a mean and a scale for each of {count} channels")
    _want(_are_numbers(info.mean), "mean", "finite float32 numbers", info.mean)
    fits = _are_numbers(info.scale) and min(info.scale) >= SMALLEST
    _want(fits, "scale", "float32 numbers above 0", info.scale)
    fits = _is_number(info.tolerance) and 0 <= info.tolerance <= _COARSEST
    _want(fits, "tolerance", f"a number from 0 to {_COARSEST}", info.tolerance)
    _want(bool(info.golden), "golden", "one vector at least", info.golden)
    fits = info.graph_judge is None or info.judge is not None
    _want(fits, "graph_judge", "that of a capsule with a judge", info.graph_judge)
    _check_figures(info)
    for golden in info.golden:
        _check_golden(golden, count)


def check_texts(document: Any) -> None:
    """Raises ValueError for a text, in any place of a JSON document, that is not one line."""
    if isinstance(document, str):
        kinds = map(unicodedata.category, document)
        if not _TURNING.isdisjoint(document) or any(kind in _NOT_PRINTED for kind in kinds):
            raise ValueError(f"expected texts of one line, got {ascii(document)[:80]}")
    elif isinstance(document, Mapping):
        for key, value in document.items():
            check_texts(key)
            check_texts(value)
    elif isinstance(document, list | tuple):
        for value in document:
            check_texts(value)


def _check_figures(info: CapsuleInfo) -> None:
    fits = isinstance(info.error_quantiles, Mapping)
    _want(fits, "error_quantiles", "figures by name", info.error_quantiles)
    quantiles = tuple(info.error_quantiles.values())
    _want(_are_numbers(quantiles), "error_quantiles", "finite numbers", quantiles)
    _check_threshold(info.threshold)
    data, training = info.data, info.training
    fits = _is_text(data.name) and type(data.rows) is int and _is_text(data.sha256)
    _want(fits, "data", "a name, rows and sha256", data)
    form = (training.decoder, training.precision, training.data or "")
    _want(all(map(_is_text, form)), "training", "a decoder, a precision and data by name", form)
    if info.normal_scores:
        _check_normal_scores(info.normal_scores)


def _check_threshold(threshold: CapsuleThreshold) -> None:
    fits = _is_number(threshold.value) and _is_number(threshold.count) and _is_text(threshold.rule)
    _want(fits, "threshold", "a finite value, a count and a rule", threshold)
    for name in ("mean", "deviation", "sigmas", "rate", "windows", "condition", "shrinkage"):
        value = getattr(threshold, name)
        _want(value is None or _is_number(value), f"threshold's {name}", "a finite number", value)


def _check_normal_scores(normal: NormalScores) -> None:
    fits = _are_numbers((normal.mean, normal.deviation, normal.sigmas))
    _want(fits, "normal_scores", "mean, deviation, sigmas and tail", normal)
    if normal.tail is None:
        return
    tail = normal.tail
    fits = _are_numbers(astuple(tail)) and tail.scale > 0
    whole = all(type(count) is int and count > 0 for count in (tail.rows, tail.run, tail.peaks))
    _want(fits and whole, "tail", "the figures of a fitted tail", tail)


def _check_golden(golden: Golden, channels: int) -> None:
    rows = len(golden.values)
    fits = rows == len(golden.reconstruction) == len(golden.score) == len(golden.alarm) > 0
    wide = (*golden.values, *golden.reconstruction)
    if golden.contribution is not None:
        fits = fits and len(golden.contribution) == rows
        wide = (*wide, *golden.contribution)
    fits = fits and all(len(row) == channels and _are_numbers(row) for row in wide)
    fits = fits and _are_numbers(golden.score) and all(type(a) is bool for a in golden.alarm)
    if not fits:
        raise ValueError(f"expected golden vectors of {channels} channels, all of one length")


def _want(fits: bool, name: str, expected: str, got: object) -> None:
    if not fits:
        raise ValueError(f"expected {name} as {expected}, got {ascii(got)[:80]}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    # Exact types, since JSON's true would pass for 1. NaN compares as False.
    return type(value) in (int, float) and abs(value) <= LARGEST  # type: ignore[arg-type]


def _are_numbers(values: tuple[object, ...]) -> bool:
    return all(map(_is_number, values))
