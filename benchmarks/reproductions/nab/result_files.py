"""NAB's own result files: DETECTOR/CATEGORY/DETECTOR_SERIES.csv, read and written."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from stillwatch.benchmarks.detection.nab_score import Scored
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import make_folder, write_text
from stillwatch.train.data.sets import LabelledSeries

__all__ = ["read_results", "write_results"]


def write_results(
    folder: Path, detector: str, series: Mapping[str, LabelledSeries], scores: Mapping[str, Float64]
) -> None:
    """Writes a file a series: timestamp, value, anomaly_score from 0 to 1, and label.

    NAB's scorer wants scores of at most 1; its threshold search knows nothing
    but their order, which s / (1 + s) leaves as it is.
    """
    for name, one in series.items():
        path = _path(folder, detector, name)
        make_folder(path.parent)
        frame = pd.DataFrame(
            {
                "timestamp": one.timestamps.astype("datetime64[s]"),
                "value": one.values,
                "anomaly_score": scores[name] / (1 + scores[name]),
                "label": one.in_windows().astype(int),
            }
        )
        write_text(path, frame.to_csv(index=False, date_format="%Y-%m-%d %H:%M:%S"))


def read_results(folder: Path, series: Mapping[str, LabelledSeries]) -> list[Scored]:
    """Returns a detector's scores of all series; its name is the folder's. Raises InputError."""
    result = []
    for name, one in series.items():
        path = _path(folder.parent, folder.name, name)
        if not path.is_file():
            raise InputError(f"expected a result file of NAB at {path}, and there is none")
        try:
            scores = pd.read_csv(path)["anomaly_score"].to_numpy(np.float64)
        except (KeyError, ValueError, UnicodeDecodeError):
            raise InputError(f"{path}: expected a column anomaly_score of numbers") from None
        if len(scores) != len(one.values) or np.isnan(scores).any():
            raise InputError(
                f"{path}: expected {len(one.values)} scores, a number each, got {len(scores)} rows"
            )
        result.append(Scored(scores, one.windows))
    return result


def _path(folder: Path, detector: str, name: str) -> Path:
    category, file = name.split("/")
    return folder / detector / category / f"{detector}_{file}"
