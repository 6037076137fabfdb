"""The pictures of the SMD report. Each function returns one matplotlib figure."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from stillwatch.benchmarks.reproductions.smd.document import ERROR, LEVEL, ROBUST_SCORE, SummaryRow
from stillwatch.runtime.report.palette import BLUE, GREEN, GREY, ORANGE, RED
from stillwatch.runtime.result import Result
from stillwatch.train.data.sets import Machine

__all__ = ["incident_errors", "learning_curves", "machine_scores", "size_against_detection"]

_WIDTH = 9.0
_LONGEST_SHOWN = 1000  # rows of an incident
_MARGIN = 150  # rows shown before and after an incident


def learning_curves(curves: dict[str, dict[str, list[float]]]) -> Figure:
    """Returns training and validation loss of the teacher and both students, by epoch."""
    figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    shown = (("teacher", BLUE), ("student-alone", ORANGE), ("student-distilled", GREEN))
    for name, colour in shown:
        epochs = range(1, len(curves[name]["train"]) + 1)
        axes.plot(epochs, curves[name]["train"], color=colour, label=f"{name}, training")
        axes.plot(epochs, curves[name]["validation"], color=colour, ls="--",
                  label=f"{name}, validation")  # fmt: skip
    axes.set(xlabel="epoch", ylabel="mean squared error, scaled units")
    axes.legend()
    return figure


def size_against_detection(summary: Sequence[SummaryRow]) -> Figure:
    """Returns window F1 and VUS-PR against parameters, on a log axis, with seed spread."""
    figure = Figure(figsize=(_WIDTH, 4.6), layout="constrained")
    flat = {
        row["row"]: row
        for row in summary
        if row["parameters"] is None and row["score"] in ("", ROBUST_SCORE)
    }
    metrics: tuple[tuple[Literal["f1", "vus_pr"], str], ...] = (
        ("f1", "window F1"),
        ("vus_pr", "VUS-PR"),
    )
    looks = ((ERROR, ORANGE, "s"), (LEVEL, GREEN, "^"), (ROBUST_SCORE, BLUE, "o"))
    for axes, (metric, label) in zip(figure.subplots(1, 2), metrics, strict=True):
        for score, colour, marker in looks:
            rows = [r for r in summary if r["score"] == score and "int8" not in r["row"]]
            size = np.array([row["parameters"] for row in rows])
            middle = np.array([row[metric]["median"] for row in rows])
            low = middle - [row[metric]["min"] for row in rows]
            high = np.array([row[metric]["max"] for row in rows]) - middle
            axes.errorbar(size, middle, yerr=[low, high], fmt=marker, color=colour, label=score,
                          capsize=3, alpha=0.8)  # fmt: skip
        for name, style in (("PCA", "--"), ("no model", ":"), ("random", "-.")):
            axes.axhline(flat[name][metric]["median"], color=GREY, ls=style, label=name)
        axes.set(xscale="log", xlabel="parameters", ylabel=f"{label}, macro", ylim=(0, 1))
        axes.legend(fontsize=8)
    return figure


def machine_scores(machine: Machine, result: Result, threshold: float) -> Figure:
    """Returns one machine's scores over its test series, with labels and alarms."""
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(machine.test))
    axes.fill_between(rows, 0, 1, where=machine.labels, transform=axes.get_xaxis_transform(),
                      color=GREEN, alpha=0.25, lw=0, label="labelled")  # fmt: skip
    axes.semilogy(rows, result.score, color=BLUE, lw=0.5)
    axes.plot(rows[result.alarm], result.score[result.alarm], ".", color=RED, ms=3, label="alarm")
    axes.axhline(threshold, color=RED, ls="--", label="threshold")
    axes.set(xlabel="minute of the test series", ylabel="score", title=f"machine {machine.name}")
    axes.legend(loc="upper left", fontsize=8)
    return figure


def incident_errors(machine: Machine, result: Result) -> Figure:
    """Returns each channel's error around an incident; labelled channels are marked.

    The longest one that a picture can hold.
    """
    incident = max(
        machine.incidents, key=lambda i: (i.end - i.first) * (i.end - i.first < _LONGEST_SHOWN)
    )
    first, end = max(0, incident.first - _MARGIN), min(len(machine.test), incident.end + _MARGIN)
    figure = Figure(figsize=(_WIDTH, 6.4), layout="constrained")
    axes = figure.subplots()
    shades = np.log10(result.error[first:end].T + 1e-3)
    image = axes.imshow(shades, aspect="auto", cmap="cividis", interpolation="nearest",
                        extent=(first, end, shades.shape[0] + 0.5, 0.5))  # fmt: skip
    for edge in (incident.first, incident.end):
        axes.axvline(edge, color=RED, ls="--")
    at_fault = [channel + 1 for channel in incident.channels]
    axes.plot(np.full(len(at_fault), first), at_fault, ">", color=ORANGE, ms=13,
              markeredgecolor="white", clip_on=False, zorder=5)  # fmt: skip
    axes.set(xlabel="minute of the test series", ylabel="channel",
             title=f"machine {machine.name}, rows {incident.first} to {incident.end}")  # fmt: skip
    figure.colorbar(image, label="log10 of the error, scaled units")
    return figure
