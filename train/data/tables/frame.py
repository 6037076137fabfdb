"""Reads a CSV or Parquet file, and its columns as channels or as times."""

import csv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stillwatch.runtime.arrays import LARGEST, Float64
from stillwatch.runtime.errors import InputError

__all__ = ["numbers", "numeric_columns", "read_frame", "times"]

_NO_VALUE = ["", "nan", "NaN", "NAN"]  # as the runtime reads cells; any other text is refused


def read_frame(path: Path) -> pd.DataFrame:
    """Returns the table in a file, all columns by name; raises InputError."""
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            frame = pd.read_parquet(path)
            frame.columns = [str(name) for name in frame.columns]
            return frame
        header = _header(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            return pd.read_csv(
                path,
                header=0 if header is None else None,
                names=header,
                keep_default_na=False,
                na_values=_NO_VALUE,
                index_col=False,
                encoding="utf-8-sig",
                low_memory=False,  # a column's type is that of the whole column
            )
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except ImportError as error:
        raise InputError(
            f"cannot read {path}: Parquet files need pyarrow: pip install 'stillwatch[train]'"
        ) from error
    except (ValueError, csv.Error, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path} is not a table of CSV or Parquet: {reason}") from error


def _header(path: Path) -> list[str] | None:
    """Returns names for a CSV whose first line holds numbers alone, else None: it has its own."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next(csv.reader(file), [])
    if not first:
        raise InputError(f"{path} is empty: expected a header line and rows below it")
    headless = pd.to_numeric(pd.Series(first), errors="coerce").notna().all()
    return [f"channel_{i + 1}" for i in range(len(first))] if headless else None


def numeric_columns(frame: pd.DataFrame, time_column: str | None) -> list[str]:
    """Returns the columns whose first cell with anything in it is a number."""
    names = []
    for name in frame.columns:
        cells = frame[name].dropna() if list(frame.columns).count(name) == 1 else frame[name]
        if name != time_column and pd.to_numeric(cells.iloc[:1], errors="coerce").notna().all():
            names.append(name)
    return names


def numbers(cells: "pd.Series[Any]", name: str, path: Path) -> Float64:
    """Returns a channel's values (T,), NaN for a cell without one; raises InputError for text."""
    found: Float64 = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    text = np.isnan(found) & cells.notna().to_numpy()
    bad = np.flatnonzero(text | (np.abs(found) > LARGEST))
    if len(bad):
        expected = "a number" if text[bad[0]] else "a finite float32 number"
        raise InputError(
            f"{path}, row {bad[0] + 1}, column {name!r}: expected {expected}, got "
            f"{str(cells.iloc[bad[0]])!r}"
        )
    return found


def times(cells: "pd.Series[Any]", name: str, path: Path) -> Float64:
    """Returns times (T,) in seconds, or as the numbers they are; raises InputError for others."""
    if pd.api.types.is_numeric_dtype(cells):
        found = cells.to_numpy(np.float64, na_value=np.nan)
    else:
        parsed = pd.to_datetime(cells, errors="coerce", format="ISO8601", utc=True)
        seconds = (parsed - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
        found = seconds.to_numpy(np.float64, na_value=np.nan)
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        raise InputError(
            f"{path}, row {bad[0] + 1}, column {name!r}: expected a time in ISO 8601 or a number, "
            f"got {str(cells.iloc[bad[0]])!r}"
        )
    return found
