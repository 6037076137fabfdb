"""The projected decoder: the plain one's answers to the last bit, and chosen at export."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator
from support.checkpoints import make_checkpoint as nab_rds_checkpoint
from support.checkpoints import random_weights as nab_rds_weights
from support.checkpoints import save
from support.repeat_vectors import (
    RECONSTRUCTION_TOLERANCE,
    answers,
    detector_of,
    make_checkpoint,
    normal_rows,
    random_weights,
)

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.capsule.windowed import build_uncalibrated
from stillwatch.export.int8.quantization import quantize
from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule.info import OUTPUTS
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.golden_replay import replay
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

WINDOW, CHANNELS = 12, 3
FORMS = [(layers, mode) for layers in (1, 2, 3) for mode in ("independent", "joint")]
FORM = pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form[0]}-{form[1]}")


@cache
def built(layers: int, mode: str, decoder: str, units: int = 5) -> bytes:
    config = RepeatVectorConfig(units=units, layers=layers, channels=mode, window=WINDOW)
    weights = random_weights(config, CHANNELS, seed=layers, size=0.6 if units < 20 else 0.15)
    return build_uncalibrated(make_checkpoint(config, CHANNELS), weights, decoder=decoder)


def batch(windows: int, rows: int = WINDOW) -> Float64:
    return np.random.default_rng(windows).normal(0, 2, (windows, rows, CHANNELS))


def assert_bits(plain: bytes, projected: bytes, values: Float64) -> None:
    for one, other in zip(answers(plain, values), answers(projected, values), strict=True):
        np.testing.assert_array_equal(one, other)


@FORM
@pytest.mark.parametrize("units", [5, 24, 64])
def test_projected_equals_plain(form: tuple[int, str], units: int) -> None:
    plain, projected = (built(*form, decoder, units) for decoder in ("plain", "projected"))
    assert plain != projected
    for windows in (*range(1, 14), 24, 40):
        for one, other in zip(
            *(answers(c, batch(windows)) for c in (plain, projected)), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    # And where the graph itself cuts windows, with a rest.
    for one, other in zip(*(answers(c, batch(2, 31)) for c in (plain, projected)), strict=True):
        np.testing.assert_array_equal(one, other)


@FORM
def test_reference_evaluator_agrees(form: tuple[int, str]) -> None:
    content = built(*form, "projected")
    values = batch(3).astype(np.float32)
    found = ReferenceEvaluator(onnx.load_from_string(content)).run(None, {"values": values})
    for name, one, other in zip(OUTPUTS, found, answers(content, values), strict=True):
        np.testing.assert_allclose(
            np.asarray(one, float),
            other.astype(float),
            rtol=RECONSTRUCTION_TOLERANCE,
            atol=RECONSTRUCTION_TOLERANCE,
            err_msg=name,
        )


def test_projection_is_in_the_graph_and_said_in_the_file() -> None:
    for decoder in ("plain", "projected"):
        content = built(1, "independent", decoder)
        operators = {node.op_type for node in onnx.load_from_string(content).graph.node}
        assert ("EyeLike" in operators) == (decoder == "projected")
        training = detector_of(content).info.training
        assert training.decoder == decoder


def test_calibration_chooses_the_form_anew() -> None:
    normal, rows = normal_rows(400, CHANNELS), normal_rows(100, CHANNELS, seed=1)
    found = {}
    for before in ("plain", "projected"):
        for after in ("plain", "projected"):
            made = calibrate(
                built(2, "joint", before), "made up", normal, CalibrationOptions(decoder=after)
            )
            detector = detector_of(made.content)
            assert detector.info.training.decoder == after
            found[before, after] = made.content
            np.testing.assert_array_equal(
                detector.score(rows).score,
                detector_of(found["plain", "plain"]).score(rows).score,
            )
    # What it was made from does not show: the network is the same.
    assert found["plain", "projected"] == found["projected", "projected"]
    assert found["plain", "plain"] == found["projected", "plain"]


def test_unknown_form_and_a_family_without_forms() -> None:
    expected = "expected a decoder plain or projected for repeat-vector, got 'folded'"
    with pytest.raises(InputError, match=expected):
        built(1, "joint", "folded")
    checkpoint = nab_rds_checkpoint()
    with pytest.raises(InputError, match="nab-rds has no decoder to choose the form of"):
        build_capsule(checkpoint, nab_rds_weights(checkpoint), decoder="projected")


@FORM
def test_int8_of_a_projected_decoder_is_as_near_as_that_of_the_plain_one(
    form: tuple[int, str],
) -> None:
    exact = built(*form, "plain", 64)
    plain, projected = (quantize(built(*form, d, 64), "made up") for d in ("plain", "projected"))
    for content, decoder in ((plain, "plain"), (projected, "projected")):
        training = detector_of(content).info.training
        assert (training.precision, training.decoder) == ("int8", decoder)
        operators = [node.op_type for node in onnx.load_from_string(content).graph.node]
        assert "LSTM" not in operators
        assert operators.count("DynamicQuantizeLSTM") == 2 * form[0]
        assert replay(detector_of(content)).passed
    assert len(projected) < 1.1 * len(plain)
    for windows in (1, 2, 7, 24):
        values = batch(windows)
        expected = answers(exact, values)[2]
        off, other = (np.abs(answers(c, values)[2] - expected) for c in (plain, projected))
        assert 1e-6 < other.mean() < 1.3 * off.mean()


def test_int8_projections_have_sixteen_bits() -> None:
    model = onnx.load_from_string(quantize(built(1, "independent", "projected", 64), "made up"))
    names = ["projections", "projected_whole", "projected_rest", "projected_step"]
    for name in names:
        info = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        model.graph.output.append(info)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    feed = {"values": batch(3).astype(np.float32)}
    projections, whole, rest, step = session.run(names, feed)
    assert max(np.abs(whole).max(), np.abs(rest).max()) <= 127
    # As the layer reads them: a unit vector's 1 is 255 of its steps, 1/255 is one.
    assert np.abs(step * (whole + rest / 255) - projections).max() <= 0.005 * step
    assert np.abs(step * whole - projections).max() > 0.4 * step  # what 8 bits would miss


def test_command_line(
    run: Callable[..., Any], csv_file: Callable[..., Path], tmp_path: Path
) -> None:
    config = RepeatVectorConfig(units=5, window=WINDOW)
    checkpoint = save(
        tmp_path / "made", make_checkpoint(config, CHANNELS), random_weights(config, CHANNELS)
    )
    model, mine = tmp_path / "model.onnx", tmp_path / "mine.onnx"
    done = run("export", checkpoint, "-o", model, "--decoder", "projected")
    assert (done.returncode, done.stderr) == (0, "")
    assert Detector.load(model).info.training.decoder == "projected"
    normal = csv_file(normal_rows(200, 1)[:, 0])
    for options, decoder in (([], "plain"), (["--decoder", "projected"], "projected")):
        done = run("calibrate", model, normal, "--column", "value", "-o", mine, *options)
        assert done.returncode == 0, done.stderr
        assert Detector.load(mine).info.training.decoder == decoder
    done = run("export", checkpoint, "-o", model, "--decoder", "folded")
    assert done.returncode == 2
    assert "folded" in done.stderr
