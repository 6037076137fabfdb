"""Every kind of page in a real browser, at a desk's width and a phone's: nothing is cut off."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.browser import WIDTHS, chromium, show
from support.pump import NORMAL, SERIES, files

from stillwatch.runtime.cli.main import main

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(chromium() is None, reason="no chromium (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def pump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pump")
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
    assert (
        main(["calibrate", "smd-segments", str(folder / NORMAL), "-o", str(folder / "m.onnx")]) == 0
    )
    return folder


def scored(pump: Path) -> Path:
    out = ["-o", str(pump / "out.csv"), "--report", str(pump / "scored.html")]
    assert main(["score", str(pump / "m.onnx"), str(pump / SERIES), *out]) == 0
    return pump / "scored.html"


def long_name_and_a_hundred_thousand_rows(pump: Path) -> Path:
    values = np.random.default_rng(0).normal(20, 2, 100_000)
    values[60_000:60_050] += 40
    series = pump / ("a_very_long_name_without_any_place_to_break_it" * 2 + ".csv")
    series.write_text("value\n" + "\n".join(f"{v:.2f}" for v in values), encoding="utf-8")
    report = pump / "long.html"
    out = ["-o", str(pump / "out.csv"), "--report", str(report)]
    assert main(["score", "nab-rds", str(series), *out]) == 0
    return report


def trained(pump: Path) -> Path:
    asked = ["--data", str(pump / NORMAL), "--time-column", "time", "--window", "20"]
    asked += ["--epochs", "2", "--out", str(pump / "trained")]
    assert main(["train", "sensor", *asked]) == 0
    return pump / "trained" / "report.html"


def tuned(pump: Path) -> Path:
    asked = ["--data", str(pump / NORMAL), "--time-column", "time", "--trials", "2"]
    asked += ["--window", "20", "--epochs", "1", "--out", str(pump / "tuned")]
    assert main(["tune", "sensor", *asked]) == 0
    return pump / "tuned" / "report.html"


def demo(pump: Path) -> Path:
    assert main(["reproduce", "nab-rds", "--seeds", "1", "--out", str(pump / "demo")]) == 0
    return pump / "demo" / "report.html"


@pytest.mark.parametrize(
    "make", [scored, long_name_and_a_hundred_thousand_rows, trained, tuned, demo]
)
def test_nothing_stands_out_of_a_page_and_the_console_is_silent(
    make: Callable[[Path], Path], pump: Path
) -> None:
    report = make(pump)
    for width in WIDTHS:
        shown = show(report, width)
        assert shown.width == width
        assert shown.said == ()
        assert shown.console == ()


BROKEN = (
    '<!doctype html><meta name="viewport" content="width=device-width"><link rel="icon" '
    'href="data:,"><body style="margin:0">'
)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<table><tr>" + "<td style='min-width:200px'>cell</td>" * 9 + "</table>", "beyond"),
        ("<div style='width:90px;overflow:hidden'><nobr>much too long for it</nobr></div>", "box"),
        ("<svg width='50' height='20'><text x='20' y='9'>too long</text></svg>", "picture"),
        ("<div class='rows'><i style='position:absolute'>aaa</i><i>b</i></div>", "one another"),
    ],
    ids=lambda text: text if text.isalpha() else "",
)
def test_the_check_sees_what_is_cut_off(body: str, complaint: str, tmp_path: Path) -> None:
    page = tmp_path / "broken.html"
    page.write_text(BROKEN + body, encoding="utf-8")
    assert any(complaint in said for said in show(page, 390).said)


def test_the_check_hears_the_console(tmp_path: Path) -> None:
    page = tmp_path / "broken.html"
    page.write_text(BROKEN + "<script>console.error('a complaint')</script>", encoding="utf-8")
    assert "a complaint" in "".join(show(page, 390).console)
