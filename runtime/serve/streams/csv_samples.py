"""Samples as CSV: a header with the channels, and `seq` or `time` or both."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import LARGEST
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.streams.samples import LARGEST_SEQUENCE, Samples, ordered

__all__ = ["samples_of_csv"]

_SHOWN = 80


def samples_of_csv(body: bytes, names: Sequence[str], most: int) -> Samples:
    """Returns the samples of CSV text, comma and decimal point; raises InputError.

    names: the channels, which the header has, in any order, beside `seq` and
    `time`. most: samples.
    """
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True))
    except UnicodeDecodeError:
        raise InputError("expected CSV in UTF-8") from None
    except csv.Error as error:
        raise InputError(f"expected CSV: {error}") from None
    rows = [row for row in rows if row]
    if not 2 <= len(rows) <= most + 1:
        raise InputError(f"expected a header and 1 to {most} rows of CSV, got {len(rows)} lines")
    header = [name.strip() for name in rows[0]]
    unknown = set(header) - set(names) - {"seq", "time"}
    missing = [name for name in names if name not in header]
    if unknown or missing or len(set(header)) != len(header):
        raise InputError(
            f"expected a header of {', '.join(names)[:_SHOWN]} and seq or time, got "
            f"{','.join(header)[:_SHOWN]!r}"
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise InputError(f"line {number}: expected {len(header)} cells, got {len(row)}")
    places = [header.index(name) for name in names]
    values = np.array([[_number(row[place]) for place in places] for row in rows[1:]])
    at = [_said(dict(zip(header, row, strict=True))) for row in rows[1:]]
    return ordered(values, at)


def _number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = float("nan")
    if not abs(number) <= LARGEST:
        raise InputError(f"expected a finite float32 number, got {cell[:_SHOWN]!r}")
    return number


def _said(cells: dict[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if cells.get("seq"):
        text = cells["seq"].strip()
        if not (text.isascii() and text.isdigit() and len(text) < 17):
            raise InputError(f"expected a seq from 0 to 2^53, got {text[:_SHOWN]!r}")
        said["seq"] = int(text)
        if said["seq"] > LARGEST_SEQUENCE:
            raise InputError(f"expected a seq from 0 to 2^53, got {text}")
    if cells.get("time"):
        said["time"] = cells["time"].strip()[:_SHOWN]
    return said
