"""What was measured of Spark, in words and a table: the part of the guide that quotes figures."""

import math
from collections.abc import Mapping
from statistics import median
from typing import Any

from stillwatch.runtime.report.tables import as_markdown

__all__ = ["spark_section"]

_MILLION = 1_000_000
_MINUTE = 60.0
_AIM = 400.0  # MB, of 100,000 sensors' state


def spark_section(result: Mapping[str, Any]) -> str:
    """Returns the table of rows a second, what a stream costs, and a million sensors on paper."""
    one, two = result["one worker"], result["two workers"]
    rows = one["rows"]
    alone = _fastest(result["score_many"]["seconds"] + result["score_many_after"]["seconds"])
    naive = "a session for every group"
    table = [
        ("`score_many`, one process", rows / alone),
        ("`score_frame`, one worker", rows / _fastest(one["seconds"]["score_frame"])),
        ("`score_frame`, two workers", rows / _fastest(two["seconds"]["score_frame"])),
        (f"plain `applyInPandas`, {naive}, one worker", rows / _fastest(one["seconds"][naive])),
    ]
    cells = [[name, f"{rate:,.0f}", f"{table[0][1] / rate:.2f}"] for name, rate in table]
    ratio = _fastest(one["seconds"]["score_frame"]) / _fastest(two["seconds"]["score_frame"])
    return "\n".join(
        [
            as_markdown(["way", "rows a second", "times the cost of `score_many`"], cells),
            "",
            f"Measured on {rows:,} rows of 1,000 sensors, scored by `{result['capsule']}` (the "
            "smallest network there is, so that what Spark itself costs weighs most), the faster "
            f"of two, on a machine of {result['machine']['cores']} cores that other work shared "
            f"(load {result['load_before']:.0f} before, {result['load_after']:.0f} after). Two "
            f"workers came to {ratio:.2f} times one.",
            "",
            _when(rows / alone, rows / _fastest(two["seconds"]["score_frame"]), two["started"]),
            "",
            *_streams(result),
        ]
    )


def _when(alone: float, spread: float, started: float) -> str:
    """Returns up to how many rows one process is done first; rates in rows a second."""
    if spread > alone:
        rows = started / (1 / alone - 1 / spread)
        return (
            f"Starting Spark took {started:.0f} s. Until about {rows:,.0f} rows `score_many` in "
            "one process is done before two workers are."
        )
    more = math.floor(2 * alone / spread) + 1
    return (
        f"Starting Spark took {started:.0f} s, and two workers are slower than `score_many` in one "
        f"process: at any size one machine is done first, until there are {more} workers or so, or "
        "more rows than its memory holds."
    )


def _streams(result: Mapping[str, Any]) -> list[str]:
    sizes = sorted(int(name.removeprefix("stream of ")) for name in result if name[:6] == "stream")
    least = median(result["least"]["seconds"][2:])
    largest = result[f"stream of {sizes[-1]}"]
    each = (median(largest["seconds"][1:]) - least) / sizes[-1]
    state = largest["store_bytes"] / sizes[-1]
    cores = math.ceil(2 * _MILLION * each / _MINUTE)
    return [
        f"Of a stream, a batch costs {least:.1f} s at least, and on both cores "
        f"{1000 * each:.1f} ms for each sensor with a row in it. A sensor's state with the judge "
        f"takes {state / 1000:.1f} kB in the store: {state / 10:,.0f} MB for 100,000 sensors, "
        f"against an aim of {_AIM:.0f} MB.",
        "",
        "On paper, a million sensors at a row a minute: batches of a minute want "
        f"{cores:,} cores, the state is {state / 1000:.1f} GB in the store and as much again in "
        "each checkpoint that is kept. It breaks first at what a sensor costs in a batch, most of "
        "it the round trip of its state through the worker, not the network: larger batches, of "
        "ten minutes, are the first remedy, for the cost is by sensor and batch, hardly by row.",
    ]


def _fastest(seconds: list[float]) -> float:
    return min(seconds)
