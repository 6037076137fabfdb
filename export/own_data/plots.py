"""The pictures of the sensor reports. Each function returns one matplotlib figure."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.report.palette import BLUE, GREY, ORANGE, RED

__all__ = ["error_distribution", "stopping_point"]

_WIDTH = 9.0


def stopping_point(curve: Mapping[str, Sequence[float]]) -> Figure:
    """Returns training and validation loss by epoch, with the epoch whose weights were kept."""
    figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    epochs = np.arange(1, len(curve["train"]) + 1)
    for name, colour, style in (("train", BLUE, "-"), ("validation", ORANGE, "--")):
        axes.plot(epochs, curve[name], color=colour, ls=style, marker=".", label=name)
    best = int(np.argmin(curve["validation"]))
    axes.axvline(epochs[best], color=RED, ls=":", label=f"kept: epoch {epochs[best]}")
    axes.set(xlabel="epoch", ylabel="mean squared error, scaled units", yscale="log")
    axes.legend()
    return figure


def error_distribution(score: AnyArray, threshold: float) -> Figure:
    """Returns the scores of held-out normal rows with the threshold, on log axes."""
    figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    positive = score[score > 0]
    low, high = (positive.min(), positive.max()) if len(positive) else (1e-3, 1.0)
    bins = np.geomspace(low, max(high, threshold, 1.01 * low), 60).tolist()
    axes.hist(positive, bins=bins, color=GREY, label="held-out normal rows")
    axes.axvline(threshold, color=RED, ls="--", label="threshold")
    axes.set(xscale="log", yscale="log", xlabel="score (Mahalanobis distance)", ylabel="rows")
    axes.legend()
    return figure
