"""One configuration in a process of its own: python -m stillwatch.benchmarks.spark.driver."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillwatch.runtime import Detector
from stillwatch.runtime.spark import SparkOptions, score_frame, score_stream, spark_session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["main"]

_CAPSULE = "nab-rds-online"
_BUDGET = "5/week,300s"
_SCHEMA = "sensor string, time timestamp, value double"
_AT = {"by": "sensor", "time": "time"}


def main(arguments: list[str]) -> None:
    """Prints as JSON what a measurement of a folder found: MASTER WHAT FOLDER."""
    master, what, folder = arguments
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.executor.memory": "1g",
        # So that each batch leaves its state as files, which can be weighed.
        "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    begun = time.perf_counter()
    session = spark_session("stillwatch benchmark", master=master, settings=settings)
    session.sparkContext.setLogLevel("ERROR")
    session.range(1).count()  # the workers are there
    started = time.perf_counter() - begun
    print(json.dumps(_MEASURES[what](session, Path(folder)) | {"started": started}))
    session.stop()


def _frames(session: "SparkSession", folder: Path) -> dict[str, Any]:
    """Seconds of each repetition but the first, which warms up; the ways take turns."""
    rows = session.read.schema(_SCHEMA).parquet(str(folder))
    count = rows.count()
    light = SparkOptions(figures=())
    ways: dict[str, Callable[[], DataFrame]] = {
        "score_frame": lambda: score_frame(rows, _CAPSULE, options=light, **_AT),
        "a session for every group": lambda: _naive(rows),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(3):
        for name, frame in ways.items():
            begun = time.perf_counter()
            frame().write.format("noop").mode("overwrite").save()
            if turn:
                seconds[name].append(time.perf_counter() - begun)
    return {"rows": count, "seconds": seconds}


def _naive(rows: "DataFrame") -> "DataFrame":
    import pandas as pd

    from stillwatch.runtime.capsule.opening import read_bytes

    content = read_bytes(_CAPSULE)

    def score(one: pd.DataFrame) -> pd.DataFrame:
        ordered = one.sort_values("time")
        result = Detector.from_bytes(content, _CAPSULE).score(ordered["value"].to_numpy())
        answer = ordered[["sensor", "time"]].copy()
        answer["score"], answer["alarm"] = result.score, result.alarm
        return answer

    schema = "sensor string, time timestamp, score float, alarm boolean"
    return rows.groupBy("sensor").applyInPandas(score, schema)


def _stream(session: "SparkSession", folder: Path) -> dict[str, Any]:
    """What each batch took, and what lies in the state store after each.

    After the first batch the store has each sensor once; later ones leave versions behind, until
    RocksDB compacts them.
    """
    came = session.readStream.schema(_SCHEMA).option("maxFilesPerTrigger", 1)
    rows = came.parquet(str(folder))
    options = SparkOptions(figures=())
    scored = score_stream(rows, _CAPSULE, budget=_BUDGET, options=options, **_AT)
    checkpoint = folder.parent / f"{folder.name}-checkpoint"
    writer = scored.writeStream.format("noop").trigger(availableNow=True)
    query = writer.option("checkpointLocation", str(checkpoint)).start()
    query.awaitTermination()
    progress = [json.loads(one.json) for one in query.recentProgress]
    states = [one["stateOperators"][0] for one in progress if one["stateOperators"]]
    sizes = [one["customMetrics"].get("rocksdbSstFileSize") for one in states]
    return {
        "rows": [one["numInputRows"] for one in progress],
        "seconds": [one["durationMs"]["triggerExecution"] / 1000 for one in progress],
        "sensors": states[-1]["numRowsTotal"],
        "store_bytes": sizes[0],
        "store_bytes_by_batch": sizes,
        "checkpoint_bytes": _size(checkpoint / "state"),
    }


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


_MEASURES: dict[str, Callable[["SparkSession", Path], dict[str, Any]]] = {
    "frames": _frames,
    "stream": _stream,
}

if __name__ == "__main__":
    os.environ.setdefault("SPARK_SCALA_VERSION", "2.13")  # which Spark's own scripts say
    main(sys.argv[1:])
