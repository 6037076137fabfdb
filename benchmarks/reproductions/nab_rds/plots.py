"""The pictures of the nab-rds report. Each function returns one matplotlib figure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stillwatch.benchmarks.reproductions.nab_rds.document import Results
from stillwatch.benchmarks.reproductions.nab_rds.run import PUBLISHED, Pictures
from stillwatch.runtime.arrays import Bool
from stillwatch.runtime.report.palette import BLUE, GREEN, GREY, ORANGE, RED
from stillwatch.runtime.result import Result
from stillwatch.train.data.sets import LabelledSeries

__all__ = [
    "error_histogram",
    "f1_by_seed",
    "learning_curves",
    "scores",
    "series",
]

_WIDE = (9.0, 5.6)


def series(pictures: Pictures) -> Figure:
    """Returns the training and the test series with labelled and found anomalies."""
    figure = Figure(figsize=(_WIDE[0], 7.6), layout="constrained")
    top, middle, bottom = figure.subplots(3)
    _series(top, pictures.train, pictures.on_train, "training series, series scaling")
    for axes, policy in ((middle, "series"), (bottom, _rolling(pictures))):
        _series(axes, pictures.test, pictures.on_test[policy], f"test series, {policy} scaling")
    return figure


def scores(pictures: Pictures) -> Figure:
    """Returns the scores of the test series against their thresholds, on a log scale."""
    figure = Figure(figsize=_WIDE, layout="constrained")
    for axes, policy in zip(
        figure.subplots(2, sharex=True), ("series", _rolling(pictures)), strict=True
    ):
        _shade(axes, pictures.test)
        axes.semilogy(pictures.test.timestamps, pictures.on_test[policy].score, color=BLUE, lw=0.6)
        axes.axhline(pictures.thresholds[policy], color=RED, ls="--", label="threshold")
        axes.set(ylabel="score", title=f"{policy} scaling")
        axes.set_ylim(bottom=1e-4)
        axes.legend(loc="upper left")
    return figure


def learning_curves(results: Results) -> Figure:
    """Returns training and validation loss of every masked seed, and their medians."""
    figure = Figure(figsize=(_WIDE[0], 4.2), layout="constrained")
    axes = figure.subplots()
    both = results["curves"]
    for name, losses, colour, style in (
        ("train", both["train"], BLUE, "-"),
        ("validation", both["validation"], ORANGE, "--"),
    ):
        curves = np.array(losses)
        epochs = np.arange(1, curves.shape[1] + 1)
        axes.plot(epochs, curves.T, color=colour, lw=0.5, alpha=0.4, ls=style)
        axes.plot(epochs, np.median(curves, axis=0), color=colour, lw=2.5, ls=style,
                  label=f"{name}, median of {len(curves)} seeds")  # fmt: skip
    axes.set(xlabel="epoch", ylabel="loss (half the squared error, scaled units)")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def error_histogram(pictures: Pictures) -> Figure:
    """Returns the squared errors of both series with the threshold, both axes logarithmic."""
    figure = Figure(figsize=(_WIDE[0], 4.2), layout="constrained")
    axes = figure.subplots()
    labelled = pictures.on_test["series"].score[pictures.test.labels]
    largest = max(float(pictures.on_train.score.max()), float(labelled.max()))
    bins = np.geomspace(1e-5, largest, 60).tolist()
    axes.hist(pictures.on_train.score, bins=bins, color=GREY, label="training series")
    axes.hist(pictures.on_test["series"].score, bins=bins, histtype="step", lw=1.8, color=BLUE,
              label="test series")  # fmt: skip
    axes.axvline(pictures.thresholds["series"], color=RED, ls="--", label="threshold")
    axes.plot(labelled, np.full(len(labelled), 1.5), "v", color=ORANGE, ms=11,
              label="labelled test anomalies")  # fmt: skip
    axes.set(
        xscale="log", yscale="log", xlabel="score (squared error, scaled units)", ylabel="values"
    )
    axes.legend()
    return figure


def f1_by_seed(results: Results) -> Figure:
    """Returns the F1 over points of every seed and row against the published figure."""
    figure = Figure(figsize=(_WIDE[0], 4.8), layout="constrained")
    axes = figure.subplots()
    names = []
    for place, row in enumerate(results["rows"]):
        values = [seed["points"]["f1"] for seed in row["seeds"]]
        offsets = np.linspace(-0.3, 0.3, len(values)) if len(values) > 1 else [0.0]
        colour = {True: BLUE, False: ORANGE, None: GREY}[row["masked"]]
        axes.plot(values, place + np.array(offsets), "o", color=colour, ms=5, alpha=0.8)
        axes.plot([row["points"]["f1"]["median"]], [place], "|", color="black", ms=22)
        masked = {True: "masked, ", False: "unmasked, ", None: ""}[row["masked"]]
        names.append(f"{row['model']}, {masked}{row['scaling']}")
    axes.axvline(PUBLISHED["f1"], color=RED, ls="--", label=f"published, {PUBLISHED['f1']}")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlim=(-0.03, 1.03))
    axes.set_xlabel("F1 over labelled points\na dot is a seed, | the median", loc="right")
    axes.legend(loc="lower right")
    return figure


def _series(axes: Axes, shown: LabelledSeries, result: Result, title: str) -> None:
    _shade(axes, shown)
    axes.plot(shown.timestamps, shown.values, color=GREY, lw=0.7)
    _marks(axes, shown, shown.labels, "o", GREEN, "labelled", 11, "none")
    _marks(axes, shown, result.alarm, "x", RED, "alarm", 7, RED)
    axes.set(ylabel="CPU, percent", title=f"{title}: {int(result.alarm.sum())} alarms")
    axes.legend(loc="upper left")


def _marks(
    axes: Axes, shown: LabelledSeries, where: Bool, marker: str, colour: str, label: str,
    size: float, fill: str,
) -> None:  # fmt: skip
    axes.plot(shown.timestamps[where], shown.values[where], marker, color=colour, label=label,
              ms=size, markerfacecolor=fill, markeredgewidth=1.8)  # fmt: skip


def _shade(axes: Axes, shown: LabelledSeries) -> None:
    for first, last in shown.windows:
        axes.axvspan(shown.timestamps[first], shown.timestamps[last], color=GREEN, alpha=0.15, lw=0)


def _rolling(pictures: Pictures) -> str:
    return next(policy for policy in pictures.on_test if policy.startswith("rolling"))
