import sys
from pathlib import Path

import numpy as np
import pytest
from support import checkpoints, repeat_vectors

from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.families.repeat_vector import network_of, reconstruct
from stillwatch.export.families.table import reconstruction
from stillwatch.export.pytorch.conversion import from_torch, to_torch
from stillwatch.export.pytorch.names import torch_names
from stillwatch.export.pytorch.params_file import format_params
from stillwatch.export.pytorch.weights import save_weights
from stillwatch.runtime import CheckpointError, Detector, ExtraError, InputError
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.files import write_bytes
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.params import parse_params
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.families.sensor.config import SensorConfig

TOLERANCE = repeat_vectors.RECONSTRUCTION_TOLERANCE

DEEP = RepeatVectorConfig(units=5, layers=2, window=9)
JOINT = RepeatVectorConfig(units=5, layers=2, window=9, channels="joint")
SEGMENTS = RepeatVectorConfig(
    units=5, layers=2, window=9, segment=3, scale_free=True, channels="joint"
)
CASES = pytest.mark.parametrize(
    ("config", "channels"),
    [(DEEP, 1), (JOINT, 3), (SEGMENTS, 2)],
    ids=["one", "joint", "joint segments"],
)


def torch_or_skip() -> object:
    return pytest.importorskip("torch", reason="PyTorch is an extra of its own: stillwatch[torch]")


def deep_checkpoint(folder: Path, config: RepeatVectorConfig, channels: int) -> Path:
    weights = repeat_vectors.random_weights(config, channels)
    save_weights(weights, repeat_vectors.make_checkpoint(config, channels), folder)
    return folder


def torch_reconstruction(folder: Path, windows: Float64) -> AnyArray:
    import torch

    with torch.inference_mode():
        return to_torch(folder)(torch.from_numpy(windows.astype(np.float32))).numpy()


def state_dict_of(config: RepeatVectorConfig | NabRdsConfig, channels: int = 1) -> dict:
    """A state dict as PyTorch itself initializes it: both biases at work."""
    import torch

    from stillwatch.export.pytorch.conversion import torch_module

    torch.manual_seed(3)
    return dict(torch_module(config, channels).state_dict())


def test_what_is_written_is_what_mxnets_own_layout_reads_back() -> None:
    weights = repeat_vectors.random_weights(DEEP, 1)
    assert format_params(weights) == checkpoints.params_bytes(weights)
    found = parse_params(format_params(weights))
    assert found.keys() == weights.keys()
    for name, weight in weights.items():
        np.testing.assert_array_equal(found[name], weight)


@CASES
def test_a_checkpoint_runs_in_pytorch(
    tmp_path: Path, config: RepeatVectorConfig, channels: int
) -> None:
    torch_or_skip()
    folder = deep_checkpoint(tmp_path, config, channels)
    windows = np.random.default_rng(1).normal(0, 4, size=(4, config.window, channels))
    windows = windows.astype(np.float32).astype(np.float64)
    _, weights = load_checkpoint(folder)
    network = network_of(config, weights)
    expected = [reconstruct(config, network, window) for window in windows]
    np.testing.assert_allclose(torch_reconstruction(folder, windows), expected, atol=TOLERANCE)


def test_an_nab_rds_checkpoint_runs_in_pytorch(tmp_path: Path) -> None:
    torch_or_skip()
    checkpoint = checkpoints.make_checkpoint(units=3)
    weights = checkpoints.random_weights(checkpoint)
    folder = checkpoints.save(tmp_path, checkpoint, weights)
    windows = checkpoints.series(4, 48)[..., None].astype(np.float64)
    scaled = ((windows - checkpoints.MEAN) / checkpoints.SCALE).astype(np.float32)
    expected = [reconstruction(checkpoint, weights, w.astype(float)) for w in scaled]
    found = torch_reconstruction(folder, scaled.astype(np.float64))
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)


@CASES
def test_a_state_dict_becomes_a_capsule_with_both_biases_in_it(
    tmp_path: Path, config: RepeatVectorConfig, channels: int
) -> None:
    torch_or_skip()
    import torch

    from stillwatch.export.pytorch.conversion import torch_module

    state = state_dict_of(config, channels)
    module = torch_module(config, channels)
    module.load_state_dict(state)
    checkpoint = from_torch(state, config, tmp_path / "made", channels=channels)
    loaded, weights = load_checkpoint(tmp_path / "made")
    assert loaded == checkpoint
    write_bytes(tmp_path / "made.onnx", build_capsule(loaded, weights))
    detector = Detector.load(tmp_path / "made.onnx")
    windows = np.random.default_rng(1).normal(size=(4, config.window, channels))
    with torch.inference_mode():
        expected = module(torch.from_numpy(windows.astype(np.float32))).numpy()
    assert np.abs(np.asarray(state["encoder.bias_hh_l1"])).max() > 0.1
    np.testing.assert_allclose(detector.score(windows).reconstruction, expected, atol=TOLERANCE)


def test_a_sensor_state_dict_becomes_a_capsule_and_the_way_back_keeps_every_bit(
    tmp_path: Path,
) -> None:
    torch_or_skip()
    import torch

    from stillwatch.export.pytorch.conversion import torch_module

    config = SensorConfig(units=5, layers=2, window=9)
    torch.manual_seed(3)
    module = torch_module(config, 3).eval()
    from_torch(module.state_dict(), config, tmp_path / "made", channels=3)
    write_bytes(tmp_path / "made.onnx", build_capsule(*load_checkpoint(tmp_path / "made")))
    windows = np.random.default_rng(1).normal(size=(4, config.window, 3))
    with torch.inference_mode():
        expected = module(torch.from_numpy(windows.astype(np.float32))).numpy()
    found = Detector.load(tmp_path / "made.onnx").score(windows).reconstruction
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    back = to_torch(tmp_path / "made").state_dict()
    for name, tensor in module.state_dict().items():
        np.testing.assert_array_equal(back[name].numpy(), tensor.numpy())


def test_an_nab_rds_state_dict_becomes_a_detector(tmp_path: Path, series: Float64) -> None:
    torch_or_skip()
    import torch

    from stillwatch.export.pytorch import modules

    config = NabRdsConfig(units=3)
    state = state_dict_of(config)
    checkpoint = from_torch(state, config, tmp_path / "made", normal=series)
    loaded, weights = load_checkpoint(tmp_path / "made")
    write_bytes(tmp_path / "made.onnx", build_capsule(loaded, weights))
    detector = Detector.load(tmp_path / "made.onnx")
    result = detector.score(series[:96])
    module = modules.NabRds(3)
    module.load_state_dict(state)
    mean, scale = series[:96].mean(), series[:96].std()
    windows = ((series[:96] - mean) / scale).reshape(2, 48, 1).astype(np.float32)
    with torch.inference_mode():
        expected = module(torch.from_numpy(windows)).numpy().ravel() * scale + mean
    np.testing.assert_allclose(result.reconstruction, expected, atol=TOLERANCE * 40)
    assert set(checkpoint.calibrations) == set(config.scaling)
    assert detector.info.threshold.value > 0


def test_the_way_there_and_back_keeps_every_bit(tmp_path: Path) -> None:
    torch_or_skip()
    folder = deep_checkpoint(tmp_path / "a", DEEP, 1)
    from_torch(to_torch(folder).state_dict(), DEEP, tmp_path / "b")
    _, before = load_checkpoint(folder)
    _, after = load_checkpoint(tmp_path / "b")
    for name, weight in before.items():
        np.testing.assert_array_equal(after[name], weight)
    assert before.keys() == after.keys()


def arrays(config: RepeatVectorConfig) -> dict[str, AnyArray]:
    """A state dict of plain arrays, which needs no PyTorch."""
    weights = repeat_vectors.random_weights(config, 1)
    return {torch: weights[gluon] for torch, gluon in torch_names("repeat-vector", weights)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: s.pop("dense.bias"), "these differ: \\['dense.bias'\\]"),
        (lambda s: s.update(extra=np.zeros(3)), "these differ: \\['extra'\\]"),
        (lambda s: s.update({"dense.weight": np.zeros((2, 5))}), r"'dense.weight': expected \(1"),
        (lambda s: s["dense.bias"].fill(np.nan), "not"),
    ],
    ids=["missing", "extra", "shape", "nan"],
)
def test_a_state_dict_of_something_else_is_refused(
    tmp_path: Path, change: object, expected: str
) -> None:
    state = arrays(DEEP)
    change(state)
    with pytest.raises(CheckpointError, match=expected):
        from_torch(state, DEEP, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_nab_rds_wants_a_normal_series(tmp_path: Path) -> None:
    config = NabRdsConfig()
    checkpoint = checkpoints.make_checkpoint()
    weights = checkpoints.random_weights(checkpoint)
    state = {torch: weights[gluon] for torch, gluon in torch_names("nab-rds", weights)}
    for normal in (None, np.zeros(20), np.full(700, np.nan)):
        with pytest.raises(InputError, match="expected a normal series of at least 289"):
            from_torch(state, config, tmp_path / "made", normal=normal)


def test_without_pytorch_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = deep_checkpoint(tmp_path, DEEP, 1)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "stillwatch.export.pytorch.modules", raising=False)
    with pytest.raises(ExtraError, match=r"pip install 'stillwatch\[torch\]'"):
        to_torch(folder)


def test_a_checkpoint_whose_weights_do_not_fit_is_refused(tmp_path: Path) -> None:
    torch_or_skip()
    weights = repeat_vectors.random_weights(DEEP, 1)
    weights["dense.bias"] = np.zeros(3, np.float32)
    save_weights(weights, repeat_vectors.make_checkpoint(DEEP, 1), tmp_path / "shape")
    with pytest.raises(CheckpointError, match=r"does not fit its family: .*dense\.bias"):
        to_torch(tmp_path / "shape")
    del weights["dense.bias"]
    save_weights(weights, repeat_vectors.make_checkpoint(DEEP, 1), tmp_path / "missing")
    with pytest.raises(CheckpointError, match="does not hold the weights of its family"):
        to_torch(tmp_path / "missing")
