"""The NAB report: the table, what the network adds, and pictures of single series."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from stillwatch.benchmarks.reproductions.nab.document import Results
from stillwatch.benchmarks.reproductions.nab.nab_tables import (
    HEADER,
    table_rows,
    what_the_network_adds,
)
from stillwatch.benchmarks.reproductions.nab.run import Answer
from stillwatch.benchmarks.reproductions.nab.series import Prepared
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.report import page
from stillwatch.runtime.report.decimation import decimated
from stillwatch.runtime.report.machine import provenance_line
from stillwatch.runtime.report.palette import BLUE, GREEN, ORANGE, RED

__all__ = ["nab_page"]

_SHOWN = (
    "realKnownCause/nyc_taxi.csv",
    "realKnownCause/machine_temperature_system_failure.csv",
    "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv",
    "artificialWithAnomaly/art_daily_flatmiddle.csv",
)


def nab_page(results: Results, series: Sequence[Prepared], answers: Mapping[str, Answer]) -> str:
    """Returns the report as one HTML page."""
    name, answer = next(iter(answers.items()))
    threshold = results["rows"][0]["seeds"][0]["standard"]["all"]["threshold"]
    shown = [one for one in series if one.name in _SHOWN]
    parts = [
        page.paragraph(
            "All 58 series, each as a stream: the judge's five residuals (of the value from its "
            "context, of level, day, roughness and spread), their surprise in nats, fused, above "
            "the bar that lets one event alarm once. The context is one network for all series, "
            "an LSTM that reads the clock, a slow mean and yesterday, and is trained on the "
            "probation of each: 15 % of its rows, at most 750. The official scorer, written anew "
            "and equal to its committed figures of published detectors; as it has it, one "
            "threshold serves all files and is the best for their labels. Chosen: the half on "
            "which choices were made, at its own threshold; held: the other half at "
            "that threshold. Median over seeds."
        ),
        page.table(HEADER, table_rows(results)),
        page.paragraph(what_the_network_adds(results)),
        page.paragraph("Pictures", "h2"),
        *(
            page.picture(_picture(one, answer[one.name].scores, threshold), f"{one.name}, {name}")
            for one in shown
        ),
        page.paragraph(provenance_line(results), "footer"),
    ]
    return page.page("stillwatch: the Numenta Anomaly Benchmark", parts)


def _picture(one: Prepared, scores: AnyArray, threshold: float) -> Figure:
    figure = Figure(figsize=(9.0, 4.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    for axes in (above, below):
        for first, last in one.windows:
            axes.axvspan(first, last, color=GREEN, alpha=0.2, lw=0)
        axes.axvspan(0, one.start, color=ORANGE, alpha=0.1, lw=0)
    above.plot(*decimated(one.z), color=BLUE, lw=0.6)
    above.set(ylabel="value, scaled")
    at = np.flatnonzero(scores >= threshold)
    below.plot(*decimated(scores), color=BLUE, lw=0.6)
    below.plot(at, scores[at], ".", color=RED, label="detection")
    below.axhline(threshold, color=RED, ls="--")
    below.set(xlabel="row; orange: probation, green: labelled", ylabel="surprise, nats")
    below.legend(loc="upper left", fontsize=8)
    return figure
