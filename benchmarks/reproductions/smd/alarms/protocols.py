"""SMD per budget and as TSB-AD has it: figures, tables, page, and what the network adds."""

import json
from collections.abc import Sequence
from pathlib import Path

from stillwatch.benchmarks.reproductions.smd.alarms.alarm_document import Results
from stillwatch.benchmarks.reproductions.smd.alarms.alarm_tables import (
    tables,
    what_the_network_adds,
)
from stillwatch.benchmarks.reproductions.smd.alarms.budgets import (
    BUDGETS,
    CHOSEN_ON,
    budget_rows,
    summarize_budgets,
)
from stillwatch.benchmarks.reproductions.smd.alarms.tsb_ad import (
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

__all__ = ["reproduce_protocols"]


def reproduce_protocols(machines: Sequence[Machine], seeds: int, out: Path) -> None:
    """Writes budgets.json and alarms.html to `out`, and prints their tables."""
    alarms = budget_rows(machines, seeds, out)
    ranking = ranking_rows(machines, seeds, out)
    results: Results = {
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
        "network_adds": "",
    }
    results["network_adds"] = what_the_network_adds(results)
    write_text(out / "budgets.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "alarms.html", _page(results))
    for header, rows in tables(results):
        print(as_text(header, rows), end="\n\n")
    print(results["network_adds"])
    print(f"\nbudgets.json and alarms.html in {out}")


def _page(results: Results) -> str:
    alarms, ranking, theirs = (page.table(*each) for each in tables(results))
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
