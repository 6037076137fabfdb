"""Snapshots: a stream that goes on from one answers as if it had never stopped."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import FIELDS, assert_equal, joined, sizes, spans
from support.detectors import (
    HISTORY,
    WINDOW,
    nab_rds,
    nab_rds_capsule,
    windowed,
    windowed_capsule,
    windowed_rolling,
)
from support.repeat_vectors import normal_rows
from support.series import cpu_like

from stillwatch.runtime import Detector, InputError, Result
from stillwatch.runtime.arrays import Float64

GIVEN = {"mean": 20.0, "scale": 5.0}
CASES: dict[str, tuple[Detector, dict[str, Any]]] = {
    "causal, rolling": (nab_rds("rolling(288)"), {"threshold": 5.0}),
    "causal, rolling twice": (nab_rds("rolling(288)"), {"threshold": "rolling(0.9,60)"}),
    "causal, moments given": (nab_rds("series"), GIVEN),
    "causal, a number": (nab_rds("trained"), {"threshold": 0.75}),
    "windowed": (windowed("independent", 3), {}),
    "windowed, stride": (windowed("joint", 3), {"stride": 7}),
    "windowed, moments given": (windowed("independent", 1), {"mean": 2.0, "scale": 3.0}),
    "windowed, rolling twice": (windowed_rolling(15), {"threshold": "rolling(0.5,33)"}),
}
CASE = pytest.mark.parametrize("case", CASES)
# A stream of one channel with its history of 288 doubles is the largest of these.
MOST_BYTES = 3500


def rows_for(detector: Detector) -> Float64:
    if detector.info.state:
        return cpu_like(2, HISTORY + 80)[:, None]
    return normal_rows(150, len(detector.info.channels), 2)


@CASE
@settings(max_examples=12)
@given(data=st.data(), cuts=sizes(WINDOW, 48, HISTORY, most=200))
def test_going_on_equals_never_stopping(case: str, data: st.DataObject, cuts: list[int]) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector)
    at = data.draw(st.integers(0, len(rows)), label="rows before the stop")
    stream = detector.stream(**options)
    parts = [stream.extend(rows[:at])] if at else []
    saved = stream.snapshot()
    again = detector.stream(saved)
    assert again.snapshot() == saved
    for name in ("warm_up", "pending", "answered"):
        assert getattr(again, name) == getattr(stream, name)
    parts += [again.extend(rows[at:][span]) for span in spans(len(rows) - at, cuts)]
    found = joined([*parts, again.finish()])
    assert_equal(found, detector.score(rows, **options))
    assert found.alarm.any()


@CASE
def test_stopped_after_every_sample(case: str) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector)
    stream = detector.stream(**options)
    parts = []
    for i in range(len(rows)):
        parts.append(stream.extend(rows[i : i + 1]))
        stream = detector.stream(stream.snapshot())
    assert_equal(joined([*parts, stream.finish()]), detector.score(rows, **options))


@CASE
def test_fleet_goes_on_with_two_threads(case: str) -> None:
    detector, options = CASES[case]
    rows = np.stack([rows_for(detector), rows_for(detector)[::-1]])
    fleet, stopped = detector.fleet(2, **options), detector.fleet(2, **options)
    at = rows.shape[1] - 41
    assert_equal(fleet.extend(rows[:, :at]), stopped.extend(rows[:, :at]))
    again = detector.fleet(2, stopped.snapshot(), threads=2)
    assert_equal(fleet.extend(rows[:, at:]), again.extend(rows[:, at:]))
    assert_equal(fleet.finish(), again.finish())


def test_snapshot_is_what_it_was_when_the_stream_goes_on() -> None:
    for detector, options in CASES.values():
        rows = rows_for(detector)
        stream = detector.stream(**options)
        stream.extend(rows[:-60])
        saved = stream.snapshot()
        kept = bytes(saved)
        stream.extend(rows[-60:])
        assert saved == kept != stream.snapshot()


def test_finished_stream_stays_finished() -> None:
    detector = windowed("joint", 3)
    stream = detector.stream()
    stream.extend(rows_for(detector))
    stream.finish()
    with pytest.raises(InputError, match="finished"):
        detector.stream(stream.snapshot()).extend(rows_for(detector))


PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from stillwatch.runtime import Detector
folder = Path(sys.argv[1])
detector = Detector.load(folder / "model.onnx")
stream = detector.stream((folder / "saved").read_bytes())
result = stream.extend(np.load(folder / "rest.npy"))
np.savez(folder / "found.npz", **vars(result))
"""


@pytest.mark.parametrize(
    ("content", "case"),
    [
        (nab_rds_capsule("rolling(288)"), "causal, rolling twice"),
        (windowed_capsule("joint", 3), "windowed, stride"),
    ],
    ids=["causal", "windowed"],
)
def test_another_process_goes_on(
    content: bytes, case: str, clean_env: dict[str, str], tmp_path: Path
) -> None:
    detector, options = CASES[case]
    rows = rows_for(detector)
    stream = detector.stream(**options)
    stream.extend(rows[:-50])
    (tmp_path / "model.onnx").write_bytes(content)
    (tmp_path / "saved").write_bytes(stream.snapshot())
    np.save(tmp_path / "rest.npy", rows[-50:])
    command = [sys.executable, "-c", PROGRAM, tmp_path]
    subprocess.run(command, env=clean_env, check=True, timeout=600)
    with np.load(tmp_path / "found.npz") as found:
        again = Result(*(found[name] for name in FIELDS), int(found["start"]))
    assert_equal(again, stream.extend(rows[-50:]))


@CASE
def test_small_and_not_a_pickle(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pickle(*_arguments: object, **_options: object) -> None:
        pytest.fail("something was pickled")

    for name in ("dump", "dumps", "load", "loads"):
        monkeypatch.setattr(f"pickle.{name}", no_pickle)
    detector, options = CASES[case]
    stream = detector.stream(**options)
    stream.extend(rows_for(detector))
    saved = stream.snapshot()
    detector.stream(saved)
    assert len(saved) < MOST_BYTES
    assert saved.startswith(b"stillwatch snapshot\n")


def test_snapshot_does_not_grow() -> None:
    for detector, options in CASES.values():
        rows = rows_for(detector)
        stream = detector.stream(**options)
        lengths = []
        for _ in range(6):
            stream.extend(rows[: 7 * WINDOW])  # whole strides: as many rows pending each time
            lengths.append(len(stream.snapshot()))
        assert max(lengths[3:]) <= lengths[3] + 5  # digits of the count of rows


def test_number_as_a_threshold_goes_on_to_its_last_digit() -> None:
    detector = nab_rds("trained")
    rows = rows_for(detector)
    highest = float(detector.score(rows).score.max())
    options = {"threshold": highest}  # exactly: nothing is above it
    stream = detector.stream(**options)
    assert not stream.extend(rows).alarm.any()
    assert detector.stream(stream.snapshot())._fleet.rule == stream._fleet.rule
