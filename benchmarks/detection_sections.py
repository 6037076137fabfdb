"""The documentation's parts on alarms: NAB, budgets on SMD, planted faults, and the judge."""

from stillwatch.benchmarks.reproductions.faults import document as faults
from stillwatch.benchmarks.reproductions.judge import document as judge
from stillwatch.benchmarks.reproductions.nab import document as nab
from stillwatch.benchmarks.reproductions.nab import nab_tables
from stillwatch.benchmarks.reproductions.smd.alarms import alarm_document, alarm_tables
from stillwatch.runtime.report.tables import as_markdown

__all__ = ["alarms_section", "faults_section", "judge_section", "nab_section"]


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
