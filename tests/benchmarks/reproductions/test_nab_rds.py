import html.parser
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.benchmarks.reproductions.nab_rds.run import PUBLISHED, reproduce
from stillwatch.runtime import DataError, Detector
from stillwatch.runtime.cli.main import main
from stillwatch.train.data.sets import RDS_TEST, RDS_TRAIN, load_nab

ROOT = Path(__file__).resolve().parents[3]
RESULTS = json.loads((ROOT / "benchmarks" / "results" / "nab-rds" / "results.json").read_text())


def row(masked: bool | None, scaling: str, model: str = "LSTM autoencoder") -> dict:
    wanted = (model, masked, scaling)
    return next(r for r in RESULTS["rows"] if (r["model"], r["masked"], r["scaling"]) == wanted)


def test_the_published_result_is_reproduced_over_twenty_seeds() -> None:
    assert RESULTS["seeds"] == 20
    assert not RESULTS["simulated"]
    masked, unmasked = row(True, "series")["points"], row(False, "series")["points"]
    assert masked["tp"]["median"] == PUBLISHED["tp"]
    assert masked["fp"]["median"] <= PUBLISHED["fp"]
    assert masked["f1"]["median"] >= PUBLISHED["f1"]
    assert unmasked["tp"]["median"] <= 1
    assert row(True, "rolling(288)")["threshold"] != row(True, "series")["threshold"]


def test_every_framework_agreed_when_the_results_were_made() -> None:
    frameworks = RESULTS["agreement"]["frameworks"]
    assert [name.split()[0] for name in frameworks] == ["onnx", "NumPy", "MXNet"]
    for figures in frameworks.values():
        assert figures["largest"] <= 1e-5
        assert figures["flips"] == 0


def test_todays_code_makes_the_committed_figures_of_seed_0_again(tmp_path: Path) -> None:
    try:
        train, test = load_nab(RDS_TRAIN), load_nab(RDS_TEST)
    except DataError as error:
        pytest.skip(str(error))
    results, _ = reproduce(train, test, seeds=1, out=tmp_path, simulated=False)
    for now, then in zip(results["rows"], RESULTS["rows"], strict=True):
        assert (now["model"], now["masked"], now["scaling"]) == (
            then["model"],
            then["masked"],
            then["scaling"],
        )
        for how in ("points", "windows"):
            assert now["seeds"][0][how] == then["seeds"][0][how]


def test_the_shipped_capsules_score_the_nab_series_as_committed() -> None:
    try:
        test = load_nab(RDS_TEST)
    except DataError as error:
        pytest.skip(str(error))
    for model, scaling in (("nab-rds", "series"), ("nab-rds-online", "rolling(288)")):
        alarm = Detector.load(model).score(test.values).alarm
        committed = row(True, scaling)["seeds"][0]["points"]
        assert int((alarm & test.labels).sum()) == committed["tp"]
        assert int((alarm & ~test.labels).sum()) == committed["fp"]


class Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.pictures = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.pictures += tag == "figure" and "plot" in (values.get("class") or "").split()
        self.found += [v for name in ("src", "href") if (v := values.get(name))]


def test_without_data_the_whole_way_runs_on_a_simulated_series_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    out = tmp_path / "out"
    done = subprocess.run(
        [str(Path(sys.executable).parent / "stillwatch"), "reproduce", "nab-rds",
         "--seeds", "1", "--out", str(out)],
        env={"STILLWATCH_DATA": str(tmp_path / "empty"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    assert "SIMULATED DATA" in done.stderr
    assert "SIMULATED DATA" in done.stdout
    page = (out / "report.html").read_text()
    assert "SIMULATED DATA" in page
    links = Links()
    links.feed(page)
    assert links.pictures == 5
    # Whatever it shows is in it: data, or a part of the page.
    assert all(link.startswith(("data:", "#")) for link in links.found)
    assert json.loads((out / "results.json").read_text())["simulated"] is True
    names = {path.name for path in out.iterdir()}
    assert names == {
        "checkpoint",
        "nab-rds.onnx",
        "nab-rds-online.onnx",
        "nab-rds-trained.onnx",
        "report.html",
        "results.json",
    }
    assert Detector.load(out / "nab-rds.onnx").info.parameters == 18


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--seeds", "0"], "at least one seed"),
        (["--out", "/dev/null/no"], "cannot make the folder"),
    ],
)
def test_a_wrong_call_is_one_line(words: list[str], fragment: str) -> None:
    program = str(Path(sys.executable).parent / "stillwatch")
    done = subprocess.run(
        [program, "reproduce", "nab-rds", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert fragment in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("system", ["drift", "nab-rds", "sensor", "smd", "variants"])
def test_no_reproduction_goes_without_a_seed(
    system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["reproduce", system, "--seeds", "0", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "at least one" in said
    assert said.count("\n") == 1
    assert not list(tmp_path.rglob("*.json"))
