"""The documentation's figures and tables, from the committed results and held to them by a test.

    python -m stillwatch.benchmarks.readme README.md docs/*.md

writes each table anew between its markers, on whichever page these are.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stillwatch.benchmarks.detection_sections import (
    alarms_section,
    faults_section,
    judge_section,
    nab_section,
    overlap_section,
    scores_section,
)
from stillwatch.benchmarks.latency.cards.kinds import CARDS, cards_in
from stillwatch.benchmarks.latency.edge.figures import EDGE_HEADER, edge_rows
from stillwatch.benchmarks.latency.pages.sections import bench_section, claims_section
from stillwatch.benchmarks.microcontroller.device_table import HEADER as C_HEADER
from stillwatch.benchmarks.microcontroller.device_table import table as c_rows
from stillwatch.benchmarks.reproductions.drift import document as drift
from stillwatch.benchmarks.reproductions.nab_rds import document as nab_rds
from stillwatch.benchmarks.reproductions.nab_rds import rows as nab_rds_rows
from stillwatch.benchmarks.reproductions.sensor import document as sensor
from stillwatch.benchmarks.reproductions.smd import document as smd
from stillwatch.benchmarks.spark.section import spark_section
from stillwatch.runtime.alarms.policies.policy_table import MEANINGS
from stillwatch.runtime.report.tables import as_markdown

__all__ = [
    "c_section",
    "drift_section",
    "edge_section",
    "importing_section",
    "nab_rds_section",
    "rewrite",
    "sections",
    "sensor_section",
    "smd_section",
]

_BESIDE_SENSOR = ("teacher", "micro 16", "micro 8", "sensor", "no model", "PCA", "random")
_RESULTS = Path("benchmarks/results")  # below the checkout; the results are not installed
_PART = re.compile(r"(<!-- ([\w-]+): generated -->).*?(<!-- \2: end -->)", re.DOTALL)


def nab_rds_section(results: nab_rds.Results) -> str:
    """Returns the part on nab-rds: the table, and how it was made."""
    agreement = results["agreement"]
    frameworks = ", ".join(
        f"{name} {figures['largest']:.1g}" for name, figures in agreement["frameworks"].items()
    )
    flips = sum(figures["flips"] for figures in agreement["frameworks"].values())
    return "\n".join(
        [
            as_markdown(nab_rds_rows.HEADER, nab_rds_rows.detection_rows(results)),
            "",
            f"`{results['command']}`: median over {results['seeds']} seeds (minimum to maximum), "
            f"{results['parameters']} parameters. Largest difference from onnxruntime in "
            f"reconstruction (scaled units) over the whole test series and "
            f"{agreement['models']} models: {frameworks}; {flips} alarms flipped.",
        ]
    )


def smd_section(results: smd.Results) -> str:
    """Returns the part on distillation: the core of the table, and how it was made."""
    published = "; ".join(
        f"{name} P {row['precision']:.2f} R {row['recall']:.2f} F1 {row['f1']:.2f}"
        for name, row in results["published"].items()
    )
    machines = ", ".join(results["plan"]["machines"])
    return "\n".join(
        [
            as_markdown(smd.CORE_HEADER, smd.core_rows(results)),
            "",
            f"`{results['command']}`: machines {machines}; median over seeds (minimum to maximum) "
            f"of macro averages. Published, with another protocol: {published}.",
        ]
    )


def sensor_section(results: sensor.Results) -> str:
    """Returns the part on the joint network: each subject, beside a few of the others."""
    parts = []
    for subject in results["subjects"]:
        rows = [row for row in sensor.sensor_rows(subject) if row[0] in _BESIDE_SENSOR]
        parts += [f"{subject['name']}:", "", as_markdown(sensor.HEADER, rows), ""]
    checks = [check for subject in results["subjects"] for check in subject["agreement"]]
    frameworks = [framework for check in checks for framework in check["frameworks"]]
    largest = max(f["largest"] for f in frameworks)
    flips = sum(f["flips"] for f in frameworks)
    said = (
        f"`{results['command']}`: median over seeds (minimum to maximum). Frameworks differ by at "
        f"most {largest:.1g} in reconstruction (scaled units); {flips} alarms flipped."
    )
    return "\n".join([*parts, said])


def drift_section(results: drift.Results) -> str:
    """Returns the part on drift: a fixed and a rolling threshold, series by series."""
    return "\n".join(
        [
            as_markdown(drift.HEADER, drift.drift_rows(results)),
            "",
            f"`{results['command']}`: median over seeds (minimum to maximum), the sensor network, "
            f"the {results['quantile']:g} quantile of held-out scores against `rolling("
            f"{results['quantile']:g},{results['history']})`.",
        ]
    )


def edge_section(results: dict[str, Any]) -> str:
    """Returns the part on the edge runtime: each figure beside what it is to reach."""
    card = results["card"]
    return "\n".join(
        [
            as_markdown(EDGE_HEADER, edge_rows(results["figures"])),
            "",
            f"`{results['command']}`, from the card of `{card['command']}`; {card['cpu']}, one "
            "thread unless said. Ratios with their 99 % interval.",
        ]
    )


def importing_section(results: dict[str, Any]) -> str:
    """Returns the part on networks that came in: how far each is from its original."""
    header = ("file", "from", "becomes", "parameters", "random windows", "series", "alarms flipped")
    rows = [
        (
            row["file"],
            row["framework"],
            row["family"],
            f"{row['parameters']:,}",
            f"{row['random']:.1g}",
            f"{row['series']:.1g}",
            f"{row['flips']} of {row['alarms']:,}",
        )
        for row in results["rows"]
    ]
    return "\n".join(
        [
            as_markdown(header, rows),
            "",
            f"`{results['command']}`: largest difference of reconstructions, scaled units.",
        ]
    )


_SECTIONS: dict[str, Callable[[Any], str]] = {
    "faults": faults_section,
    "judge": judge_section,
    "nab": nab_section,
    "overlap": overlap_section,
    "importing": importing_section,
    "nab-rds": nab_rds_section,
    "smd": smd_section,
    "sensor": sensor_section,
    "drift": drift_section,
    "spark": spark_section,
}


def c_section(results: dict[str, Any]) -> str:
    """Returns the part on C: what it takes of a Cortex-M4, and of a sample on a host."""
    hosts = [
        f"On the machine that ran it, a sample of `{model['name']}` took {host['c_ns']:,.0f} ns in "
        f"C, and {host['times']['value']:,.0f} times as long through `Stream.update` "
        f"({host['times']['low']:,.0f} to {host['times']['high']:,.0f})."
        for model in results["models"]
        if (host := model["host"]) is not None
    ]
    made = f"Made by `{results['command']}` on {results['date']}: {results['machine']['cpu']}."
    lines = [as_markdown(C_HEADER, c_rows(results["models"])), *hosts, made]
    return "\n\n".join(lines)


def sections(root: Path) -> dict[str, str]:
    """Returns every generated part by its name, made from the results below `root`."""
    parts = {
        name: section(json.loads((root / _RESULTS / name / "results.json").read_text()))
        for name, section in _SECTIONS.items()
    }
    kept = cards_in(root / CARDS)
    edge = json.loads((root / _RESULTS / "bench" / "edge.json").read_text())
    in_c = json.loads((root / _RESULTS / "bench" / "c.json").read_text())
    policies = as_markdown(("policy", "an alarm is a score above"), MEANINGS)
    budgets = json.loads((root / _RESULTS / "smd" / "budgets.json").read_text())
    scores = json.loads((root / _RESULTS / "smd" / "scores.json").read_text())
    return parts | {
        "alarms": alarms_section(budgets),
        "scores": scores_section(scores),
        "bench": bench_section(kept),
        "speed": claims_section(kept),
        "c": c_section(in_c),
        "edge": edge_section(edge),
        "policies": policies,
    }


def rewrite(page: str, parts: Mapping[str, str]) -> str:
    """Returns a page's text with each part made anew whose markers it has."""

    def anew(result: re.Match[str]) -> str:
        begin, name, end = result.groups()
        return f"{begin}\n{parts[name]}\n{end}"

    return _PART.sub(anew, page)


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(rewrite(path.read_text(), sections(Path())))
