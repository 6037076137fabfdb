"""A job to submit: a folder of Parquet in, a table of events or of scores out.

    spark-submit submit.py CAPSULE ROWS OUT --by sensor --time time --budget 5/week,60s

`python -m stillwatch.runtime.spark.submit` is the same on this machine alone.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stillwatch.runtime.errors import InputError, StillwatchError, first_line
from stillwatch.runtime.spark.frame import event_frame, score_frame
from stillwatch.runtime.spark.options import SparkOptions
from stillwatch.runtime.spark.session import spark_session
from stillwatch.runtime.spark.stream import event_stream, score_stream

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["main"]

# What a worker raised, as Spark hands it on: the last line of a traceback.
_RAISED = re.compile(r"^stillwatch\.runtime\.errors\.\w+: (.+)$", re.MULTILINE)


def main(given: Sequence[str]) -> int:
    """Runs the job; returns 2 after one line on standard error where it cannot be."""
    arguments = _parser().parse_args(given)
    try:
        session = spark_session("stillwatch", master=arguments.master)
        try:
            _run(session, arguments)
        finally:
            session.stop()
    except StillwatchError as error:
        print(f"stillwatch: {error}", file=sys.stderr)
        return 2
    return 0


def _run(session: "SparkSession", arguments: argparse.Namespace) -> None:
    """Scores; raises InputError also for what Spark itself or a worker complains of."""
    from pyspark.errors import PySparkException

    try:
        _score(session, arguments)
    except PySparkException as error:
        raised = _RAISED.search(str(error))
        raise InputError(raised[1] if raised else f"Spark says {first_line(error)}") from error


def _score(session: "SparkSession", arguments: argparse.Namespace) -> None:
    rows = session.read.parquet(arguments.rows)
    options = SparkOptions(figures=tuple(arguments.figures), expiry=arguments.expiry)
    at = {"by": arguments.by, "time": arguments.time, "channels": arguments.channels}
    how = {"budget": arguments.budget, "options": options}
    if arguments.checkpoint is None:
        score = score_frame if arguments.scores else event_frame
        score(rows, arguments.capsule, **at, **how).write.mode("overwrite").parquet(arguments.out)
        return
    follow = score_stream if arguments.scores else event_stream
    came = session.readStream.schema(rows.schema).parquet(arguments.rows)
    writer = follow(came, arguments.capsule, **at, **how).writeStream.format("parquet")
    writer = writer.trigger(availableNow=True).option("checkpointLocation", arguments.checkpoint)
    writer.start(arguments.out).awaitTermination()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="submit", description=__doc__.splitlines()[0])
    parser.add_argument("capsule", help="path of a capsule, or a shipped one")
    parser.add_argument("rows", help="folder of Parquet: where Spark can read it")
    parser.add_argument("out", help="folder that the answers go to, as Parquet")
    parser.add_argument("--by", action="append", required=True, help="column of the key; again")
    parser.add_argument("--time", required=True, help="column of the times")
    parser.add_argument("--channel", dest="channels", action="append", help="column of a channel")
    parser.add_argument("--budget", help="events that may be raised, as 5/week or 5/week,60s")
    parser.add_argument("--scores", action="store_true", help="a row's scores in place of events")
    parser.add_argument(
        "--figure",
        dest="figures",
        action="append",
        default=[],
        help="with --scores: reconstruction, error or contribution; again",
    )
    parser.add_argument("--checkpoint", help="folder to go on from: score what is new since")
    parser.add_argument("--expiry", type=float, help="seconds after which a sensor has gone")
    parser.add_argument("--master", help="as spark-submit has it, for a run without it")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
