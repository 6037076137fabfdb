"""The documentation's parts on alarms: NAB, budgets on SMD, planted faults, and the judge."""

from typing import Any

from stillwatch.benchmarks.reproductions.faults import document as faults
from stillwatch.benchmarks.reproductions.judge import document as judge
from stillwatch.benchmarks.reproductions.nab import document as nab
from stillwatch.benchmarks.reproductions.nab import nab_tables
from stillwatch.benchmarks.reproductions.smd.alarms import alarm_document, alarm_tables
from stillwatch.runtime.report.tables import as_markdown

__all__ = [
    "alarms_section",
    "faults_section",
    "judge_section",
    "nab_section",
    "overlap_section",
    "scores_section",
]


def nab_section(results: nab.Results) -> str:
    """Returns the part on all of NAB: the table, and what the network adds."""
    said = (
        f"`{results['command']}`: all 58 series, medians over {results['seeds']} seeds. Chosen: "
        f"{len(results['chosen'])} files, every other of a category, at the best threshold for "
        "them; held: the others at that threshold. "
    )
    table = as_markdown(nab_tables.HEADER, nab_tables.table_rows(results))
    return "\n".join([table, "", said + nab_tables.what_the_network_adds(results)])


def alarms_section(results: alarm_document.Results) -> str:
    """Returns the part on alarms and ranking on SMD: three tables, and what the network adds."""
    parts = []
    for header, rows in alarm_tables.tables(results):
        parts += [as_markdown(header, rows), ""]
    chosen = ", ".join(results["chosen_on"])
    said = (
        f"`{results['command']}`: the judge's constants and the robust score's were chosen on "
        f"{chosen}; held are the others. {alarm_tables.what_the_network_adds(results)}"
    )
    return "\n".join([*parts, said])


def faults_section(results: faults.Results) -> str:
    """Returns the part on planted faults: detected, and the right sensor blamed."""
    rows = faults.fault_rows(results["summary"])
    said = f"`{results['command']}`: {results['seeds']} seeds, {results['budget']:g} events a week."
    return "\n".join([as_markdown(faults.HEADER, rows), "", said])


def judge_section(results: judge.Results) -> str:
    """Returns the part on the judge in the graph: the same alarms, and what a row costs."""
    header, rows = judge.cost_table(results["cost"])
    agreement = as_markdown(judge.SERIES_HEADER, judge.series_rows(results["agreement"]))
    said = (
        f"`{results['command']}`: {results['budget']} events; {results['machine']['cpu']}, "
        "microseconds of processor time of one thread for a row of all streams, in brackets times "
        "the NumPy judge's; medians of nine turns in one run."
    )
    return "\n".join([agreement, "", as_markdown(header, rows), "", said])


def scores_section(results: dict[str, Any]) -> str:
    """Returns the part on the kinds of score, and on blame by the dataset's own labels."""
    header = ("score of", "machines", "AP", "VUS-PR", "HitRate, contribution", "HitRate, error")
    figures = ("ap", "vus_pr", "hit_rate_100", "hit_rate_100_by_error")
    rows = [
        (row["features"], row["machines"], *(f"{row[figure]:.2f}" for figure in figures))
        for row in results["means"]
    ]
    said = f"`{results['command']}`: {results['model']}, means over machines."
    return "\n".join([as_markdown(header, rows), "", said])


def overlap_section(results: dict[str, Any]) -> str:
    """Returns the part on windows that overlap: what they cost, and which alarms differ."""
    header = ("alarms by", "a window begins every", "cost", "rows that alarm", "that differ")
    rows = [
        (
            row["policy"],
            "row" if row["stride"] == 1 else f"{row['stride']} rows",
            f"{row['cost']:.2f}x",
            str(row["alarms"]),
            str(row["differ"]),
        )
        for row in results["rows"]
    ]
    said = (
        f"`{results['command']}`: {results['model']}, processor time; {results['machine']['cpu']}."
    )
    return "\n".join([as_markdown(header, rows), "", said])
