"""The NAB report: the table, what the network adds, and pictures of single series."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from stillwatch.benchmarks.detection.nab_score import PROFILES
from stillwatch.benchmarks.reproductions.nab.run import Answer
from stillwatch.benchmarks.reproductions.nab.series import Prepared
from stillwatch.benchmarks.reproductions.nab.summary import PARTS
from stillwatch.runtime.report import page
from stillwatch.runtime.report.decimation import decimated
from stillwatch.runtime.report.machine import provenance_line
from stillwatch.runtime.report.palette import BLUE, GREEN, ORANGE, RED

__all__ = ["HEADER", "nab_page", "table_rows", "what_the_network_adds"]

HEADER = ("", "parameters", "standard", "chosen", "held", "low FP", "low FN", "spread, standard")

_SHOWN = (
    "realKnownCause/nyc_taxi.csv",
    "realKnownCause/machine_temperature_system_failure.csv",
    "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv",
    "artificialWithAnomaly/art_daily_flatmiddle.csv",
)


def table_rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Returns the table: a row a detector, medians over seeds; then the published ones."""
    rows = []
    for one in results["rows"]:
        standard, low_fp, low_fn = (one[name] for name in PROFILES)
        span = standard["all"]
        rows.append(
            (
                one["row"],
                f"{one['parameters']:,}" if one["parameters"] else "none",
                *(f"{standard[part]['median']:.1f}" for part in PARTS),
                f"{low_fp['all']['median']:.1f}",
                f"{low_fn['all']['median']:.1f}",
                f"{span['min']:.1f} to {span['max']:.1f}" if len(one["seeds"]) > 1 else "",
            )
        )
    for name, figures in results["published"].items():
        standard, low_fp, low_fn = (f"{figures[profile]:.1f}" for profile in PROFILES)
        rows.append((f"{name}, published", "", standard, "", "", low_fp, low_fn, ""))
    return rows


def what_the_network_adds(results: dict[str, Any]) -> str:
    """Returns a sentence: the largest network against the best control, and the seed spread."""
    networks = [one for one in results["rows"] if one["row"].startswith("LSTM")]
    controls = [one for one in results["rows"] if one["row"] in ("slow mean", "clock regression")]
    network = max(networks, key=lambda one: float(one["standard"]["all"]["median"]))
    control = max(controls, key=lambda one: float(one["standard"]["all"]["median"]))
    found, plain = network["standard"]["all"], control["standard"]["all"]["median"]
    gain = found["median"] - plain
    span = f"{found['min']:.1f} to {found['max']:.1f} over {len(network['seeds'])} seeds"
    inside = found["min"] <= plain <= found["max"] or abs(gain) < 1
    verdict = (
        "that is nothing: what finds the anomalies is the judge"
        if inside
        else "most of the score is the judge's all the same"
    )
    return (
        f"What the network adds: {network['row']} scores {found['median']:.1f} ({span}), the "
        f"control without a network ({control['row']}) {plain:.1f}: {gain:+.1f}; {verdict}."
    )


def nab_page(
    results: dict[str, Any], series: Sequence[Prepared], answers: Mapping[str, Answer]
) -> str:
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
            "which the judge's constants were chosen, its own threshold; held: the other half at "
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


def _picture(one: Prepared, scores: Any, threshold: float) -> Figure:
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
