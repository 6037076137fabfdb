"""Results as rows of text: for the terminal, the reports and README alike."""

from collections.abc import Sequence
from typing import Any

__all__ = [
    "DRIFT_HEADER",
    "HEADER",
    "SENSOR_HEADER",
    "SMD_CORE_HEADER",
    "SMD_HEADER",
    "VARIANTS_HEADER",
    "as_markdown",
    "as_text",
    "detection_rows",
    "drift_rows",
    "sensor_rows",
    "smd_core_rows",
    "smd_rows",
    "variants_rows",
]

HEADER = ("", "scaling", "hits of 2", "false alarms", "F1", "NAB", "windows: found", "false", "F1")

SMD_HEADER = (
    *("", "score", "parameters", "of teacher", "P", "R", "F1", "F1, oracle"),
    *("VUS-PR", "AP", "agrees", "HitRate@100%"),
)


def smd_rows(summary: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Returns a row a model and score, macro over machines: median over seeds (min to max)."""
    teacher = next(row["parameters"] for row in summary if row["row"] == "teacher")
    figures = (
        "precision",
        "recall",
        "f1",
        "oracle_f1",
        "vus_pr",
        "ap",
        "agreement",
        "hit_rate_100",
    )
    return [
        (
            row["row"],
            row["score"],
            f"{row['parameters']:,}" if row["parameters"] else "",
            _share(row["parameters"] / teacher) if row["parameters"] else "",
            *(_spread(row[figure], 2) for figure in figures),
        )
        for row in summary
    ]


SMD_CORE_HEADER = (
    *("", "score", "parameters", "of teacher", "P", "R", "F1", "VUS-PR", "agrees"),
    *("F1, others", "VUS-PR, others"),
)


def smd_core_rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Returns the core of the table; "others" are the machines the score was not chosen on."""
    others = {(row["row"], row["score"]): row for row in results["summary_others"]}
    rows = zip(results["summary"], smd_rows(results["summary"]), strict=True)
    return [
        (
            *cells[:7],
            *(_spread(row[figure], 2) for figure in ("vus_pr", "agreement")),
            *(_spread(others[row["row"], row["score"]][f], 2) for f in ("f1", "vus_pr")),
        )
        for row, cells in rows
    ]


SENSOR_HEADER = ("", "score", "parameters", "P", "R", "F1", "F1, oracle", "VUS-PR", "AP")


def sensor_rows(subject: dict[str, Any]) -> list[tuple[str, ...]]:
    """Returns a row a model and score, over one subject: median over seeds (min to max)."""
    figures = ("precision", "recall", "f1", "oracle_f1", "vus_pr", "ap")
    return [
        (
            row["row"],
            row["score"],
            f"{row['parameters']:,}" if row["parameters"] else "",
            *(_spread(row[figure], 2) for figure in figures),
        )
        for row in (*subject["beside"], *subject["summary"])
    ]


VARIANTS_HEADER = ("changed", "to", "hits of 2", "false alarms", "F1", "windows: F1")

DRIFT_HEADER = (
    *("", "threshold", "windows: found", "labelled rows called", "normal rows called"),
    "normal rows called, last quarter",
)


def drift_rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Returns two rows a series, one a threshold: median over seeds (min to max), in percent."""
    return [
        (
            row["series"].rpartition("/")[2].removesuffix(".csv"),
            row["threshold"],
            f"{_spread(row['found'], 0)} of {row['windows']}",
            *(
                _spread({k: 100 * v for k, v in row[name].items()}, 1) + " %"
                for name in ("labelled_called", "normal_called", "normal_called_last_part")
            ),
        )
        for row in results["rows"]
    ]


def variants_rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Returns the published row, then one a variant: median over seeds (minimum to maximum)."""
    published = results["published"]
    rows: list[tuple[str, ...]] = [
        ("published", "", str(published["tp"]), str(published["fp"]), f"{published['f1']:g}", "")
    ]
    for row in results["rows"]:
        counts = (_spread(row[name], 0) for name in ("tp", "fp"))
        shares = (_spread(row[name], 2) for name in ("f1", "windows_f1"))
        rows.append((row["parameter"], row["value"], *counts, *shares))
    return rows


def detection_rows(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Returns the published row, then one a model: median over seeds, (minimum to maximum)."""
    published = results["published"]
    rows: list[tuple[str, ...]] = [
        (
            "published",
            "series",
            str(published["tp"]),
            str(published["fp"]),
            f"{published['f1']:g}",
            str(published["nab"]),
            "",
            "",
            "",
        )
    ]
    for row in results["rows"]:
        masked = {True: ", masked", False: ", unmasked", None: ""}[row["masked"]]
        points, windows = row["points"], row["windows"]
        rows.append(
            (
                row["model"] + masked,
                row["scaling"],
                _spread(points["tp"], 0),
                _spread(points["fp"], 0),
                _spread(points["f1"], 2),
                _spread(points["nab"], 0),
                _spread(windows["tp"], 0),
                _spread(windows["fp"], 0),
                _spread(windows["f1"], 2),
            )
        )
    return rows


def as_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table for a terminal."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def as_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table in Markdown."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def _share(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


def _spread(figure: dict[str, float], digits: int) -> str:
    median, low, high = (_plain(figure[name], digits) for name in ("median", "min", "max"))
    return median if low == high else f"{median} ({low} to {high})"


def _plain(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}" if digits or value == round(value) else f"{value:,.1f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text
