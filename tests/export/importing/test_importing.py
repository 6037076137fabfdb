"""Files of four frameworks come in, and score as their own frameworks answered."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.foreign import CASES, FILES, answers, available, options

from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.importing.importing import import_network
from stillwatch.export.importing.reading import read_network
from stillwatch.export.importing.understood import Options
from stillwatch.runtime import CheckpointError, Detector, InputError
from stillwatch.train.data.checkpoint import load_checkpoint

TOLERANCE = 1e-6  # single precision through a window of 12 rows
NORMAL = np.random.default_rng(2).normal(20, 3, 2000)


@pytest.mark.parametrize(("file", "family", "given"), CASES, ids=[case[0] for case in CASES])
def test_answers_are_those_of_the_framework(
    file: str, family: str, given: dict[str, Any], tmp_path: Path
) -> None:
    imported = import_network(available(file), tmp_path, options(given), normal=NORMAL)
    assert imported.checkpoint.family == family
    detector = Detector.from_bytes(build_capsule(*load_checkpoint(tmp_path)), file)
    windows, expected = answers(file)
    count = windows.shape[2]
    found = detector.score(windows, mean=np.zeros(count), scale=np.ones(count)).reconstruction
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    assert np.ptp(expected) > 0.1


def test_every_array_is_in_the_table_once(tmp_path: Path) -> None:
    imported = import_network(
        FILES / "sensor.safetensors", tmp_path, Options(window=12, family="sensor")
    )
    theirs = [row[0] for row in imported.understood.table]
    assert len(set(theirs)) == len(theirs) == 18
    assert ("module.fc.weight", "dense.weight", (3, 4)) in imported.understood.table


def test_what_a_file_does_not_say_is_said(tmp_path: Path) -> None:
    imported = import_network(FILES / "article.params", tmp_path, Options(), normal=NORMAL)
    remarks = " ".join(imported.understood.remarks)
    assert "tanh behind the dense layer, which the file does not say" in remarks
    assert "windows of 48 rows, as published" in remarks
    told = import_network(
        FILES / "article-exported-symbol.json", tmp_path, Options(window=12), normal=NORMAL
    )
    assert told.understood.remarks == ()


def test_two_families_fit_and_names_do_not_tell() -> None:
    with pytest.raises(CheckpointError, match=r"can be repeat-vector or sensor.*give --family"):
        import_network(FILES / "gluon-two-layers.params", Path("unused"), Options(window=12))


@pytest.mark.parametrize(
    ("file", "given", "message"),
    [
        ("gluon-two-layers.params", {"family": "sensor"}, "how many rows a window has: give"),
        ("gluon-two-layers.params", {"family": "nab-rds"}, "wants one LSTM layer and one dense"),
        ("gluon-two-layers.params", {"family": "gru"}, "expected a family of nab-rds, repeat"),
        ("article.params", {"activation": "relu"}, "wants tanh behind the dense layer"),
        ("article.answers.npz", {}, "'values'.*which is of no LSTM or dense layer"),
    ],
)
def test_what_does_not_fit_says_what_would(file: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        import_network(FILES / file, Path("unused"), options(given))


def test_nab_rds_wants_normal_data() -> None:
    with pytest.raises(InputError, match=r"give --normal NORMAL\.csv"):
        import_network(FILES / "article.params", Path("unused"), Options())


def test_an_array_is_read_by_another_name(tmp_path: Path) -> None:
    arrays = dict(np.load(FILES / "article.npz"))
    arrays["what"] = arrays.pop("1.weight")
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(CheckpointError, match=r"'what' .1, 1.*--map"):
        read_network(tmp_path / "odd.npz")
    found = read_network(tmp_path / "odd.npz", {"what": "1.weight"})
    assert [type(layer).__name__ for layer in found.layers] == ["Lstm", "Dense"]
    with pytest.raises(CheckpointError, match="has no array 'nothing'"):
        read_network(tmp_path / "odd.npz", {"nothing": "1.weight"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04\x95", "is a Python pickle, which runs code"),
        (b"hello", "is of no kind that can come in"),
        (b"", "is of no kind that can come in"),
        (b"PK\x03\x04", "is no zip file"),
        (b'{"nodes": 3}', "is no symbol as HybridBlock.export writes it"),
        (b"\xff\xff\x00\x00\x00\x00\x00\x00{", "is of no kind"),
    ],
)
def test_a_file_of_another_kind(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read_network(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot read .*: No such file"):
        read_network(tmp_path / "none.params")
