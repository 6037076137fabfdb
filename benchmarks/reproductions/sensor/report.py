"""The report of `reproduce sensor`: a table and a learning curve a subject."""

from stillwatch.benchmarks.reproductions.sensor.document import HEADER, Results, sensor_rows
from stillwatch.export.own_data import plots
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance_line

__all__ = ["sensor_results_page"]


def sensor_results_page(results: Results) -> str:
    """Returns the report as one HTML page."""
    parts = [
        page.paragraph(
            "One joint network a subject and seed; the first 70 % of the normal rows train it, "
            "scaler, distance, threshold and count come from the last 30 %, for at most 1 % of "
            "normal windows called. Windows of 100 follow one another; one counts as anomalous "
            "with any labelled row. Oracle: threshold and count chosen on the test labels, a bound "
            "and not a result. Median over seeds (minimum to maximum)."
        )
    ]
    for subject in results["subjects"]:
        checks = [f for check in subject["agreement"] for f in check["frameworks"]]
        flips = sum(f["flips"] for f in checks)
        largest = max(check["beyond_rounding"] for check in checks)
        parts += [
            page.paragraph(subject["name"], "h2"),
            page.table(HEADER, sensor_rows(subject)),
            page.paragraph(
                f"{subject['test_rows']:,} test rows of {subject['channels']} channels, "
                f"{subject['labelled_rows']:,} of them labelled. Frameworks differ by "
                f"{largest:.2g} at most beyond the rounding of outputs, {flips} "
                "alarms flipped."
            ),
            page.picture(plots.stopping_point(subject["curves"][0]), "Seed 0."),
        ]
    parts.append(page.paragraph(provenance_line(results), "footer"))
    return page.page("stillwatch: the sensor autoencoder", parts)
