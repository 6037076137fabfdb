"""A served model is fitted anew to its streams, swapped without loss, and rolled back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.calibrated import WINDOW, calibrated
from support.serving import client

from stillwatch.export.recalibrate.trial import Trial
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.serve.options import ServeOptions
from stillwatch.runtime.serve.service import Service

CHANNELS, ROWS = 2, 3_000
SHIFT = 40.0


@pytest.fixture(scope="module")
def content() -> bytes:
    return calibrated(rows_of(0.0), period=600.0).content


def rows_of(level: float, seed: int = 1) -> Float64:
    found: Float64 = 20 + level + np.random.default_rng(seed).normal(size=(ROWS, CHANNELS))
    return found


def served(folder: Path, content: bytes) -> Service:
    return Service({"m": content}, ServeOptions(folder=folder))


def send(asker: Any, first: int, values: Float64) -> dict[str, Any]:
    body = {"seq": first, "samples": values.tolist()}
    answer = asker.post("/v1/streams/a/samples", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def shifted(tmp_path: Path, content: bytes) -> Callable[[str], Path]:
    """A service's folder after its sensors went to another level, and what people said of it."""

    def make(feedback: str) -> Path:
        with client(served(tmp_path, content)) as asker:
            send(asker, 0, rows_of(SHIFT)[: ROWS - 7])
            events = asker.get("/events?limit=1000").json()["events"]
            assert events
            for event in events:
                asker.post(f"/events/{event['id']}/feedback", json={"feedback": feedback})
        return tmp_path

    return make


def test_rows_called_wrongly_are_learnt_and_no_sample_is_lost(
    shifted: Callable[[str], Path], content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shifted("false")
    more = rows_of(SHIFT, seed=2)
    made = served(folder, content)
    with client(made) as asker:
        seen = send(asker, ROWS - 7, more[:13])  # some rows wait for their window
        assert seen["pending"] > 0
        assert main(["recalibrate", "m", "--state", str(folder)]) == 0
        said = capsys.readouterr().out
        assert "version 2 of m answers from now on" in said
        made.refresh()
        answer = send(asker, ROWS + 6, more[13:200])
        assert answer["version"] == "2"
        assert answer["accepted"] == 187
        rows = [verdict["row"] for verdict in answer["verdicts"]]
        first = ROWS + 6 - seen["pending"]
        assert rows == list(range(first, first + len(rows)))
        assert len(rows) + answer["pending"] == 187 + seen["pending"]
        assert asker.get("/v2/models/m").json()["versions"] == ["2"]
        assert main(["recalibrate", "m", "--state", str(folder), "--roll-back"]) == 0
        made.refresh()
        back = send(asker, ROWS + 193, more[200 : 200 + WINDOW])
        assert back["version"] == "1"
    with client(served(folder, content)) as asker:  # and stays so after a restart
        assert send(asker, ROWS + 193 + WINDOW, more[:1])["version"] == "1"


def test_a_worse_one_is_refused(
    tmp_path: Path,
    content: bytes,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = rows_of(0.0, seed=3)
    rows[2_700:2_710] += 3 * SHIFT  # a fault, of which somebody says that it was one
    with client(served(tmp_path, content)) as asker:
        send(asker, 0, rows)
        for event in asker.get("/events?limit=1000").json()["events"]:
            there = event["start"]["row"] <= 2_710 and event["end"]["row"] >= 2_700
            said = {"feedback": "real" if there else "false"}
            asker.post(f"/events/{event['id']}/feedback", json=said)
    deaf = calibrated(rows_of(0.0) + 500 * rows_of(-20.0, seed=4), period=600.0)
    monkeypatch.setattr("stillwatch.export.recalibrate.command._fitted", lambda *_: deaf)
    assert main(["recalibrate", "m", "--state", str(tmp_path)]) == 1
    assert "refused: it misses 1 of 1 events that were real" in capsys.readouterr().out
    with client(served(tmp_path, content)) as asker:
        assert asker.get("/v2/models/m").json()["versions"] == ["1"]


@pytest.mark.parametrize(
    ("after", "worse"),
    [
        (Trial(rows=9, false=1, alarms=4, cost=4.0, real=2, hit=2), ""),
        (Trial(rows=9, false=0, alarms=0, cost=0.0, real=2, hit=1), "it misses 1 of 2"),
        (Trial(rows=9, false=1, alarms=1, cost=4.1, real=2, hit=2), "its false alarms cost 4.1"),
    ],
)
def test_what_is_worse(after: Trial, worse: str) -> None:
    before = Trial(rows=9, false=1, alarms=4, cost=4.0, real=2, hit=2)
    assert after.worse_than(before).startswith(worse)
    assert bool(after.worse_than(before)) == bool(worse)


def test_trying_changes_nothing_and_a_wrong_name_is_told(
    shifted: Callable[[str], Path], content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shifted("false")
    assert main(["recalibrate", "m", "--state", str(folder), "--try"]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    with client(served(folder, content)) as asker:
        assert asker.get("/v2/models/m").json()["versions"] == ["1"]
    assert main(["recalibrate", "n", "--state", str(folder)]) == 2
    assert "no model called 'n'" in capsys.readouterr().err
    assert main(["recalibrate", "m", "--state", str(folder / "no")]) == 2
    assert main(["recalibrate", "m", "--state", str(folder), "--roll-back"]) == 2
    assert "is the first" in capsys.readouterr().err
