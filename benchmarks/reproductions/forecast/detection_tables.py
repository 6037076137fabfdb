"""The tables of a forecaster as a detector, from the figures alone."""

from stillwatch.benchmarks.reproductions.forecast.document import Detection
from stillwatch.benchmarks.reproductions.nab.document import Row
from stillwatch.benchmarks.reproductions.smd.alarms.alarm_document import RankingPart

__all__ = ["NAB_HEADER", "SMD_HEADER", "detection_tables"]

NAB_HEADER = ("NAB, the judge behind", "parameters", "standard", "held", "low FP", "low FN")
SMD_HEADER = ("SMD, what a row was expected to be", "AP", "VUS-PR", "TSB-AD's VUS-PR")

Tables = list[tuple[tuple[str, ...], list[tuple[str, ...]]]]


def detection_tables(result: Detection) -> Tables:
    """Returns header and rows of NAB's official score, and of ranking on SMD."""
    by_name: dict[str, dict[str, RankingPart]] = {}
    for row in result["smd"]["ranking"]:
        by_name.setdefault(row["score"], {})[row["protocol"]] = row["all"]
    return [
        (NAB_HEADER, [_nab_row(row) for row in result["nab"]]),
        (SMD_HEADER, [_smd_row(name, rows) for name, rows in by_name.items()]),
    ]


def _nab_row(row: Row) -> tuple[str, ...]:
    low_fp, low_fn = row["reward_low_FP_rate"], row["reward_low_FN_rate"]
    return (
        row["row"],
        f"{row['parameters']:,}" if row["parameters"] else "none",
        f"{row['standard']['all']['median']:.1f}",
        f"{row['standard']['held']['median']:.1f}",
        f"{low_fp['all']['median']:.1f}",
        f"{low_fn['all']['median']:.1f}",
    )


def _smd_row(name: str, rows: dict[str, RankingPart]) -> tuple[str, ...]:
    ours, theirs = rows["ours"], rows.get("TSB-AD")
    return (
        name,
        f"{ours['ap']['median']:.3f}",
        f"{ours['vus_pr']['median']:.3f}",
        f"{theirs['tsb_vus_pr']['median']:.3f}" if theirs else "",
    )
