"""Checkpoints as Keras models: Keras' own prediction, and the way back."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from battery.family_cases import FAMILIES, cases
from battery.forecaster_cases import FORECASTERS, build
from support.networks import checkpoint_of, same_weights

from stillwatch.export.families.table import reconstruction
from stillwatch.export.importing.against import compare_random
from stillwatch.export.importing.importing import import_network
from stillwatch.export.importing.understood import Options
from stillwatch.export.keras.conversion import to_keras
from stillwatch.runtime import CheckpointError, ExtraError
from stillwatch.train.data.checkpoint import load_checkpoint

CLOSE = 1e-5  # single precision through a window of 20 rows
# Two of them have no Keras model, and say so below.
OTHERS = {
    name: case
    for name, case in cases().items()
    if name != "stack" and not getattr(case.config, "scale_free", False)
}


@pytest.fixture(autouse=True, scope="module")
def keras() -> Any:
    pytest.importorskip("torch", reason="the backend that Keras is tried on")
    os.environ["KERAS_BACKEND"] = "torch"
    return pytest.importorskip("keras", reason="Keras is installed by .ci/peers")


@pytest.mark.peers
@pytest.mark.parametrize("name", OTHERS)
def test_keras_predicts_what_numpy_computes(name: str, tmp_path: Path) -> None:
    family = OTHERS[name]
    folder = checkpoint_of(tmp_path / "ours", family)
    checkpoint, weights = load_checkpoint(folder)
    model = to_keras(folder)
    drawn = np.random.default_rng(1).normal(0, 1, (2, family.config.window, family.channels))
    for window in drawn.astype(np.float32):
        apart = family.config.channels == "independent"
        given = window.T[..., None] if apart else window[None]
        answer = model.predict(given, verbose=0)
        answer = answer[..., 0].T if apart else answer[0]
        expected = reconstruction(checkpoint, weights, window.astype(np.float64))
        np.testing.assert_allclose(answer, expected, atol=CLOSE)


STACK = (
    ("6 both tanh sigmoid", "4 forward relu hard_sigmoid"),
    ("4 forward tanh sigmoid", "7 both sigmoid sigmoid"),
)


@pytest.mark.peers
@pytest.mark.parametrize("name", ["repeat-vector, joint", "stack"])
def test_what_keras_saves_comes_in_again(name: str, tmp_path: Path) -> None:
    import dataclasses

    family = FAMILIES[name]
    if name == "stack":
        encoder, decoder = STACK
        config = dataclasses.replace(
            family.config, encoder_layers=encoder, decoder_layers=decoder, activation="tanh"
        )
        family = dataclasses.replace(family, config=config)
    folder = checkpoint_of(tmp_path / "ours", family)
    to_keras(folder).save(tmp_path / "saved.keras")
    back = import_network(tmp_path / "saved.keras", tmp_path / "back", Options())
    assert back.checkpoint.family == family.name
    same_weights(load_checkpoint(folder)[1], tmp_path / "back", summed=True)
    assert compare_random(tmp_path / "back", tmp_path / "saved.keras", {}).passed


@pytest.mark.peers
def test_what_keras_has_not_is_refused(tmp_path: Path) -> None:
    stack = checkpoint_of(tmp_path / "stack", FAMILIES["stack"])
    with pytest.raises(CheckpointError, match=r"hard sigmoid of Keras 2, 0\.5 \+ 0\.2 x"):
        to_keras(stack)
    scale_free = next(c for c in cases().values() if getattr(c.config, "scale_free", False))
    with pytest.raises(CheckpointError, match="divides each window by its own size first"):
        to_keras(checkpoint_of(tmp_path / "free", scale_free))
    forecaster = build(tmp_path / "forecaster", FORECASTERS["direct"])
    with pytest.raises(CheckpointError, match="for Keras, got one of forecaster"):
        to_keras(forecaster.folder)


def test_without_keras_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkpoint_of(tmp_path, FAMILIES["sensor"])
    monkeypatch.setitem(__import__("sys").modules, "keras", None)
    with pytest.raises(ExtraError, match="pip install keras, and a backend such as torch"):
        to_keras(folder)
