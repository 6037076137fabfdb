"""README and docs say what the committed results say."""

import re
from collections import Counter
from pathlib import Path

from stillwatch.benchmarks.readme import rewrite, sections

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_page_says_what_the_committed_results_say() -> None:
    parts = sections(ROOT)
    on_pages: Counter[str] = Counter()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert rewrite(text, parts) == text, f"make it anew: {page.name}"
        on_pages.update(name for name in parts if f"<!-- {name}: generated -->" in text)
        begun = re.findall(r"<!-- ([\w-]+): generated -->", text)
        ended = [name for name in re.findall(r"<!-- ([\w-]+): end -->", text) if name in parts]
        assert begun == ended, page.name
    assert on_pages == Counter(parts.keys())  # each once, somewhere


def test_a_stale_figure_is_seen() -> None:
    page = "a\n<!-- edge: generated -->\nold\n<!-- edge: end -->\nb\n"
    anew = rewrite(page, {"edge": "new"})
    assert anew == page.replace("old", "new")
