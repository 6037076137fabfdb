"""A request's samples: JSON or CSV in, values and their order out."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import LARGEST, Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.watch.clock import read_seconds

__all__ = ["LARGEST_SEQUENCE", "Samples", "ordered", "samples_of_json"]

LARGEST_SEQUENCE = 2**53  # what any JSON reader holds exactly
_SHOWN = 80  # characters of bad input that an answer repeats
_MEMBERS = frozenset({"seq", "time", "values"})


@dataclass(frozen=True)
class Samples:
    """Samples in order. values: (T, C), the sensor's units.

    keys: what they are told apart by, a number each, rising; None where the
    client gave none. by: "seq" or "time", "" for neither. at: what the client said of each.
    """

    values: Float64
    keys: tuple[float, ...] | None
    by: str
    at: tuple[Mapping[str, Any], ...]

    def after(self, count: int) -> "Samples":
        """Returns the samples without the first ones."""
        keys = None if self.keys is None else self.keys[count:]
        return Samples(self.values[count:], keys, self.by, self.at[count:])


def samples_of_json(document: Any, names: Sequence[str], most: int) -> Samples:
    """Returns the samples of a JSON document; raises InputError.

    One sample is a number or a list, or an object with `values` (a list, a
    number, or an object by channel), and `seq` or `time`, or both. Many are
    {"samples": [...]}, where a `seq` beside them is the first one's, or a
    list of objects. most: samples.
    """
    given, first = _listed(document)
    if not 1 <= len(given) <= most:
        raise InputError(f"expected 1 to {most} samples, got {len(given)}")
    if first is not None:
        _sequence(first + len(given) - 1)
        if any(isinstance(one, dict) and "values" in one for one in given):
            raise InputError("expected a seq for all samples or one with each, got both")
        rows = given
        numbers = tuple(range(first, first + len(given)))
        at: list[Mapping[str, Any]] = [{"seq": number} for number in numbers]
        return Samples(_values(rows, names), numbers, "seq", tuple(at))
    rows, at = [], []
    for one in given:
        row, said = _one(one)
        rows.append(row)
        at.append(said)
    return ordered(_values(rows, names), at)


def ordered(values: Float64, at: Sequence[Mapping[str, Any]]) -> Samples:
    """Returns samples with the keys that they bring; raises InputError where these do not rise."""
    by = "seq" if "seq" in at[0] else "time" if "time" in at[0] else ""
    if not by:
        if any("seq" in said or "time" in said for said in at):
            raise InputError("expected seq or time with each sample or with none")
        return Samples(values, None, "", tuple(at))
    if any(by not in said for said in at):
        raise InputError(f"expected a {by} with each sample, as the first one has")
    keys = tuple(said["seq"] if by == "seq" else read_seconds(said["time"]) for said in at)
    for before, after in itertools.pairwise(keys):
        if not after > before:
            raise InputError(f"expected each {by} above the one before, got {after} after {before}")
    return Samples(values, keys, by, tuple(at))


def _listed(document: Any) -> tuple[list[Any], int | None]:
    """Returns the samples as a list, and the first one's number where one is said for all."""
    if isinstance(document, dict) and "samples" in document:
        unknown = set(document) - {"samples", "seq"}
        if unknown or not isinstance(document["samples"], list):
            raise InputError('expected {"samples": [...], "seq": first}')
        first = None if document.get("seq") is None else _sequence(document["seq"])
        return document["samples"], first
    if isinstance(document, list) and any(isinstance(one, dict | list) for one in document):
        return document, None
    return [document], None


def _one(sample: Any) -> tuple[Any, dict[str, Any]]:
    if not isinstance(sample, dict):
        return sample, {}
    if "values" not in sample or set(sample) - _MEMBERS:
        raise InputError(
            f"expected a sample with values, and seq or time, got members {_shown(list(sample))}"
        )
    said: dict[str, Any] = {}
    if sample.get("seq") is not None:
        said["seq"] = _sequence(sample["seq"])
    time = sample.get("time")
    if time is not None:
        if isinstance(time, bool) or not isinstance(time, int | float | str):
            raise InputError(f"expected a time in seconds or ISO 8601, got {_shown(time)}")
        said["time"] = time if not isinstance(time, str) else time[:_SHOWN]
    return sample["values"], said


def _sequence(number: Any) -> int:
    if type(number) is not int or not 0 <= number <= LARGEST_SEQUENCE:
        raise InputError(f"expected a seq from 0 to 2^53, got {_shown(number)}")
    return number


def _values(rows: Sequence[Any], names: Sequence[str]) -> Float64:
    """Returns rows as (T, C); each a number, a list, or an object by channel."""
    if len(names) == 1 and set(map(type, rows)) == {float}:  # as most come
        values = np.array(rows, np.float64)[:, None]
        if np.abs(values).max() <= LARGEST:  # False for NaN
            return values
    listed = [_row(row, names) for row in rows]
    try:
        values = np.array(listed, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"expected {len(names)} numbers a sample") from None
    if values.shape != (len(rows), len(names)):
        raise InputError(f"expected {len(names)} numbers a sample ({', '.join(names[:5])})")
    finite = np.abs(values) <= LARGEST  # False for NaN
    if not finite.all():
        row = int(np.argmin(finite.all(axis=1)))
        raise InputError(f"expected finite float32 numbers, and sample {row} has others")
    return values


def _row(row: Any, names: Sequence[str]) -> list[float]:
    if isinstance(row, dict):
        if set(row) != set(names):
            raise InputError(
                f"expected values of {', '.join(names)[:_SHOWN]}, got {_shown(list(row))}"
            )
        row = [row[name] for name in names]
    result = row if isinstance(row, list) else [row]
    for cell in result:
        kind = type(cell)
        if kind is not float and kind is not int:
            raise InputError(f"expected numbers, got {_shown(cell)}")
        if (kind is int and abs(cell) > LARGEST) or (kind is float and math.isnan(cell)):
            raise InputError(f"expected finite float32 numbers, got {_shown(cell)}")
    return result


def _shown(given: Any) -> str:
    return repr(given)[:_SHOWN]
