import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import helper
from support.unrelated import unrelated_model

from stillwatch.runtime import CapsuleError, Detector, InputError, shipped
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.capsule.info import DIGEST_KEY, METADATA_KEY, SCHEMA_VERSION, CapsuleInfo
from stillwatch.runtime.capsule.reading import info_from_json, info_to_json

SOUND = opening.read_bytes("nab-rds")
DIGEST_AT = SOUND.index(b"stillwatch-sha256:")
Alter = Callable[..., bytes]


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("capsules") / "model.onnx"


def refusal(content: bytes, path: Path) -> str:
    """Loads the bytes as a capsule and returns the one line that refuses them."""
    path.write_bytes(content)
    with pytest.raises(CapsuleError) as caught:
        Detector.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert "\n" not in message
    return message


def test_what_is_altered_below_would_load_if_it_were_not(model_path: Path, altered: Alter) -> None:
    for content in (SOUND, altered({})):
        model_path.write_bytes(content)
        assert Detector.load(model_path).info == Detector.load("nab-rds").info


def test_a_file_that_is_not_there_is_named_with_the_shipped_ones(tmp_path: Path) -> None:
    for missing in ("nab-rbs", tmp_path / "none.onnx", tmp_path):
        with pytest.raises(InputError, match=r"no capsule .*nab-rds, nab-rds-online"):
            Detector.load(missing)


@pytest.mark.parametrize(
    "length", [0, 1, 100, len(SOUND) // 2, DIGEST_AT, DIGEST_AT + 40, DIGEST_AT + 81, -100, -1]
)
def test_a_truncated_capsule_is_refused(length: int, model_path: Path) -> None:
    assert "digest" in refusal(SOUND[:length], model_path)


@settings(max_examples=50)
@given(length=st.integers(0, len(SOUND) - 1))
def test_every_truncation_is_refused(length: int, model_path: Path) -> None:
    refusal(SOUND[:length], model_path)


@settings(max_examples=300)
@given(bit=st.integers(0, 8 * len(SOUND) - 1))
@example(bit=0)
@example(bit=8 * DIGEST_AT)
@example(bit=8 * (DIGEST_AT + 30))
@example(bit=8 * len(SOUND) - 1)
def test_every_flipped_bit_is_refused(bit: int, model_path: Path) -> None:
    damaged = bytearray(SOUND)
    damaged[bit // 8] ^= 1 << bit % 8
    assert "digest" in refusal(bytes(damaged), model_path)


def test_what_is_appended_is_noticed(model_path: Path) -> None:
    assert "is damaged" in refusal(SOUND + b"\0", model_path)
    assert "expected one digest in it, found 2" in refusal(SOUND + SOUND, model_path)


def test_an_unrelated_model_is_refused(model_path: Path) -> None:
    found = refusal(unrelated_model().SerializeToString(), model_path)
    assert "is not a stillwatch capsule" in found


def test_an_unrelated_model_with_a_digest_is_refused(model_path: Path) -> None:
    model = unrelated_model()
    helper.set_model_props(model, {DIGEST_KEY: digest.PLACEHOLDER})
    found = refusal(digest.seal(model.SerializeToString()), model_path)
    assert "is not a graph as a capsule has it" in found


def test_an_unrelated_model_with_a_capsules_metadata_is_refused(model_path: Path) -> None:
    model = unrelated_model("values", "score")
    metadata = info_to_json(Detector.load("nab-rds").info)
    helper.set_model_props(model, {METADATA_KEY: metadata, DIGEST_KEY: digest.PLACEHOLDER})
    found = refusal(digest.seal(model.SerializeToString()), model_path)
    assert "lacks the outputs alarm, contribution, error, reconstruction" in found


def test_sealed_bytes_that_are_no_model_are_refused(model_path: Path) -> None:
    content = digest.seal(b"no protobuf " + digest.PLACEHOLDER.encode())
    assert "is not a graph as a capsule has it" in refusal(content, model_path)


def test_a_newer_schema_version_is_refused_with_the_way_out(
    altered: Alter, model_path: Path
) -> None:
    found = refusal(altered({"schema": SCHEMA_VERSION + 1}), model_path)
    assert f"schema version {SCHEMA_VERSION + 1}" in found
    assert "upgrade" in found


def test_a_newer_schema_is_told_even_where_the_rest_is_unknown(
    altered: Alter, model_path: Path
) -> None:
    content = altered(json.dumps({"schema": SCHEMA_VERSION + 1, "layers": {}}))
    assert "schema version" in refusal(content, model_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{}", '"schema"'])
def test_metadata_that_is_no_document_is_refused(
    text: str, altered: Alter, model_path: Path
) -> None:
    assert "metadata" in refusal(altered(text), model_path)


def test_missing_metadata_is_refused(altered: Alter, model_path: Path) -> None:
    assert "has no stillwatch metadata" in refusal(altered(None), model_path)


NEEDED = [
    field.name
    for field in dataclasses.fields(CapsuleInfo)
    if field.default is field.default_factory is dataclasses.MISSING
]


@pytest.mark.parametrize("field", NEEDED)
def test_every_field_of_the_metadata_is_needed(
    field: str, altered: Alter, model_path: Path
) -> None:
    document = json.loads(info_to_json(Detector.load("nab-rds").info))
    del document[field]
    assert field in refusal(altered(json.dumps(document)), model_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "1"},
        {"schema": None},
        {"window": 0},
        {"window": "48"},
        {"window": 47.5},
        {"state": -1},
        {"channels": []},
        {"channels": ["value"]},
        {"mean": []},
        {"mean": [1.0, 2.0]},
        {"scale": "5"},
        {"scaling": "hourly"},
        {"scaling": 288},
        {"threshold": {}},
        {"threshold": {"value": "high"}},
        {"threshold": {"value": float("nan")}},
        {"golden": 3},
        {"golden": [{}]},
        {"task": 3},
        {"horizon": -1},
        {"features": None},
    ],
    ids=str,
)
def test_metadata_that_does_not_fit_is_refused(
    changes: dict[str, Any], altered: Alter, model_path: Path
) -> None:
    refusal(altered(changes), model_path)


@pytest.mark.parametrize("name", shipped())
def test_metadata_survives_its_own_text(name: str) -> None:
    info = Detector.load(name).info
    assert info_from_json(info_to_json(info), name) == info


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_capsule_is_standard_onnx_without_weights_among_its_inputs(name: str) -> None:
    model = onnx.load_from_string(opening.read_bytes(name))
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    assert (model.ir_version, [opset.version for opset in model.opset_import]) == (8, [17])
    inputs = {entry.name for entry in model.graph.input}
    own = {"count"} if name.startswith("smd-") else {"h", "c"}
    assert inputs == {"values", "mean", "scale", "threshold"} | own
