"""int8: refused where it does not pay, and within its own measured tolerance where it does."""

import dataclasses

import numpy as np
import onnx
import pytest
from support.repeat_vectors import detector_of, make_capsule, normal_rows

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.int8.quantization import quantize
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.errors import CapsuleError, InputError
from stillwatch.runtime.golden_replay import replay
from stillwatch.runtime.scoring import batch
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

WINDOW, CHANNELS = 10, 24  # as many channels as a call of the graph has sequences
CONFIG = RepeatVectorConfig(units=64, window=WINDOW)


@pytest.fixture(scope="module")
def plain() -> bytes:
    names = [f"sensor_{i}" for i in range(CHANNELS)]
    normal = normal_rows(600, CHANNELS)
    return calibrate(
        make_capsule(CONFIG, 3), "made up", normal, CalibrationOptions(channels=names)
    ).content


@pytest.fixture(scope="module")
def small(plain: bytes) -> bytes:
    return quantize(plain, "made up")


def test_verifies_within_its_own_tolerance(plain: bytes, small: bytes) -> None:
    found, exact = replay(detector_of(small)), replay(detector_of(plain))
    assert found.passed
    off = max(found.reconstruction, found.score)
    assert off > 10 * exact.tolerance  # not fp32 under another name
    assert found.tolerance == pytest.approx(2 * off, rel=1e-3)
    assert found.tolerance < 0.2


def test_is_smaller_and_in_int8(plain: bytes, small: bytes) -> None:
    assert len(small) < 0.5 * len(plain)
    operators = [node.op_type for node in onnx.load_from_string(small).graph.node]
    assert operators.count("DynamicQuantizeLSTM") == 2
    assert "LSTM" not in operators
    info, before = detector_of(small).info, detector_of(plain).info
    assert info.training == dataclasses.replace(before.training, precision="int8")
    assert info.threshold == before.threshold
    assert info.golden == before.golden


def test_same_bytes_again(plain: bytes, small: bytes) -> None:
    assert quantize(plain, "made up") == small


def spiked_rows() -> tuple[Float64, Float64]:
    """Normal rows, and the same with a spike in the third window."""
    values = normal_rows(6 * WINDOW, CHANNELS, seed=1)
    spiked = values.copy()
    spiked[2 * WINDOW + 5] += 500
    return values, spiked


def changed_windows(content: bytes) -> list[bool]:
    """Whether each window's scores change with a spike in the third."""
    scores = [detector_of(content).score(rows).score for rows in spiked_rows()]
    changed: list[bool] = (scores[0] != scores[1]).reshape(-1, WINDOW).any(axis=1).tolist()
    return changed


def test_spike_changes_its_own_window_alone(small: bytes) -> None:
    assert changed_windows(small) == [False, False, True, False, False, False]


def test_spike_changes_windows_of_the_same_call_within_the_tolerance(
    small: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # int8 scales the hidden states, which lie within one, by the largest of a call.
    monkeypatch.setattr(batch, "_SEQUENCES_PER_CALL", 3 * CHANNELS)
    values, spiked = spiked_rows()
    detector = detector_of(small)
    found, disturbed = detector.score(values), detector.score(spiked)
    assert changed_windows(small) == [True, True, True, False, False, False]
    scale = np.array(detector.info.scale)
    off = np.abs(found.reconstruction - disturbed.reconstruction) / scale
    own = slice(2 * WINDOW, 3 * WINDOW)
    off[own] = 0
    assert 0 < off.max() <= detector.info.tolerance


@pytest.mark.parametrize("units", [8, 63])
def test_few_units_are_refused(units: int) -> None:
    content = make_capsule(RepeatVectorConfig(units=units, window=WINDOW), 3)
    with pytest.raises(InputError, match=f"from 64 hidden units .* made up has {units}: .*slower"):
        quantize(content, "made up")


def test_models_with_a_state_are_refused() -> None:
    with pytest.raises(InputError, match="nab-rds has 1"):
        quantize(opening.read_bytes("nab-rds"), "nab-rds")


def test_int8_is_not_calibrated_again(small: bytes) -> None:
    names = [f"sensor_{i}" for i in range(CHANNELS)]
    with pytest.raises(CapsuleError, match="not hold its weights in fp32"):
        calibrate(small, "made up", normal_rows(600, CHANNELS), CalibrationOptions(channels=names))
