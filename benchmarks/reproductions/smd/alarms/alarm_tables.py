"""The tables of SMD per budget and as TSB-AD has it, from the figures alone."""

from stillwatch.benchmarks.reproductions.smd.alarms.alarm_document import (
    AlarmSummary,
    RankingSummary,
    Results,
)

__all__ = ["tables", "what_the_network_adds"]

_ALARMS_HEADER = (
    "", "a week", "false a week, chosen", "worst", "hit of 57", "under alarm, worst",
    "false a week, held", "worst", "hit of 27", "under alarm, worst",
)  # fmt: skip
_RANKING_HEADER = ("", "AP, chosen", "VUS-PR, chosen", "AP, held", "VUS-PR, held")
_TSB_HEADER = ("", "VUS-PR by TSB-AD, mean of five", "over seeds")


def what_the_network_adds(results: Results) -> str:
    """Returns in words what a network that never saw the machine adds to alarms and to ranking."""
    budget = results["budgets"][-1]
    hits = {row["policy"]: _hits(row) for row in results["alarms"] if row["budget"] == budget}
    plain, network = hits["judge, no network"], hits["judge, of values and residuals"]
    both = {row["score"]: row for row in results["ranking"] if row["protocol"] == "TSB-AD"}
    with_it = both["robust, network"]["all"]["tsb_vus_pr"]
    without = both["robust, no network"]["all"]["tsb_vus_pr"]["median"]
    gain = with_it["median"] - without
    clear = with_it["min"] > without or with_it["max"] < without
    return (
        f"What the network adds, on machines that it never saw: to alarms, at {budget} a week "
        f"the judge hits {network:g} events with its residuals beside the values and {plain:g} "
        f"without a network; to ranking, {gain:+.3f} of TSB-AD's VUS-PR ({with_it['median']:.3f}, "
        f"seeds {with_it['min']:.3f} to {with_it['max']:.3f}, against {without:.3f})"
        f"{'' if clear else ', which is within the spread of seeds'}."
    )


def _hits(row: AlarmSummary) -> float:
    return float(sum(part["hit"] for part in (row.get("chosen"), row.get("held")) if part))


def tables(results: Results) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Returns header and rows of alarms by budget, of ranking, and of TSB-AD's protocol."""
    ranking = results["ranking"]
    ours = [row for row in ranking if row["protocol"] == "ours"]
    theirs = [row for row in ranking if row["protocol"] == "TSB-AD"]
    published = [
        (f"{name}, published", f"{v:.3f}", "") for name, v in results["tsb_ad"]["published"].items()
    ]
    return [
        (_ALARMS_HEADER, [_alarms_row(row) for row in results["alarms"]]),
        (_RANKING_HEADER, [_ranking_row(row) for row in ours]),
        (_TSB_HEADER, [_tsb_row(row) for row in theirs] + published),
    ]


def _alarms_row(row: AlarmSummary) -> tuple[str, ...]:
    cells = [row["policy"], str(row["budget"] or "")]
    for part in (row.get("chosen"), row.get("held")):
        if part is None:
            cells += [""] * 4
            continue
        cells += [
            f"{part['false_mean']:.1f}",
            f"{part['false_worst']:.1f}",
            f"{part['hit']:g}",
            f"{100 * part['covered_worst']:.2f} %",
        ]
    return tuple(cells)


def _ranking_row(row: RankingSummary) -> tuple[str, ...]:
    cells = [row["score"]]
    for part in (row.get("chosen"), row.get("held")):
        figures = (part["ap"], part["vus_pr"]) if part else ()
        cells += [f"{figure['median']:.3f}" for figure in figures] or ["", ""]
    return tuple(cells)


def _tsb_row(row: RankingSummary) -> tuple[str, ...]:
    result = row["all"]["tsb_vus_pr"]
    spread = f"{result['min']:.3f} to {result['max']:.3f}" if row["all"]["seeds"] > 1 else ""
    return row["score"], f"{result['median']:.3f}", spread
