"""The Open Inference Protocol: what the graph says, as JSON and as binary tensors, and refusals."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from support.serving import SHIPPED, client, service

from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float32

INFER = f"/v2/models/{SHIPPED}/infer"


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with client(service(tmp_path_factory.mktemp("serve"))) as found:
        yield found


@pytest.fixture(scope="module")
def rows() -> Float32:
    found: Float32 = (20 + np.random.default_rng(2).normal(size=(2, 7, 1))).astype(np.float32)
    return found


def expected(values: Float32) -> Float32:
    found: Float32 = Detector.load(SHIPPED).session.run(["score"], {"values": values})[0]
    return found


def tensor(values: Float32, **other: Any) -> dict[str, Any]:
    shape = list(values.shape)
    return {"name": "values", "shape": shape, "datatype": "FP32", "data": values.tolist()} | other


def test_what_is_served_says_what_it_is(asker: TestClient) -> None:
    assert asker.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert asker.get("/v2/health/live").status_code == 200
    assert asker.get("/v2/health/ready").status_code == 200
    told = asker.get(f"/v2/models/{SHIPPED}").json()
    assert told == asker.get(f"/v2/models/{SHIPPED}/versions/1").json()
    assert told["platform"] == "onnx_onnxv1"
    assert told["versions"] == ["1"]
    assert told["inputs"] == [{"name": "values", "datatype": "FP32", "shape": [-1, -1, 1]}]
    assert {"name": "score", "datatype": "FP32", "shape": [-1, -1]} in told["outputs"]
    assert asker.get(f"/v2/models/{SHIPPED}/versions/1/ready").json()["ready"]


@pytest.mark.parametrize("nested", [True, False])
def test_json_scores_as_the_graph(asker: TestClient, rows: Float32, nested: bool) -> None:
    data = rows.tolist() if nested else rows.reshape(-1).tolist()
    answer = asker.post(INFER, json={"id": "7", "inputs": [tensor(rows, data=data)]}).json()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("7", SHIPPED, "1")
    outputs = {one["name"]: one for one in answer["outputs"]}
    assert outputs["score"]["shape"] == [2, 7]
    np.testing.assert_array_equal(
        np.array(outputs["score"]["data"], np.float32).reshape(2, 7), expected(rows)
    )
    assert set(outputs["alarm"]["data"]) <= {True, False}


def test_binary_tensors_in_and_out(asker: TestClient, rows: Float32) -> None:
    given = {"name": "values", "shape": [2, 7, 1], "datatype": "FP32"}
    given["parameters"] = {"binary_data_size": rows.nbytes}
    wanted = [{"name": "score", "parameters": {"binary_data": True}}, {"name": "alarm"}]
    head = json.dumps({"inputs": [given], "outputs": wanted}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    answer = asker.post(INFER, content=head + rows.tobytes(), headers=headers)
    length = int(answer.headers["Inference-Header-Content-Length"])
    said = json.loads(answer.content[:length])
    assert [one["name"] for one in said["outputs"]] == ["score", "alarm"]
    size = said["outputs"][0]["parameters"]["binary_data_size"]
    found = np.frombuffer(answer.content[length:], "<f4", size // 4)
    np.testing.assert_array_equal(found.reshape(2, 7), expected(rows))
    assert len(answer.content) == length + size


def test_optional_inputs_are_taken(asker: TestClient, rows: Float32) -> None:
    threshold = {"name": "threshold", "shape": [1], "datatype": "FP32", "data": [-1.0]}
    answer = asker.post(INFER, json={"inputs": [tensor(rows), threshold]}).json()
    (alarm,) = (one["data"] for one in answer["outputs"] if one["name"] == "alarm")
    assert all(alarm)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"inputs": []},
        {"inputs": [3]},
        {"inputs": [{"name": "values"}]},
        {"inputs": [{"name": "values", "shape": [1, 1, 1], "datatype": "FP64", "data": [1]}]},
        {"inputs": [{"name": "values", "shape": [1, 1, 1], "datatype": "FP32"}]},
        {"inputs": [{"name": "values", "shape": [1, 2, 1], "datatype": "FP32", "data": [1]}]},
        {"inputs": [{"name": "values", "shape": [1, 1, 2], "datatype": "FP32", "data": [1, 1]}]},
        {"inputs": [{"name": "values", "shape": [1, 0, 1], "datatype": "FP32", "data": []}]},
        {"inputs": [{"name": "values", "shape": [-1, 1, 1], "datatype": "FP32", "data": [1]}]},
        {"inputs": [{"name": "values", "shape": [10**9, 10**9, 1], "datatype": "FP32"}]},
        {"inputs": [{"name": "values", "shape": [1, 1, 1], "datatype": "FP32", "data": ["1"]}]},
        {"inputs": [{"name": "values", "shape": [1, 1, 1], "datatype": "FP32", "data": [1e39]}]},
        {
            "inputs": [
                {"name": "values", "shape": [1, 1, 1], "datatype": "FP32", "data": [[1, [2]]]}
            ]
        },
        {"inputs": [{"name": "mean", "shape": [1, 1, 1], "datatype": "FP32", "data": [1]}]},
        {"inputs": [{"name": "values", "shape": [1, 1, 1], "datatype": "FP32", "data": [1]}] * 2},
    ],
)
def test_bad_requests_are_refused_in_one_line(asker: TestClient, document: Any) -> None:
    answer = asker.post(INFER, json=document)
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == ["error"]
    assert "\n" not in answer.text


@pytest.mark.parametrize(
    ("other", "outputs"),
    [
        ({"name": "scale", "shape": [1, 1, 1], "datatype": "FP32", "data": [0]}, None),
        ({"name": "mean", "shape": [1, 3, 1], "datatype": "FP32", "data": [1, 1, 1]}, None),
        ({"name": "h", "shape": [1, 5, 1], "datatype": "FP32", "data": [0] * 5}, None),
        ({"name": "colour", "shape": [1], "datatype": "FP32", "data": [0]}, None),
        (None, [{"name": "colour"}]),
        (None, [{"name": "score", "parameters": {"classification": 2}}]),
        (None, [{"name": "score", "parameters": 3}]),
    ],
)
def test_what_does_not_fit_the_model_is_refused(
    asker: TestClient, rows: Float32, other: Any, outputs: Any
) -> None:
    inputs = [tensor(rows), *([other] if other else [])]
    answer = asker.post(INFER, json={"inputs": inputs, "outputs": outputs})
    assert answer.status_code == 400, answer.text
    assert "onnxruntime" not in answer.text


@pytest.mark.parametrize("length", ["-1", "99999", "x", ""])
def test_a_wrong_header_length_is_refused(asker: TestClient, length: str) -> None:
    headers = {"Inference-Header-Content-Length": length}
    assert asker.post(INFER, content=b"{}", headers=headers).status_code == 400


def test_unknown_names_are_not_found(asker: TestClient) -> None:
    for path in ("/v2/models/no", f"/v2/models/{SHIPPED}/versions/2", "/v2/models/no/ready"):
        answer = asker.get(path)
        assert answer.status_code == 404
        assert list(answer.json()) == ["error"]
    assert asker.post("/v2/models/no/infer", json={}).status_code == 404
    assert asker.delete("/v2").status_code == 405
