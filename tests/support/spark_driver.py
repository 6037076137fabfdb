"""The driver of the tests on a cluster: python spark_driver.py MASTER WHAT FOLDER."""

import sys
from pathlib import Path

from stillwatch.runtime.spark import (
    SparkOptions,
    event_frame,
    event_stream,
    forecast_frame,
    forecast_stream,
    score_frame,
    score_stream,
    spark_session,
)

BUDGET = "9/day,300s"
_SETTINGS = {
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


def main(master: str, what: str, folder: Path) -> None:
    """Does what was asked for, its answers in a folder."""
    session = spark_session("stillwatch tests", master=master, settings=_SETTINGS)
    session.sparkContext.setLogLevel("WARN")
    schema = "sensor string, time timestamp, value double"
    rows = session.read.schema(schema).parquet(str(folder / "rows"))
    files = 1 if what == "follow" else 3
    came = session.readStream.schema(schema).option("maxFilesPerTrigger", files)
    stream = came.parquet(str(folder / "rows"))

    def follow(frame: object, name: str) -> None:
        writer = frame.writeStream.format("parquet").trigger(availableNow=True)  # type: ignore[attr-defined]
        place = str(folder / f"{name}-checkpoint")
        writer.option("checkpointLocation", place).start(str(folder / name)).awaitTermination()

    at = {"by": "sensor", "time": "time"}
    if what == "follow":
        follow(score_stream(stream, "nab-rds-online", budget=BUDGET, **at), "scores")
        return
    scores = score_frame(rows.repartition(5), "nab-rds-online", budget=BUDGET, **at)
    scores.write.parquet(str(folder / "frame"))
    events = event_frame(rows.coalesce(1), "nab-rds-online", budget=BUDGET, **at)
    events.write.parquet(str(folder / "events"))
    shared = score_frame(rows, "nab-rds-online", options=SparkOptions(share=337), **at)
    shared.write.parquet(str(folder / "shares"))
    capsule = (folder / "windowed.onnx").read_bytes()
    options = SparkOptions(expiry=5 * 3600.0, threshold=f"budget({BUDGET})")
    own = {"channels": ["value"], "options": options}
    follow(score_stream(stream, capsule, **own, **at), "windowed")
    follow(event_stream(stream, capsule, **own, **at), "windowed-events")
    ahead = (folder / "forecaster.onnx").read_bytes()
    columns = {"channels": ["value", "value", "value"]}
    forecast_frame(rows, ahead, **columns, **at).write.parquet(str(folder / "forecasts"))
    follow(forecast_stream(stream, ahead, **columns, **at), "forecast-stream")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
