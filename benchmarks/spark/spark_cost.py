"""Measures scoring on Spark: python -m stillwatch.benchmarks.spark.spark_cost OUT.json."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stillwatch.benchmarks.spark.simulated_fleet import series, write_batches, write_fleet
from stillwatch.runtime import Detector
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.machine import machine

__all__ = ["main"]

_CAPSULE = "nab-rds-online"
# The judge's state is full after its longest memory; then four batches of a row a sensor.
_SIZES = [700, 1, 1, 1, 1]
_CLUSTERS = {"one worker": "local-cluster[1,1,1024]", "two workers": "local-cluster[2,1,1024]"}


def main(out: Path, sensors: int, rows: int, streams: list[int]) -> None:
    """Writes what was found as JSON: a fleet at rest, and streams of so many sensors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_fleet(folder / "fleet", sensors, rows)
        sizes = " ".join(map(str, streams))
        result: dict[str, Any] = {
            "command": "python -m stillwatch.benchmarks.spark.spark_cost OUT.json "
            f"--sensors {sensors} --rows {rows} --streams {sizes}",
            "machine": asdict(machine()),
            "capsule": _CAPSULE,
            "score_many": _score_many(sensors, rows),
            "load_before": round(os.getloadavg()[0], 1),
        }
        for cluster, master in _CLUSTERS.items():
            result[cluster] = _driver(master, "frames", folder / "fleet")
        result["score_many_after"] = _score_many(sensors, rows)
        for count in streams:
            place = folder / f"batches-{count}"
            write_batches(place, count, _SIZES)
            result[f"stream of {count}"] = _driver("local[2]", "stream", place)
        write_batches(folder / "least", 1, [1] * 8)
        result["least"] = _driver("local[2]", "stream", folder / "least")
        result["load_after"] = round(os.getloadavg()[0], 1)
    write_text(out, json.dumps(result, indent=1) + "\n")


def _score_many(sensors: int, rows: int) -> dict[str, Any]:
    detector = Detector.load(_CAPSULE)
    values = [series(sensor, rows) for sensor in range(sensors)]
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        detector.score_many(values)
        seconds.append(time.perf_counter() - begun)
    return {"rows": sensors * rows, "seconds": seconds}


def _driver(master: str, what: str, folder: Path) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "stillwatch.benchmarks.spark.driver",
        master,
        what,
        str(folder),
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="JSON file")
    parser.add_argument("--sensors", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000, help="of each sensor at rest")
    parser.add_argument("--streams", type=int, nargs="+", default=[1000, 10_000])
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    main(given.out, given.sensors, given.rows, given.streams)
