"""The judge of a capsule in C: its alarms are those of the runtime's stream."""

import dataclasses
import re
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.calibrated import calibrated

from stillwatch.export.c.comparison import compare
from stillwatch.export.c.compiled import FLAGS
from stillwatch.export.c.folder import CFiles, c_files, write_folder
from stillwatch.export.capsule.seal import seal_model
from stillwatch.export.judged.adding import with_judge
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule.opening import open_session, read_bytes
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError


def _rows(count: int, channels: int, seed: int) -> Float64:
    noise = np.random.default_rng(seed).normal(size=(count, channels))
    phase = np.arange(count)[:, None] * 2 * np.pi / 288 + np.arange(channels)
    rows: Float64 = 20 + 5 * np.sin(phase) + noise
    return rows


def _judged(content: bytes, normal: Float64, period: float) -> bytes:
    _, info = open_session(content, "capsule")
    fitted = dataclasses.replace(info, judge=fit_judge(normal, period))
    return seal_model(onnx.load_from_string(content), fitted)


def _alarms_alike(cc: str, content: bytes, made: CFiles, values: Float64) -> None:
    assert made.judge is not None
    stream = Detector.from_bytes(content, "judged").stream(threshold=made.judge.budget)
    alarm = stream.extend(values.astype(np.float32)).alarm
    assert 20 < alarm.sum() < len(alarm) / 2
    assert not np.array_equal(alarm, _by_threshold(content, values))
    found = compare(content, "judged", made, values, by=cc)
    assert found.flips == 0
    assert found.passed


def _by_threshold(content: bytes, values: Float64) -> object:
    stream = Detector.from_bytes(content, "judged").stream(threshold="trained")
    return stream.extend(values.astype(np.float32)).alarm


def test_a_causal_capsules_judge_alarms_in_c_as_in_the_stream(cc: str) -> None:
    content = _judged(read_bytes("nab-rds-online"), _rows(3000, 1, 0), 300.0)
    made = c_files(content, "judged")
    assert made.sources == ("stillwatch_judged.c", "stillwatch_judged_judge.c")
    values = _rows(2600, 1, 1)
    values[700:710] += 40  # after the history, with which the judge has learnt already
    values[1500:1600] -= 25
    values[2300:] = 20  # frozen
    _alarms_alike(cc, content, made, values)


def test_a_windowed_capsules_judge_alarms_in_c_as_in_the_stream(cc: str) -> None:
    normal = _rows(1200, 3, 0)
    content = _judged(calibrated(normal).content, normal, 60.0)
    made = c_files(content, "judged", "1/day")
    assert made.judge is not None
    assert made.judge.budget == "budget(1/day)"
    values = _rows(1000, 3, 1)
    values[300:310] += 40
    values[500:600, 1] -= 25
    _alarms_alike(cc, content, made, values)


def test_the_self_test_replays_the_judge_and_can_fail(cc: str, tmp_path: Path) -> None:
    made = c_files(_judged(read_bytes("nab-rds-online"), _rows(3000, 1, 0), 300.0), "judged")
    assert made.judge is not None
    vector = made.judge.vector
    assert 0 < vector.alarm.sum() < len(vector.alarm)
    np.testing.assert_array_equal(np.isnan(vector.surprise), vector.bad)
    assert vector.bad.sum() == 1
    selftest = "stillwatch_judged_selftest.c"
    sources = (*made.sources, selftest)
    write_folder(tmp_path / "c", made.files)
    assert _ran(cc, tmp_path / "c", sources) == (0, "passed\n")
    text = (tmp_path / "c" / selftest).read_text()
    flags = re.search(r"judged_alarm\[JUDGED\] = \{ (.*) \};", text)
    assert flags
    others = flags[1].translate(str.maketrans("01", "10"))
    (tmp_path / "c" / selftest).write_text(text.replace(flags[1], others))
    assert _ran(cc, tmp_path / "c", sources) == (1, "FAILED\n")
    surprise = re.search(r"judged_surprise\[JUDGED\] = \{ ([-.e\d]+), ", text)
    assert surprise
    (tmp_path / "c" / selftest).write_text(text.replace(f"{{ {surprise[1]}, ", "{ 99.0, "))
    assert _ran(cc, tmp_path / "c", sources) == (1, "FAILED\n")


def _ran(cc: str, folder: Path, sources: tuple[str, ...]) -> tuple[int, str]:
    words = [cc, "-O1", *FLAGS, "-Wall", "-Wextra", "-Werror", *sources, "-lm", "-o", "selftest"]
    subprocess.run(words, cwd=folder, check=True)
    done = subprocess.run([folder / "selftest"], check=False, capture_output=True, text=True)
    return done.returncode, done.stdout[-7:]


def test_a_budget_wants_a_judge() -> None:
    with pytest.raises(InputError, match="online has no calibrated judge to keep a budget"):
        c_files(read_bytes("nab-rds-online"), "online", "1/day")


def test_a_capsule_with_the_judge_in_its_graph_is_refused_and_says_what_to_give() -> None:
    content = _judged(read_bytes("nab-rds-online"), _rows(3000, 1, 0), 300.0)
    with pytest.raises(InputError, match="C is made of the capsule that it was made of"):
        c_files(with_judge(content, "judged", "5/week"), "judged")
