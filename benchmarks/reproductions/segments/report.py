"""The comparison as tables and a picture."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from stillwatch.benchmarks.reproductions.segments.evaluation import Row
from stillwatch.runtime.report import page
from stillwatch.runtime.report.palette import BLUE, GREEN, GREY, ORANGE, RED

__all__ = ["HEADER", "cells", "pareto", "segments_page"]

HEADER = (
    *("", "parameters", "us a window", "times faster", "us a row", "F1", "VUS-PR", "HitRate"),
    *("F1, held", "VUS-PR, held", "HitRate, held"),
)
_COLOURS = {5: GREEN, 10: BLUE, 20: ORANGE, 50: RED}


def cells(summary: Sequence[Row], standard: str) -> list[tuple[str, ...]]:
    """Returns the table's rows: medians over seeds, and times beside those of `standard`."""
    base = next(row for row in summary if row["row"] == standard).get("window_us")
    return [
        (
            row["row"],
            f"{row['parameters']:,}" if row["parameters"] else "",
            f"{row['window_us']:.0f}" if "window_us" in row else "",
            f"{base / row['window_us']:.1f}" if base and "window_us" in row else "",
            f"{row['row_us']:.0f}" if "row_us" in row else "",
            *(
                f"{row[part][figure]['median']:.3f}"
                for part in ("chosen", "held")
                for figure in ("f1", "vus_pr", "hit_rate_100")
            ),
        )
        for row in summary
    ]


def pareto(summary: Sequence[Row]) -> Figure:
    """Returns VUS-PR on the chosen machines against parameters and against time, by segment."""
    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for axis, (name, label) in zip(
        axes, (("parameters", "parameters"), ("window_us", "us a window")), strict=True
    ):
        for row in summary:
            if name not in row or not row[name]:
                continue
            result = row["chosen"]["vus_pr"]
            spread = [[result["median"] - result["min"]], [result["max"] - result["median"]]]
            segment = int(row["row"].split()[2].strip(",")) if row["row"][:8] == "segments" else 0
            axis.errorbar(
                row[name], result["median"], yerr=spread, color=_COLOURS.get(segment, GREY),
                marker="s" if "no teacher" in row["row"] else "o", capsize=2, alpha=0.8,
            )  # fmt: skip
        axis.set(xscale="log", xlabel=label)
    flat = [row for row in summary if not row["row"].startswith(("segments", "smd-micro"))]
    for row, style in zip(flat, ("--", ":"), strict=False):
        axes[0].axhline(row["chosen"]["vus_pr"]["median"], color=GREY, ls=style, label=row["row"])
    for segment, colour in _COLOURS.items():
        axes[0].plot([], [], "o", color=colour, label=f"segments of {segment}")
    axes[0].plot([], [], "o", color=GREY, label="smd-micro, a row a step")
    axes[0].set(ylabel="VUS-PR on the machines to choose on")
    axes[0].legend(fontsize=8)
    return figure


def segments_page(results: dict[str, Any], source: str) -> str:
    """Returns the page of a run; source: its line of provenance."""
    parts = [
        page.paragraph(
            "Students that read and write a window by segments, beside smd-micro, which does by "
            "rows. All trained on five machines; machine 3-3 was seen by none, nor by the teacher. "
            "Calibrated by default on held-out normal rows. F1 of windows, VUS-PR, HitRate@100 by "
            "contribution: means over machines 1-7, 2-1, 2-2 and 2-7, on which the default is "
            "chosen, and over 2-8 and 3-3; medians over seeds. Times: the whole capsule on one "
            "window of 38 channels, interleaved in one run, one thread."
        ),
        page.table(HEADER, cells(results["summary"], results["standard"])),
        page.picture(pareto(results["summary"]), "Squares: without a teacher. Bars: seeds."),
        page.paragraph(results["said"]),
        page.paragraph(source, "footer"),
    ]
    return page.page("stillwatch: segment students", parts)
