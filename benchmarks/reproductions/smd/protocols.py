"""SMD per budget and as TSB-AD has it: figures, tables, page, and what the network adds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stillwatch.benchmarks.reproductions.smd.budgets import (
    BUDGETS,
    CHOSEN_ON,
    budget_rows,
    summarize_budgets,
)
from stillwatch.benchmarks.reproductions.smd.tsb_ad import (
    PUBLISHED,
    TRAINED,
    ranking_rows,
    summarize_ranking,
)
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance, provenance_line
from stillwatch.runtime.report.tables import as_text
from stillwatch.train.data.sets import Machine

__all__ = ["reproduce_protocols", "what_the_network_adds"]

_ALARMS_HEADER = (
    "", "a week", "false a week, chosen", "worst", "hit of 57", "under alarm, worst",
    "false a week, held", "worst", "hit of 27", "under alarm, worst",
)  # fmt: skip
_RANKING_HEADER = ("", "AP, chosen", "VUS-PR, chosen", "AP, held", "VUS-PR, held")
_TSB_HEADER = ("", "VUS-PR by TSB-AD, mean of five", "over seeds")


def reproduce_protocols(machines: Sequence[Machine], seeds: int, out: Path) -> None:
    """Writes budgets.json and alarms.html to `out`, and prints their tables."""
    alarms = budget_rows(machines, seeds, out)
    ranking = ranking_rows(machines, seeds, out)
    results: dict[str, Any] = {
        **provenance(),
        "command": "stillwatch reproduce smd --protocol budgets",
        "budgets": list(BUDGETS),
        "chosen_on": list(CHOSEN_ON),
        "machines": [machine.name for machine in machines],
        "seeds": seeds,
        "alarms": summarize_budgets(alarms),
        "alarms_by_machine": alarms,
        "ranking": summarize_ranking(ranking, CHOSEN_ON),
        "ranking_by_machine": ranking,
        "tsb_ad": {"trained_up_to": TRAINED, "published": PUBLISHED},
    }
    results["network_adds"] = what_the_network_adds(results)
    write_text(out / "budgets.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "alarms.html", _page(results))
    for header, rows in _tables(results):
        print(as_text(header, rows), end="\n\n")
    print(results["network_adds"])
    print(f"\nbudgets.json and alarms.html in {out}")


def what_the_network_adds(results: dict[str, Any]) -> str:
    """Returns in words what a network that never saw the machine adds to alarms and to ranking."""
    hits = {row["policy"]: _hits(row) for row in results["alarms"] if row["budget"] == BUDGETS[-1]}
    plain, network = hits["judge, no network"], hits["judge, of values and residuals"]
    both = {row["score"]: row for row in results["ranking"] if row["protocol"] == "TSB-AD"}
    with_it = both["robust, network"]["all"]["tsb_vus_pr"]
    without = both["robust, no network"]["all"]["tsb_vus_pr"]["median"]
    gain = with_it["median"] - without
    clear = with_it["min"] > without or with_it["max"] < without
    return (
        f"What the network adds, on machines that it never saw: to alarms, at {BUDGETS[-1]} a week "
        f"the judge hits {network:g} events with its residuals beside the values and {plain:g} "
        f"without a network; to ranking, {gain:+.3f} of TSB-AD's VUS-PR ({with_it['median']:.3f}, "
        f"seeds {with_it['min']:.3f} to {with_it['max']:.3f}, against {without:.3f})"
        f"{'' if clear else ', which is within the spread of seeds'}."
    )


def _hits(row: dict[str, Any]) -> float:
    return float(sum(row[part]["hit"] for part in ("chosen", "held") if part in row))


def _tables(results: dict[str, Any]) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    ranking = results["ranking"]
    ours = [row for row in ranking if row["protocol"] == "ours"]
    theirs = [row for row in ranking if row["protocol"] == "TSB-AD"]
    published = [(f"{name}, published", f"{v:.3f}", "") for name, v in PUBLISHED.items()]
    return [
        (_ALARMS_HEADER, [_alarms_row(row) for row in results["alarms"]]),
        (_RANKING_HEADER, [_ranking_row(row) for row in ours]),
        (_TSB_HEADER, [_tsb_row(row) for row in theirs] + published),
    ]


def _alarms_row(row: dict[str, Any]) -> tuple[str, ...]:
    cells = [row["policy"], str(row["budget"] or "")]
    for part in ("chosen", "held"):
        if part not in row:
            cells += [""] * 4
            continue
        found = row[part]
        cells += [
            f"{found['false_mean']:.1f}",
            f"{found['false_worst']:.1f}",
            f"{found['hit']:g}",
            f"{100 * found['covered_worst']:.2f} %",
        ]
    return tuple(cells)


def _ranking_row(row: dict[str, Any]) -> tuple[str, ...]:
    cells = [row["score"]]
    for part in ("chosen", "held"):
        known = part in row
        cells += [f"{row[part][f]['median']:.3f}" if known else "" for f in ("ap", "vus_pr")]
    return tuple(cells)


def _tsb_row(row: dict[str, Any]) -> tuple[str, ...]:
    found = row["all"]["tsb_vus_pr"]
    spread = f"{found['min']:.3f} to {found['max']:.3f}" if row["all"]["seeds"] > 1 else ""
    return row["score"], f"{found['median']:.3f}", spread


def _page(results: dict[str, Any]) -> str:
    alarms, ranking, theirs = (page.table(*each) for each in _tables(results))
    parts = [
        page.paragraph(
            "Alarms, as an operator gets them. An event is a run of alarms that 30 calm rows end; "
            "it is false if it begins outside every labelled span, and a label is hit if an event "
            "begins within it. No point adjustment. Networks are students of 16 units that never "
            "saw a row of the machine they are judged on. The judge is fitted to the training "
            "rows; trained, rolling and tail are the policies of the last release behind the "
            f"network's distance. The judge's constants were chosen on {', '.join(CHOSEN_ON)}; "
            "held are the others. Hits: medians over seeds."
        ),
        alarms,
        page.paragraph("Ranking: AP and VUS-PR, calibrated on held-out training rows", "h2"),
        ranking,
        page.paragraph("TSB-AD's protocol", "h2"),
        page.paragraph(
            "Series are the test files; only the head of each, up to its tr row, may be seen. "
            "VUS-PR by its definition (buffers up to the period of the first channel). Machines "
            f"{', '.join(TRAINED)}; published figures are means over the same five."
        ),
        theirs,
        page.paragraph(results["network_adds"]),
        page.paragraph(provenance_line(results), "footer"),
    ]
    return page.page("stillwatch: alarms on the Server Machine Dataset", parts)
