"""The nab-rds report: the table, the pictures, and what they say."""

from stillwatch.benchmarks.reproductions.nab_rds import plots
from stillwatch.benchmarks.reproductions.nab_rds.document import DetectionRow, Results
from stillwatch.benchmarks.reproductions.nab_rds.rows import HEADER, detection_rows, with_masking
from stillwatch.benchmarks.reproductions.nab_rds.run import Pictures
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance_line

__all__ = ["nab_rds_page"]


def nab_rds_page(results: Results, pictures: Pictures) -> str:
    """Returns the report as one HTML page."""
    parts = []
    if results["simulated"]:
        parts.append(
            page.paragraph(
                "SIMULATED DATA. No NAB data could be had, so the series below are the built-in "
                "simulation. Nothing here reproduces or contradicts the published figures.",
                css="warning",
            )
        )
    parts += [
        page.paragraph(
            f"LSTM autoencoder with {results['parameters']} parameters, trained on "
            f"{results['data']['train']}, tested on {results['data']['test']}; "
            f"{results['seeds']} seeds, each trained in MXNet Gluon, exported to ONNX and scored "
            "by onnxruntime. Cells show the median over seeds (minimum to maximum)."
        ),
        page.table(HEADER, detection_rows(results)),
        page.paragraph(
            "Left: labelled points exactly, as the article counts; NAB is its arithmetic, +1 a "
            "hit and -0.22 a false alarm, in percent of the possible. Right: an event counts as "
            "found if an alarm falls into its labelled window; false are alarms outside every "
            "window. Thresholds are the mean plus 3 standard deviations of the training errors "
            "under the same scaling, never set on the test series. 'series' scaling, as "
            "published, standardises the test file with its own mean and deviation and so uses "
            "its future; 'rolling' uses the last 288 values before each one, as a stream can. "
            "No model: the score is the squared scaled value. Random: chi-squared noise."
        ),
        page.paragraph("Confusion over points, first seed", "h2"),
        page.table(
            ("", "scaling", "true positive", "false positive", "false negative", "true negative"),
            [_confusion(row) for row in results["rows"]],
        ),
        *_pictures(pictures, results),
        page.paragraph("Agreement of frameworks", "h2"),
        page.table(
            ("against onnxruntime", "largest difference", "mean", "alarms flipped"),
            [
                (name, f"{a['largest']:.2g}", f"{a['mean']:.2g}", str(a["flips"]))
                for name, a in results["agreement"]["frameworks"].items()
            ]
            + [(name, why, "", "") for name, why in results["agreement"]["absent"].items()],
        ),
        page.paragraph(
            f"In reconstruction, scaled units, over the whole test series, "
            f"{results['agreement']['models']} trained models."
        ),
        page.paragraph(provenance_line(results), "footer"),
    ]
    return page.page("stillwatch: nab-rds reproduced", parts)


def _pictures(pictures: Pictures, results: Results) -> list[str]:
    return [
        page.paragraph("Pictures", "h2"),
        page.picture(
            plots.series(pictures),
            "Both series, seed 0, masked. Shaded: NAB's labelled windows.",
        ),
        page.picture(plots.scores(pictures), "Scores of the test series, and the thresholds."),
        page.picture(plots.learning_curves(results), "Learning curves of the masked seeds."),
        page.picture(
            plots.error_histogram(pictures),
            "Errors of seed 0 under series scaling, and threshold.",
        ),
        page.picture(plots.f1_by_seed(results), "F1 of every seed against the published 0.8."),
    ]


def _confusion(row: DetectionRow) -> tuple[str, ...]:
    points = row["seeds"][0]["points"]
    counts = (points["tp"], points["fp"], points["fn"], points["tn"])
    return (with_masking(row), row["scaling"], *(f"{count:,}" for count in counts))
