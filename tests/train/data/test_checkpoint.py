"""Checkpoints: a round trip, and one line for whatever is wrong with the folder."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from support.checkpoints import make_checkpoint, params_bytes, random_weights, save

from stillwatch.export.capsule.build import build_capsule
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.data.checkpoint import PARAMS_NAME, load_checkpoint

REMOVED = object()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checkpoint = make_checkpoint(units=2)
    return save(tmp_path / "made", checkpoint, random_weights(checkpoint))


def edit(folder: Path, place: str, value: object) -> None:
    """Puts `value` at a place such as "config.units" of the checkpoint's JSON."""
    path = folder / "checkpoint.json"
    document = json.loads(path.read_text())
    *outer, last = place.split(".")
    inner = document
    for name in outer:
        inner = inner[name]
    if value is REMOVED:
        del inner[last]
    else:
        inner[last] = value
    path.write_text(json.dumps(document))


def refused(folder: Path, saying: str) -> str:
    with pytest.raises(CheckpointError, match=saying) as caught:
        load_checkpoint(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


def test_round_trip(folder: Path) -> None:
    checkpoint = make_checkpoint(units=2)
    loaded, weights = load_checkpoint(str(folder))
    assert loaded == checkpoint
    expected = random_weights(checkpoint)
    assert set(weights) == set(expected)
    for name, weight in expected.items():
        np.testing.assert_array_equal(weights[name], weight)


def test_saving_again_changes_no_byte(folder: Path) -> None:
    checkpoint, weights = load_checkpoint(folder)
    again = save(folder.parent / "again", checkpoint, weights)
    for name in ("checkpoint.json", PARAMS_NAME):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_edits_that_harm_nothing_load(folder: Path) -> None:
    edit(folder, "config.epochs", 7)
    assert load_checkpoint(folder)[0].config.epochs == 7


def test_params_of_another_run(folder: Path) -> None:
    other = random_weights(make_checkpoint(units=2), seed=1)
    (folder / PARAMS_NAME).write_bytes(params_bytes(other))
    refused(folder, r"model\.params is not the file that checkpoint\.json was written for")


def test_flipped_bit_in_a_weight(folder: Path) -> None:
    content = bytearray((folder / PARAMS_NAME).read_bytes())
    content[70] ^= 1  # the first weight lies at bytes 64 to 96
    (folder / PARAMS_NAME).write_bytes(content)
    refused(folder, "is not the file that")


def test_truncated_params(folder: Path) -> None:
    content = (folder / PARAMS_NAME).read_bytes()
    (folder / PARAMS_NAME).write_bytes(content[:-20])
    refused(folder, "cut short or damaged")


def test_newer_schema(folder: Path) -> None:
    edit(folder, "schema", 2)
    edit(folder, "novelty", True)
    refused(folder, "has checkpoint schema 2; this stillwatch reads 1")


def test_unknown_option(folder: Path) -> None:
    edit(folder, "config.layers", 2)
    refused(folder, r"got also \['layers'\]")


def test_unknown_family(folder: Path) -> None:
    edit(folder, "family", "nab-ec2")
    refused(folder, "expected a family of .*, got 'nab-ec2'")


@pytest.mark.parametrize("missing", ["checkpoint.json", PARAMS_NAME])
def test_missing_file(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    assert missing in refused(folder, "is not a checkpoint: cannot read .*'stillwatch train'")


def test_missing_folder(tmp_path: Path) -> None:
    refused(tmp_path / "none", "is not a checkpoint")


@pytest.mark.parametrize("cut", [0, 1, 30, -3])
def test_truncated_json(folder: Path, cut: int) -> None:
    path = folder / "checkpoint.json"
    path.write_text(path.read_text()[:cut])
    refused(folder, "is not JSON")


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b"\0" * 50, b"[" * 100_000])
def test_json_that_is_none(folder: Path, content: bytes) -> None:
    (folder / "checkpoint.json").write_bytes(content)
    refused(folder, "is not JSON")


@pytest.mark.parametrize("content", ["[]", "null", "3", '"schema"', "{}", '{"schema": 1}'])
def test_json_of_something_else(folder: Path, content: str) -> None:
    (folder / "checkpoint.json").write_text(content)
    refused(folder, "does not fit its schema")


FIELDS = ("config", "channels", "mean", "scale", "parameters", "calibrations", "curve", "data")


@pytest.mark.parametrize("field", ["schema", "params_sha256", "family", *FIELDS])
def test_missing_field(folder: Path, field: str) -> None:
    edit(folder, field, REMOVED)
    assert field in refused(folder, "does not fit its schema")


def test_surplus_field(folder: Path) -> None:
    edit(folder, "colour", "red")
    assert "colour" in refused(folder, "does not fit its schema")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("mean", ["x"]),
        ("mean", None),
        ("mean", [10**400]),
        ("channels", [["value"]]),
        ("channels", 3),
        ("calibrations", []),
        ("calibrations.trained.threshold", REMOVED),
        ("calibrations.trained.threshold.value", REMOVED),
        ("calibrations.trained.threshold.sigma", 3),
        ("config", []),
        ("config.units", 0),
        ("config.units", 2.0),
        ("config.window", "48"),
        ("config.scaling", "series"),
    ],
)
def test_damaged_value(folder: Path, place: str, value: object) -> None:
    edit(folder, place, value)
    refused(folder, "does not fit its schema")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("mean", [math.nan]),
        ("mean", [1.0, 2.0]),
        ("mean", []),
        ("scale", [0.0]),
        ("scale", [-1.0]),
        ("channels", []),
        ("channels", [["a", "%"], ["b", "%"]]),
        ("calibrations.trained.threshold.value", "high"),
        ("calibrations.trained.threshold.value", math.nan),
    ],
)
def test_figures_that_no_detector_can_have(folder: Path, place: str, value: object) -> None:
    """Refused at loading or at export, before a capsule that cannot work is written."""
    edit(folder, place, value)
    with pytest.raises(CheckpointError) as caught:
        build_capsule(*load_checkpoint(folder))
    assert "\n" not in str(caught.value)
