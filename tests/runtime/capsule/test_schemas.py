"""Capsules of the last release are read and score as they did; keys of a later one are kept."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.repeat_vectors import normal_rows
from support.series import cpu_like

from stillwatch.runtime import CapsuleError, Detector
from stillwatch.runtime.capsule.info import METADATA_KEY, OUTPUTS, SCHEMA_VERSION
from stillwatch.runtime.capsule.reading import info_from_json, info_to_json
from stillwatch.runtime.golden_replay import replay

FOLDER = Path(__file__).resolve().parents[2] / "support" / "capsules"
ROWS = {
    "schema1-nab-rds-online": cpu_like(0, 400)[:, None],
    "schema1-windowed": normal_rows(90, 3) * 1.4,
}
OLD = pytest.mark.parametrize("name", ROWS)


def metadata_of(path: Path) -> str:
    model = onnx.load(path)
    return next(entry.value for entry in model.metadata_props if entry.key == METADATA_KEY)


@OLD
def test_schema_1_is_read_as_it_was_written(name: str) -> None:
    detector = Detector.load(FOLDER / f"{name}.onnx")
    assert detector.info.schema == 1
    assert (detector.info.task, detector.info.horizon) == ("detect", 0)
    assert info_to_json(detector.info) == metadata_of(FOLDER / f"{name}.onnx")
    assert replay(detector).passed


@OLD
def test_schema_1_scores_as_its_graph_says(name: str) -> None:
    detector = Detector.load(FOLDER / f"{name}.onnx")
    info, rows = detector.info, ROWS[name]
    given = {"mean": np.array(info.mean), "scale": np.array(info.scale)}
    rows = rows[: len(rows) // info.window * info.window]
    found = detector.score(rows, **given)
    by_graph = detector.session.run(list(OUTPUTS[:4]), {"values": rows[None].astype(np.float32)})
    for output, expected in zip(OUTPUTS[:4], by_graph, strict=True):
        np.testing.assert_array_equal(getattr(found, output), expected[0], err_msg=output)


@OLD
def test_schema_1_shares_the_score_out_by_error(name: str) -> None:
    detector = Detector.load(FOLDER / f"{name}.onnx")
    rows = ROWS[name]
    whole = detector.score(rows)
    answered = ~np.isnan(whole.score)
    parts, error = whole.contribution[answered], whole.error[answered]
    np.testing.assert_allclose(parts.sum(axis=1), whole.score[answered], rtol=1e-5)
    share = error / error.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(parts / parts.sum(axis=1, keepdims=True), share, rtol=1e-5)
    stream = detector.stream()
    got = [stream.update(row) for row in rows]
    if detector.info.state:
        streamed = [one.contribution for one in got if one is not None]
        np.testing.assert_array_equal(streamed, parts)


def test_keys_of_a_newer_release_are_kept(altered: Callable[..., bytes]) -> None:
    text = info_to_json(Detector.load("nab-rds").info)
    document = json.loads(text)
    assert document["schema"] == SCHEMA_VERSION
    document |= {"seasons": [24, 168], "threshold": document["threshold"] | {"drift": 0.5}}
    info = info_from_json(json.dumps(document), "later")
    assert info.further == {"seasons": [24, 168]}
    assert json.loads(info_to_json(info)) == document
    content = altered({"seasons": [24, 168]})
    assert Detector.from_bytes(content, "later").info.further == {"seasons": [24, 168]}


def test_schema_1_has_no_other_keys() -> None:
    document = json.loads(metadata_of(FOLDER / "schema1-windowed.onnx")) | {"seasons": [24]}
    with pytest.raises(CapsuleError, match=r"does not fit its schema: .*seasons"):
        info_from_json(json.dumps(document), "mistaken")
