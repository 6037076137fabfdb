"""What overlapping windows cost: a file scored at several strides, interleaved, and its alarms.

`python -m stillwatch.benchmarks.detection.overlap --out results.json` scores made
rows with smd-micro, calibrated to them: by windows that follow each other, and
by ones that begin every ten rows and every row.
"""

import argparse
import itertools
import json
import math
import time
from pathlib import Path
from typing import TypedDict

from stillwatch.benchmarks.reproductions.faults.made import CHANNELS, PERIOD, made_rows, planted
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.machine import provenance

__all__ = ["POLICIES", "STRIDES", "StrideRow", "by_stride", "main"]

STRIDES = (100, 10, 1)  # rows; windows of 100 that follow each other, and two that overlap
POLICIES = ("trained", "budget(5/week,300s)")
_NORMAL, _TEST, _FIRST = 6048, 2016, 1000  # rows


class StrideRow(TypedDict):
    """cost: times the processor time of windows that follow each other. differ: of their alarms."""

    policy: str
    stride: int
    cost: float
    milliseconds: float
    alarms: int
    differ: int


def by_stride(turns: int) -> list[StrideRow]:
    """Returns a row a policy and stride: the least processor time of `turns`, and the alarms."""
    detector, values = _subject()
    cases = list(itertools.product(POLICIES, STRIDES))
    least = dict.fromkeys(cases, math.inf)
    alarms: dict[tuple[str, int], Bool] = {}
    for _ in range(turns):
        for policy, stride in cases:
            began = time.process_time()
            alarms[policy, stride] = detector.score(values, threshold=policy, stride=stride).alarm
            least[policy, stride] = min(least[policy, stride], time.process_time() - began)
    return [
        {
            "policy": policy,
            "stride": stride,
            "cost": least[policy, stride] / least[policy, STRIDES[0]],
            "milliseconds": 1000 * least[policy, stride],
            "alarms": int(alarms[policy, stride].sum()),
            "differ": int((alarms[policy, stride] != alarms[policy, STRIDES[0]]).sum()),
        }
        for policy, stride in cases
    ]


def _subject() -> tuple[Detector, Float64]:
    normal = made_rows(_NORMAL, 0)
    values = planted(made_rows(_TEST, 1), "level", 2, _FIRST, 0)
    names = tuple(f"sensor_{number + 1}" for number in range(CHANNELS))
    options = CalibrationOptions(channels=names, source="made rows", period=PERIOD)
    content = calibrate(opening.read_bytes("smd-micro"), "smd-micro", normal, options).content
    return Detector.from_bytes(content, "smd-micro on made rows"), values


def main() -> None:
    """Writes the figures as JSON, with the command that they come from."""
    parser = argparse.ArgumentParser(description="what overlapping windows cost")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    said = f"--turns {arguments.turns} --out {arguments.out}"
    command = f"python -m stillwatch.benchmarks.detection.overlap {said}"
    rows = by_stride(arguments.turns)
    result = {**provenance(), "command": command, "model": "smd-micro", "rows": rows}
    write_text(arguments.out, json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
