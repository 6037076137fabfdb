"""The int8 form's coded input: what it computes in fp32, and a spike that coarsens no neighbour."""

import logging
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.repeat_vectors import (
    RECONSTRUCTION_TOLERANCE,
    answers,
    detector_of,
    make_capsule,
    normal_rows,
)

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.families.repeat_vector import DECODERS
from stillwatch.export.int8.quantization import quantize
from stillwatch.export.int8.range_code import code_input
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

WINDOW, CHANNELS = 12, 3
LARGE = RepeatVectorConfig(units=64, window=WINDOW)  # the fewest units for which int8 pays
CODE_REACHES = 250.0  # scaled units; the code's range ends at 256


@cache
def plain(decoder: str = "plain") -> bytes:
    normal = normal_rows(600, CHANNELS)
    made = make_capsule(LARGE, CHANNELS)
    return calibrate(made, "made up", normal, CalibrationOptions(decoder=decoder)).content


def coded() -> bytes:
    """The same with its encoder's input in parts, still in fp32."""
    model = onnx.load_from_string(plain())
    code_input(model)
    return model.SerializeToString()


@pytest.mark.parametrize("size", [0.5, 3.0, 20.0, CODE_REACHES])
def test_coded_equals_uncoded(size: float) -> None:
    info = detector_of(plain()).info
    values = np.random.default_rng(0).uniform(-size, size, (8, WINDOW, CHANNELS))
    values[0, 0] = size  # both ends and the parts' edges too
    values[0, 1] = -size
    values[1, :, 0] = np.clip(8.0 * np.arange(WINDOW) - 48, -size, size)
    raw = values * info.scale + info.mean
    one, other = (answers(content, raw)[2] for content in (plain(), coded()))
    off = np.abs(one - other) / info.scale
    rounding = 2 * np.finfo(np.float32).eps * np.abs(one) / info.scale
    assert (off <= RECONSTRUCTION_TOLERANCE + rounding).all()
    assert np.ptp(one / info.scale) > 0.01


def quantised_uncoded(folder: Path) -> bytes:
    """The plain graph through onnxruntime's own quantisation, as one would without the code."""
    from onnxruntime.quantization import quantize_dynamic

    (folder / "fp32.onnx").write_bytes(plain())
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(folder / "fp32.onnx", folder / "int8.onnx", op_types_to_quantize=["LSTM"])
    finally:
        logging.disable(logging.NOTSET)
    return (folder / "int8.onnx").read_bytes()


def moved_by_a_neighbour(content: bytes, spike: float) -> float:
    """How far a spike in one window moves the reconstruction of others, scaled units."""
    info = detector_of(plain()).info
    values = np.random.default_rng(5).normal(0, 1, (4, WINDOW, CHANNELS))
    spiked = values.copy()
    spiked[2, 5, 1] = spike
    calm, beside = (answers(content, v * info.scale + info.mean)[2] for v in (values, spiked))
    others = [0, 1, 3]
    return float((np.abs(calm - beside)[others] / info.scale).max())


@pytest.mark.parametrize("spike", [10.0, 1000.0, -1000.0, 1e6])
@pytest.mark.parametrize("decoder", DECODERS)
def test_int8_window_beside_a_spike(decoder: str, spike: float, tmp_path: Path) -> None:
    small = quantize(plain(decoder), "made up")
    tolerance = detector_of(small).info.tolerance
    assert tolerance < 0.2
    moved = moved_by_a_neighbour(small, spike)
    assert moved <= tolerance
    if abs(spike) >= 1000:
        assert moved_by_a_neighbour(quantised_uncoded(tmp_path), spike) > 2 * moved
