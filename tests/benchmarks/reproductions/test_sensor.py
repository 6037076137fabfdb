"""`reproduce sensor`: the whole way on a made-up subject, and the committed results' claims."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.sensor_config import CONFIG

from stillwatch.benchmarks.reproductions.sensor import command as sensor_command
from stillwatch.benchmarks.reproductions.sensor.document import HEADER, sensor_rows
from stillwatch.benchmarks.reproductions.sensor.series import Subject
from stillwatch.benchmarks.reproductions.smd import evaluation
from stillwatch.runtime import Detector
from stillwatch.runtime.cli.main import main
from stillwatch.train.data.sets.smd import Incident, Machine
from stillwatch.train.data.tables.recording import Recording

COMMITTED = (
    Path(__file__).resolve().parents[3] / "benchmarks" / "results" / "sensor" / "results.json"
)


def subject() -> Subject:
    noise = np.random.default_rng(0).normal(0, 0.2, (2400, 3))
    values = np.sin(np.arange(2400)[:, None] / 9 + np.arange(3)) + noise
    train, test = values[:1400], values[1400:].copy()
    labels = np.zeros(1000, bool)
    labels[420:460] = True
    test[420:460] += 6
    machine = Machine("made-up", train, test, labels, (Incident(420, 460, (0, 1, 2)),))
    recording = Recording(name="made up", channels=("a", "b", "c"), segments=(train,))
    config = replace(CONFIG, window=evaluation.WINDOW, step=20, epochs=2)
    return Subject(name="made up", recording=recording, machine=machine, config=config)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(sensor_command, "load_subject", lambda _: subject())
    beside = tmp_path / "smd.json"
    row = {"row": "teacher", "score": "error", "machine": "made-up", "parameters": 9, "seed": 0}
    figures = dict.fromkeys(("precision", "recall", "f1", "oracle_f1", "vus_pr", "ap"), 0.25)
    beside.write_text(json.dumps({"by_machine": [row | figures, {**row, "machine": "2-2"}]}))
    words = ["reproduce", "sensor", "--subjects", "temperature", "--seeds", "2"]
    words += ["--beside", str(beside), "--out", str(tmp_path)]
    assert main(words) == 0
    found: dict[str, Any] = json.loads((tmp_path / "results.json").read_text())
    # Everything is kept, so the same again trains and judges nothing.
    monkeypatch.setattr("stillwatch.train.families.sensor.recipe.train_with_early_stopping", None)
    monkeypatch.setattr("stillwatch.benchmarks.reproductions.sensor.run.judge_capsule", None)
    assert main(words) == 0
    again = json.loads((tmp_path / "results.json").read_text())
    assert again["subjects"] == found["subjects"]
    assert Detector.load(tmp_path / "made-up-1" / "model.onnx").info.family == "sensor"
    assert (tmp_path / "report.html").read_text().count("<figcaption") == 1
    return found


def test_the_whole_way(results: dict[str, Any]) -> None:
    (found,) = results["subjects"]
    names = {(row["row"], row["score"]): row for row in found["summary"]}
    assert set(names) == {
        ("sensor", "robust"),
        ("sensor", "error and level"),
        ("sensor", "error"),
        ("no model", "robust"),
        ("no model", "level"),
        ("PCA", ""),
        ("random", ""),
    }
    assert names["sensor", "error"]["seeds"] == names["random", ""]["seeds"] == 2
    assert names["sensor", "error"]["f1"]["median"] > 0.6  # the anomaly is there to be found
    assert names["random", ""]["vus_pr"]["median"] < 0.3
    assert [row["row"] for row in found["beside"]] == ["teacher"]
    assert found["labelled_rows"] == 40
    assert len(found["agreement"]) == 2
    for check in found["agreement"]:
        assert check["golden_passed"]
        assert check["alarms"] > 0
        assert all(f["passed"] and f["flips"] == 0 for f in check["frameworks"])


def test_committed_results_are_whole_and_verified() -> None:
    results = json.loads(COMMITTED.read_text())
    assert results["command"].startswith("stillwatch reproduce sensor")
    assert [one["name"] for one in results["subjects"]] == ["SMD 2-1", "NAB machine temperature"]
    for found in results["subjects"]:
        assert len(found["agreement"]) == len(found["curves"]) == 3
        for check in found["agreement"]:
            assert check["golden_passed"]
            assert check["alarms"] > 0
            assert len(check["frameworks"]) == 3
            assert max(f["largest"] for f in check["frameworks"]) < 1e-5
            assert sum(f["flips"] for f in check["frameworks"]) == 0
        rows = {row[0]: row for row in sensor_rows(found)}
        assert {"sensor", "no model", "PCA", "random"} <= set(rows)
        assert all(len(row) == len(HEADER) for row in rows.values())
        by_seed = [row for row in found["seeds"] if row["row"] == "sensor"]
        assert {row["seed"] for row in by_seed} == {0, 1, 2}


def test_results_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.json"
    path.write_text("{}")
    assert main(["reproduce", "sensor", "--beside", str(path), "--out", str(tmp_path)]) == 2
    assert "holds no results of 'reproduce smd'" in capsys.readouterr().err
    assert main(["reproduce", "sensor", "--seeds", "0"]) == 2
