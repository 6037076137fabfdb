"""The report of the drift experiment: the table, and every series with both thresholds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from stillwatch.benchmarks.reproductions.drift.document import HEADER, Results, drift_rows
from stillwatch.benchmarks.reproductions.drift.run import Drift
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance_line
from stillwatch.runtime.report.palette import BLUE, GREEN, ORANGE, RED

__all__ = ["drift_page"]


def drift_page(results: Results, drifts: Sequence[Drift]) -> str:
    """Returns the report as one HTML page."""
    parts = [
        page.paragraph(
            "A sensor network a series and seed, trained on the first 40 % of rows less the "
            f"labelled windows. Fixed: the {results['quantile']:g} quantile of held-out normal "
            f"scores. Rolling: the same quantile of the {results['history']} scores before each "
            "(of as many as were held out, at the least, where these are fewer). An alarm is a "
            "row above the threshold. The rolling one calls about one row in a hundred whatever "
            "happens: it cannot fall silent on a quiet series, and it grows used to an anomaly "
            "that lasts. A window counts as found by a single alarm, which one row in a hundred at "
            "random would nearly always give: compare the shares of labelled and normal rows."
        ),
        page.table(HEADER, drift_rows(results)),
        *(page.picture(_thresholds(drift), f"{drift.name}, seed 0") for drift in drifts),
        page.paragraph(provenance_line(results), "footer"),
    ]
    return page.page("stillwatch: fixed and rolling thresholds under drift", parts)


def _thresholds(drift: Drift) -> Figure:
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    axes = figure.subplots()
    for first, last in drift.windows:
        axes.axvspan(first, last, color=GREEN, alpha=0.2, lw=0)
    axes.semilogy(np.maximum(drift.score, 1e-3), color=BLUE, lw=0.5, label="score")
    for kind, colour, style in (("fixed", RED, "--"), ("rolling", ORANGE, "-")):
        axes.plot(drift.thresholds[kind], color=colour, ls=style, label=f"{kind} threshold")
    axes.set(xlabel="row of the test", ylabel="score", title=Path(drift.name).stem)
    axes.legend(loc="upper left", fontsize=8)
    return figure
