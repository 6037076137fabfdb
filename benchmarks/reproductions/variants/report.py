"""The report of the recipe's variants: the table, and F1 with its spread as a picture."""

from matplotlib.figure import Figure

from stillwatch.benchmarks.reproductions.variants.document import HEADER, Results, variants_rows
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance_line
from stillwatch.runtime.report.palette import BLUE, GREY, RED

__all__ = ["variants_page"]


def variants_page(results: Results) -> str:
    """Returns the report as one HTML page."""
    parts = [
        page.paragraph(
            "Every row changes one choice of the published recipe and leaves the rest; "
            f"{results['seeds']} seeds each. Series are standardised by themselves, as published, "
            "which looks into the future. With two labelled points F1 moves in coarse steps: "
            "rows whose spreads overlap are not told apart."
        ),
        page.table(HEADER, variants_rows(results)),
        page.picture(_dots(results), "F1 over points: median, minimum and maximum over seeds"),
        page.paragraph(provenance_line(results), "footer"),
    ]
    return page.page("stillwatch: the single-feature recipe, one choice at a time", parts)


def _dots(results: Results) -> Figure:
    rows = results["rows"][::-1]
    figure = Figure(figsize=(8.0, 0.28 * len(rows) + 1.2), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        f1 = row["f1"]
        axes.plot([f1["min"], f1["max"]], [place, place], color=GREY, lw=2)
        axes.plot(f1["median"], place, "o", color=BLUE)
    axes.axvline(results["published"]["f1"], color=RED, ls="--", label="published")
    axes.set_yticks(range(len(rows)), [f"{row['parameter']} {row['value']}" for row in rows])
    axes.set(xlabel="F1 over points", xlim=(-0.03, 1.03))
    axes.legend(loc="lower right")
    return figure
