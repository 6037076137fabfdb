"""README's lines and snippets run as pasted, in order, and those of some of the guides."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 150
RUN = ("README.md", "docs/first-alarm.md", "docs/streams.md", "docs/python.md", "docs/files.md")
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)|(?:src|srcset)=\"([^\"]+)\"")


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Yields each block's language and text, but for the lines that install."""
    for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        yield language, re.sub(r"^pip install .*\n", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", RUN)
def test_the_lines_run_as_pasted(page: str, tmp_path: Path) -> None:
    binaries = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    ran = list(blocks(ROOT / page))
    if page.endswith("python.md"):
        ran = [*blocks(ROOT / "docs/first-alarm.md"), *ran]  # which makes the files it speaks of
    assert ran
    for language, text in ran:
        command = ["bash", "-euo", "pipefail", "-c", text]
        if language == "python":
            command = [sys.executable, "-W", "error", "-c", text]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{page}:\n{text}\n{done.stderr}"


def test_readme_can_be_taken_in() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST
    first_screen = "\n".join(lines[:40])
    assert "docs/pictures/" in first_screen
    assert "--report" in first_screen


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(page: Path) -> None:
    for found in _LINK.findall(page.read_text(encoding="utf-8")):
        target = found[0] or found[1]
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
