"""A page as headless Chromium shows it: what stands out of it, what it complains of."""

import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["WIDTHS", "Shown", "chromium", "show"]

WIDTHS = (1280, 390)
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# Beside the page's edge; text out of its box or picture; marks of an axis on one another.
_PROBE = """<script>
addEventListener("load", () => {
  const said = [], box = e => e.getBoundingClientRect();
  const name = e => e.tagName + "." + (e.className.baseVal ?? e.className) + ": "
    + e.textContent.trim().slice(0, 40);
  const seen = e => box(e).width > 0 && getComputedStyle(e).visibility !== "hidden";
  for (const e of document.querySelectorAll("body, body *")) {
    if (!seen(e) || e.closest("svg svg, defs")) continue;
    if (!e.closest("svg") && (box(e).right > innerWidth + 1 || box(e).left < -1))
      said.push("beyond the page: " + name(e));
    if (!e.closest("svg, .axis") && e.scrollWidth > e.clientWidth + 1
        && getComputedStyle(e).display !== "inline") said.push("out of its box: " + name(e));
    if (e.tagName === "text") {
      const frame = box(e.ownerSVGElement), b = box(e);
      if (b.left < frame.left - 2 || b.right > frame.right + 2)
        said.push("out of its picture: " + name(e));
    }
  }
  for (const marks of document.querySelectorAll(".rows, .axis")) {
    const all = [...marks.children].filter(seen), down = marks.className === "axis";
    all.sort((a, b) => down ? box(a).top - box(b).top : box(a).left - box(b).left);
    for (let i = 1; i < all.length; i++)
      if (down ? box(all[i - 1]).bottom > box(all[i]).top + 3
               : box(all[i - 1]).right > box(all[i]).left - 2)
        said.push("on one another: " + name(all[i]));
  }
  parent.postMessage(JSON.stringify({width: innerWidth, said}), "*");
});
</script>"""
# The browser's own window is never as narrow as a phone; a frame in it is.
_FRAME = """<!doctype html><link rel="icon" href="data:,"><body style="margin:0"><script>
addEventListener("message", sent => {{ document.documentElement.dataset.said = sent.data; }});
</script><iframe src="page.html" style="border:0;width:{width}px;height:{height}px"></iframe>"""


@dataclass(frozen=True)
class Shown:
    """width: of the window, in CSS pixels. said: what stands out. console: its complaints."""

    width: int
    said: tuple[str, ...]
    console: tuple[str, ...]


def chromium() -> str | None:
    """Returns the browser's path, None where there is none."""
    return shutil.which("chromium")


def show(
    page: Path, width: int, *, dark: bool = False, picture: Path | None = None, height: int = 2000
) -> Shown:
    """Returns how a page is shown at this width; picture: a PNG of its top is written there."""
    browser = chromium()
    if browser is None:
        raise RuntimeError("no chromium on this machine")
    with tempfile.TemporaryDirectory() as folder:
        probed = Path(folder) / "page.html"
        probed.write_text(page.read_text(encoding="utf-8") + _PROBE, encoding="utf-8")
        frame = Path(folder) / "frame.html"
        frame.write_text(_FRAME.format(width=width, height=height), encoding="utf-8")
        command = [
            *(browser, *_FLAGS, f"--user-data-dir={folder}/profile"),
            *("--enable-logging=stderr", f"--window-size={width},{height}"),
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        ]
        if picture is not None:
            _run([*command, f"--screenshot={picture}", frame.as_uri()])
        done = _run([*command, "--dump-dom", frame.as_uri()])
    found = re.search(r'data-said="([^"]*)"', done.stdout)
    if found is None:
        raise RuntimeError(f"{page} was not shown: {done.stderr[-500:]}")
    answer = json.loads(found[1].replace("&quot;", '"').replace("&amp;", "&"))
    console = tuple(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return Shown(answer["width"], tuple(answer["said"]), console)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
