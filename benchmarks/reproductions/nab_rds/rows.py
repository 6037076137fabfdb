"""A row of the nab-rds table, from the alarms of each seed; and the table as text."""

from collections.abc import Iterable, Sequence

from stillwatch.benchmarks.detection.counts import Counted, count_points, count_windows, spread
from stillwatch.benchmarks.reproductions.nab_rds.document import (
    DetectionRow,
    Results,
    Seed,
    Spreads,
)
from stillwatch.runtime.arrays import Bool
from stillwatch.runtime.report.tables import spread_text
from stillwatch.train.data.sets import LabelledSeries

__all__ = ["HEADER", "detection_rows", "row", "seed_figures", "with_masking"]

HEADER = ("", "scaling", "hits of 2", "false alarms", "F1", "NAB", "windows: found", "false", "F1")

_MASKING = {True: ", masked", False: ", unmasked", None: ""}


def seed_figures(seed: int, threshold: float, test: LabelledSeries, alarm: Bool) -> Seed:
    """Returns how one network's alarms (T,) meet the labels of the test series."""
    return {
        "seed": seed,
        "threshold": threshold,
        "points": count_points(test.labels, alarm).as_dict(),
        "windows": count_windows(test.windows, alarm).as_dict(),
    }


def row(model: str, policy: str, seeds: Sequence[Seed], masked: bool | None) -> DetectionRow:
    """Returns a row of the table: how its figures spread over seeds, and the seeds themselves.

    masked: None where no network was trained.
    """
    return {
        "model": model,
        "masked": masked,
        "scaling": policy,
        "threshold": spread(seed["threshold"] for seed in seeds),
        "points": _spreads([seed["points"] for seed in seeds]),
        "windows": _spreads([seed["windows"] for seed in seeds]),
        "seeds": list(seeds),
    }


def with_masking(one: DetectionRow) -> str:
    """Returns a row's name: its model, and whether labelled rows were masked in training."""
    return one["model"] + _MASKING[one["masked"]]


def detection_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns the published row, then one a model: median over seeds, (minimum to maximum)."""
    published = results["published"]
    tp, fp, f1, nab = (published[name] for name in ("tp", "fp", "f1", "nab"))
    rows: list[tuple[str, ...]] = [
        ("published", "series", str(tp), str(fp), f"{f1:g}", str(nab), "", "", "")
    ]
    for one in results["rows"]:
        points, windows = one["points"], one["windows"]
        rows.append(
            (
                with_masking(one),
                one["scaling"],
                spread_text(points["tp"], 0),
                spread_text(points["fp"], 0),
                spread_text(points["f1"], 2),
                spread_text(points["nab"], 0),
                spread_text(windows["tp"], 0),
                spread_text(windows["fp"], 0),
                spread_text(windows["f1"], 2),
            )
        )
    return rows


def _spreads(counted: Iterable[Counted]) -> Spreads:
    counts = list(counted)
    return {
        "tp": spread(one["tp"] for one in counts),
        "fp": spread(one["fp"] for one in counts),
        "f1": spread(one["f1"] for one in counts),
        "nab": spread(one["nab"] for one in counts),
    }
