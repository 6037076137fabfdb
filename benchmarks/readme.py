"""README's figures, made from the committed results and held to them by a test.

    python -m stillwatch.benchmarks.readme README.md

writes the tables anew between their markers.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from stillwatch.benchmarks.tables import (
    HEADER,
    SMD_CORE_HEADER,
    as_markdown,
    detection_rows,
    smd_core_rows,
)

__all__ = ["nab_rds_section", "rewrite", "smd_section"]

_RESULTS = Path("benchmarks/results")  # below the checkout; the results are not installed


def nab_rds_section(results: dict[str, Any]) -> str:
    """Returns README's part on nab-rds: the table, and how it was made."""
    agreement = results["agreement"]
    frameworks = ", ".join(
        f"{name} {figures['largest']:.1g}" for name, figures in agreement["frameworks"].items()
    )
    flips = sum(figures["flips"] for figures in agreement["frameworks"].values())
    return "\n".join(
        [
            as_markdown(HEADER, detection_rows(results)),
            "",
            f"`{results['command']}`: median over {results['seeds']} seeds (minimum to maximum), "
            f"{results['parameters']} parameters. Largest difference from onnxruntime in "
            f"reconstruction (scaled units) over the whole test series and "
            f"{agreement['models']} models: {frameworks}; {flips} alarms flipped.",
        ]
    )


def smd_section(results: dict[str, Any]) -> str:
    """Returns README's part on distillation: the core of the table, and how it was made."""
    published = "; ".join(
        f"{name} P {row['precision']:.2f} R {row['recall']:.2f} F1 {row['f1']:.2f}"
        for name, row in results["published"].items()
    )
    machines = ", ".join(results["plan"]["machines"])
    return "\n".join(
        [
            as_markdown(SMD_CORE_HEADER, smd_core_rows(results)),
            "",
            f"`{results['command']}`: machines {machines}; median over seeds (minimum to maximum) "
            f"of macro averages. Published, with another protocol: {published}.",
        ]
    )


def rewrite(readme: str, root: Path) -> str:
    """Returns README's text with every generated part made anew from the results below `root`."""
    for name, section in (("nab-rds", nab_rds_section), ("smd", smd_section)):
        results = json.loads((root / _RESULTS / name / "results.json").read_text())
        readme = _between(readme, name, section(results))
    return readme


def _between(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
    found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", text, re.DOTALL)
    if found is None:
        raise SystemExit(f"README has no part between {begin} and {end}")
    return text[: found.start()] + f"{begin}\n{content}\n{end}" + text[found.end() :]


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(rewrite(path.read_text(), path.resolve().parent))
