"""Loads series of the Numenta Anomaly Benchmark with both of its labellings."""

import io
import json

import numpy as np
import pandas as pd

from stillwatch.runtime.errors import DataError
from stillwatch.train.data.sets.series import LabelledSeries
from stillwatch.train.data.sets.store import DATA_SETS, Store

__all__ = ["NAB_SERIES", "RDS_TEST", "RDS_TRAIN", "load_nab"]

NAB_SERIES = tuple(
    sorted(
        path.removeprefix("data/")
        for path in DATA_SETS["nab"].blob_ids
        if path.startswith("data/") and path.endswith(".csv")
    )
)

RDS_TRAIN = "realAWSCloudwatch/rds_cpu_utilization_e47b3b.csv"
RDS_TEST = "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv"


def load_nab(name: str, store: Store | None = None) -> LabelledSeries:
    """Returns the series `name`, such as "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv".

    Labels are NAB's labelled points (combined_labels.json), windows its
    labelled windows (combined_windows.json). Raises DataError.
    """
    store = store or Store("nab")
    frame = pd.read_csv(io.BytesIO(store.read(f"data/{name}")), parse_dates=["timestamp"])
    timestamps = frame["timestamp"].to_numpy("datetime64[s]")
    points = json.loads(store.read("labels/combined_labels.json"))[name]
    windows = json.loads(store.read("labels/combined_windows.json"))[name]
    labels = np.isin(timestamps, np.array(points, "datetime64[s]"))
    if labels.sum() != len(points):
        raise DataError(f"{name}: {len(points)} labels, {labels.sum()} of them on a timestamp")
    spans = []
    for start, end in windows:
        inside = np.flatnonzero(
            (timestamps >= np.datetime64(start, "s")) & (timestamps <= np.datetime64(end, "s"))
        )
        spans.append((int(inside[0]), int(inside[-1])))
    values = frame["value"].to_numpy(np.float64)
    return LabelledSeries(name, timestamps, values, labels, tuple(spans))
