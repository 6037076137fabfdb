import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from support.repeat_vectors import detector_of, make_capsule

from stillwatch.benchmarks.detection.windows import hit_rate
from stillwatch.benchmarks.reproductions.smd import command as smd_command
from stillwatch.benchmarks.reproductions.smd import networks
from stillwatch.benchmarks.reproductions.smd.evaluation import judge_capsule
from stillwatch.benchmarks.reproductions.smd.networks import Plan
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.runtime import InputError
from stillwatch.train.data.sets import Machine
from stillwatch.train.data.sets.smd import Incident
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.repeat_vector.recipe import held_out

ROOT = Path(__file__).resolve().parents[3]
CHANNELS = 4


def made_up(name: str) -> Machine:
    generator = np.random.default_rng(ord(name[0]))
    time = np.arange(3000)[:, None]
    values = np.sin(time / 30 + np.arange(CHANNELS)) + generator.normal(0, 0.1, (3000, CHANNELS))
    test = values[1500:].copy()
    test[700:760, 2] += 4
    labels = np.zeros(1500, bool)
    labels[700:760] = True
    return Machine(name, values[:1500], test, labels, (Incident(700, 760, (2,)),))


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    smd_command.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def on_made_up_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smd_command, "load_smd", made_up)


@pytest.mark.usefixtures("on_made_up_machines")
def test_the_whole_way_and_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--machines", "1-1", "2-1", "--hidden", "4", "--seeds", "1", "--out", str(tmp_path))
    assert smd_command.run(parsed(*words)) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    rows = {(row["row"], row["score"]): row for row in results["summary"]}
    assert rows["teacher", "error"]["parameters"] == 1_124_201
    assert rows["student", "error"]["parameters"] == 482_601
    for score in ("robust", "error and level", "error"):
        assert rows["teacher", score]["agreement"]["median"] == 1.0
    assert ("student, int8", "robust") in rows
    assert ("student, int8", "error and level") not in rows
    assert rows["universal 16, machine left out", "error"]["machines"] == ["1-1", "2-1"]
    for row in (("random", ""), ("PCA", ""), ("no model", "robust"), ("no model", "level")):
        assert rows[row]["parameters"] is None
    # One channel is at fault, and far off: by errors and by parts of the score alike.
    for row in (("teacher", "robust"), ("no model", "robust"), ("no model", "level")):
        assert rows[row]["contribution_hit_rate_100"]["median"] == 1.0
        assert rows[row]["hit_rate_100"]["median"] == 1.0
    assert {row["machine"] for row in results["by_machine"]} == {"1-1", "2-1"}
    assert '<figure class="plot"' in (tmp_path / "report.html").read_text()

    def again(*_: object, **__: object) -> None:
        raise AssertionError("trained or judged a second time")

    monkeypatch.setattr("stillwatch.train.families.repeat_vector.recipe.train_windows", again)
    monkeypatch.setattr("stillwatch.benchmarks.reproductions.smd.evaluation.evaluate", again)
    assert smd_command.run(parsed(*words)) == 0
    repeated = json.loads((tmp_path / "results.json").read_text())
    assert repeated["summary"] == results["summary"]
    assert repeated["ablations"] is None


def test_what_ships_is_what_is_judged() -> None:
    machine = made_up("2-1")
    base = make_capsule(RepeatVectorConfig(units=4), CHANNELS)
    rows = {row["score"]: row for row in judge_capsule(base, "made up", machine, int8=False)}
    assert list(rows) == ["robust", "error and level", "error"]
    content = calibrate(base, "made up", held_out(machine)).content
    result = detector_of(content).score(machine.test)
    expected = average_precision_score(machine.labels, result.score.astype(np.float64))
    assert rows["robust"]["ap"] == expected
    blame = result.contribution
    assert rows["robust"]["contribution_hit_rate_150"] == hit_rate(machine.incidents, blame, 1.5)
    (int8,) = judge_capsule(
        make_capsule(RepeatVectorConfig(units=64), CHANNELS), "made up", machine, int8=True
    )
    assert int8["score"] == "robust"


def test_ablations_of_an_earlier_run_are_kept_under_its_date(tmp_path: Path) -> None:
    kept = {"machine": "2-1", "summary": []}
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"ablations": kept, "date": "2026-11-22"}))
    assert smd_command.earlier_ablations(path) == {**kept, "date": "2026-11-22"}
    again = {"ablations": {**kept, "date": "2026-11-22"}, "date": "2026-12-24"}
    path.write_text(json.dumps(again))
    assert smd_command.earlier_ablations(path)["date"] == "2026-11-22"
    for text, said in (('{"ablations": null, "date": ""}', "there are none"), ("[]", "no results")):
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            smd_command.earlier_ablations(path)
    with pytest.raises(InputError, match="no results"):
        smd_command.earlier_ablations(tmp_path / "none.json")


def test_wrong_calls_are_refused(tmp_path: Path) -> None:
    for words, expected in (
        (("--machines", "9-9"), "expected machines of"),
        (("--channels", "joint", "--ablations", "2-1"), "independent channels"),
        (("--seeds", "0"), "at least one"),
    ):
        with pytest.raises(InputError, match=expected):
            smd_command.run(parsed(*words, "--out", str(tmp_path)))


def test_every_committed_row_is_one_that_the_plan_asks_for() -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "smd" / "results.json").read_text())
    plan = {key: tuple(v) if isinstance(v, list) else v for key, v in results["plan"].items()}
    wanted = {network.row for network in networks.networks(Plan(**plan))}
    found = {row["row"].removesuffix(", int8") for row in results["summary"]}
    assert found == wanted | {"random", "no model", "PCA"}
    counts = {row["row"]: row["seeds"] for row in results["summary"]}
    assert all(seeds >= 3 for row, seeds in counts.items() if row.startswith("micro"))


def test_int8_keeps_the_committed_f1() -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "smd" / "results.json").read_text())
    f1 = {r["row"]: r["f1"]["median"] for r in results["summary"] if r["score"] != "error"}
    int8 = {row: figure for row, figure in f1.items() if row.endswith(", int8")}
    assert len(int8) == 5
    for row, figure in int8.items():
        assert abs(figure - f1[row.removesuffix(", int8")]) < 0.003  # as README says
