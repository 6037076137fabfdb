"""Clients of the Open Inference Protocol that nobody here wrote, unchanged, at their defaults."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from support.serve_process import Server

from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float32

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]
MODEL = "nab-rds-online"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("serve"), MODEL)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def values() -> Float32:
    found: Float32 = (20 + np.random.default_rng(4).normal(size=(3, 50, 1))).astype(np.float32)
    return found


@pytest.fixture(scope="module")
def expected(values: Float32) -> Float32:
    found: Float32 = Detector.load(MODEL).session.run(["score"], {"values": values})[0]
    return found


def test_tritonclient(server: Server, values: Float32, expected: Float32) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        triton = pytest.importorskip("tritonclient.http", reason="pip install tritonclient[http]")
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert client.is_model_ready(MODEL, "1")
    assert client.get_server_metadata()["name"] == "stillwatch"
    assert client.get_model_metadata(MODEL)["platform"] == "onnx_onnxv1"
    given = triton.InferInput("values", values.shape, "FP32")
    given.set_data_from_numpy(values)  # binary, as by default
    for outputs in (
        None,
        [triton.InferRequestedOutput("score"), triton.InferRequestedOutput("alarm")],
    ):
        answer = client.infer(MODEL, [given], outputs=outputs, request_id="7")
        np.testing.assert_array_equal(answer.as_numpy("score"), expected)
        assert answer.as_numpy("alarm").dtype == bool
        assert answer.get_response()["id"] == "7"
    given.set_data_from_numpy(values, binary_data=False)
    plain = triton.InferRequestedOutput("score", binary_data=False)
    answer = client.infer(MODEL, [given], outputs=[plain])
    np.testing.assert_array_equal(answer.as_numpy("score"), expected)
    with pytest.raises(triton.InferenceServerException, match="unknown model"):
        client.infer("no-such", [given])
    client.close()


def test_open_inference_client(server: Server, values: Float32, expected: Float32) -> None:
    openapi: Any = pytest.importorskip(
        "open_inference.openapi.client", reason="pip install open-inference-openapi"
    )
    types: Any = pytest.importorskip("open_inference.openapi.types")
    httpx: Any = pytest.importorskip("httpx")
    connection = httpx.Client()  # so that it can be closed
    url = f"http://127.0.0.1:{server.port}"
    client = openapi.OpenInferenceClient(base_url=url, httpx_client=connection)
    client.check_server_liveness()
    client.check_server_readiness()
    client.check_model_readiness(MODEL)
    assert client.read_server_metadata().name == "stillwatch"
    told = client.read_model_metadata(MODEL)
    assert told.platform == "onnx_onnxv1"
    assert [tensor.name for tensor in told.inputs] == ["values"]
    data = types.TensorData(__root__=values.reshape(-1).tolist())
    given = types.RequestInput(name="values", shape=list(values.shape), datatype="FP32", data=data)
    answer = client.model_infer(MODEL, request=types.InferenceRequest(inputs=[given]))
    (score,) = (one for one in answer.outputs if one.name == "score")
    np.testing.assert_array_equal(
        np.array(score.data.__root__, np.float32).reshape(score.shape), expected
    )
    connection.close()
