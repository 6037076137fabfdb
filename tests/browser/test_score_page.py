"""The offline page in a real Chromium: what it says of a CSV is what `Detector.score` says."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from portability.matrix_cases import MODULES
from support.browser import WIDTHS, chromium
from support.live_page import browser_page

from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.cli.main import main

expect = pytest.importorskip("playwright.sync_api", reason="no playwright").expect
PACKAGE = MODULES / "onnxruntime-web"
pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(chromium() is None, reason="no chromium (Debian: apt-get install chromium)"),
    pytest.mark.skipif(not PACKAGE.is_dir(), reason="no onnxruntime-web: npm brings it"),
]
CHECKPOINT = Path(__file__).resolve().parents[2] / "benchmarks/results/nab-rds/checkpoint"
BUDGET = "5/week"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("page")
    score_page = ["score-page", "--onnxruntime-web", str(PACKAGE), "-o", str(made / "score.html")]
    assert main(score_page) == 0
    plain = ["export", str(CHECKPOINT), "--scaling", "rolling(288)", "--plain-inputs"]
    assert main([*plain, "-o", str(made / "plain.onnx")]) == 0
    values = 20 + np.random.default_rng(5).normal(size=1500)
    values[900] = 90
    values[1300:1310] = 60
    text = "\n".join(
        f"2026-01-01 {i};{value:.6f}".replace(".", ",") for i, value in enumerate(values)
    )
    (made / "series.csv").write_text("time;value\n" + text + "\n", encoding="utf-8")
    (made / "normal.csv").write_text(
        "value\n" + "\n".join(map(str, values[:800])), encoding="utf-8"
    )
    judged = ["export", "nab-rds-online", "--judge", "--budget", BUDGET, "--plain-inputs"]
    judged += ["--normal", str(made / "normal.csv"), "--period", "300s"]
    judged[1] = str(made / "plain.onnx")
    judged.remove("--plain-inputs")
    assert main([*judged, "-o", str(made / "judged.onnx")]) == 0
    return made


def numbers(folder: Path) -> Float64:
    lines = (folder / "series.csv").read_text().splitlines()[1:]
    found = np.array([float(line.split(";")[1].replace(",", ".")) for line in lines])
    return found.astype(np.float32).astype(np.float64)  # as a graph takes them


def scored_by_page(page: Any, folder: Path, model: str) -> list[dict[str, str]]:
    page.goto((folder / "score.html").as_uri())
    page.set_input_files("#capsule", folder / model)
    page.set_input_files("#series", folder / "series.csv")
    expect(page.locator("#headline")).to_be_visible(timeout=60_000)
    with page.expect_download() as saved:
        page.click("#save")
    assert saved.value.suggested_filename == "series-scored.csv"
    with Path(saved.value.path()).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("model", "width"), [("plain.onnx", WIDTHS[0]), ("judged.onnx", WIDTHS[1])]
)
def test_the_page_scores_as_the_detector_does(folder: Path, model: str, width: int) -> None:
    judged = model == "judged.onnx"
    threshold = f"budget({BUDGET})" if judged else None
    expected = Detector.load(folder / model).score(numbers(folder), threshold=threshold)
    with browser_page(width) as (page, said):
        rows = scored_by_page(page, folder, model)
        score = np.array([float(row["score"] or "nan") for row in rows])[-len(expected.score) :]
        np.testing.assert_allclose(score, expected.score, rtol=1e-5, atol=1e-6)
        alarm = np.array([row["alarm"] == "1" for row in rows])[-len(expected.score) :]
        np.testing.assert_array_equal(alarm, expected.alarm)
        assert alarm.any()
        if judged:
            surprise = np.array([float(row["surprise"] or "nan") for row in rows])
            ours = surprise[-len(expected.score) :]
            np.testing.assert_allclose(ours, expected.surprise, rtol=1e-6, atol=1e-7)
        assert page.locator(".chart canvas").count() == 2
        assert page.locator("#alarms tr").count() >= 1
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.screenshot(path=folder / f"{width}.png", full_page=True)
        assert said == []


def test_what_does_not_fit_is_said_in_a_line(folder: Path) -> None:
    with browser_page(390) as (page, _):
        page.goto((folder / "score.html").as_uri())
        (folder / "other.csv").write_text("time;value\n1;x\n")
        page.set_input_files("#capsule", folder / "plain.onnx")
        page.set_input_files("#series", folder / "other.csv")
        expect(page.locator("#said")).to_contain_text("line 2, column value: expected a number")
        (folder / "none.onnx").write_bytes(b"onnx")
        page.set_input_files("#capsule", folder / "none.onnx")
        expect(page.locator("#said")).to_contain_text("this is not a capsule")


def test_the_policy_has_no_unsafe_inline(folder: Path) -> None:
    text = (folder / "score.html").read_text(encoding="utf-8")
    assert "unsafe-inline" not in text.partition("<style>")[0]
    assert "https://" not in text.partition("<style>")[0]
