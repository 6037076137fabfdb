"""The paths of the Open Inference Protocol (V2), and of forecasts."""

import asyncio
from importlib import metadata
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from stillwatch.runtime.serve.access.guard import needs
from stillwatch.runtime.serve.access.principal import Principal
from stillwatch.runtime.serve.bodies import content_type, parse_json, read_body
from stillwatch.runtime.serve.inference.documents import FORECAST, INFER
from stillwatch.runtime.serve.inference.exchange import LENGTH_HEADER, read_request, write_answer
from stillwatch.runtime.serve.inference.forecasts import forecast_of, read_question
from stillwatch.runtime.serve.inference.ports import graph_of
from stillwatch.runtime.serve.models.registry import Served
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.service import Service

__all__ = [
    "forecasts",
    "infer",
    "model_index",
    "model_metadata",
    "model_ready",
    "post_forecast",
    "router",
    "server_live",
    "server_metadata",
    "server_ready",
]

router = APIRouter(prefix="/v2", tags=["inference"])
forecasts = APIRouter(tags=["forecasts"])
_Asker = Annotated[Principal, Depends(needs("infer"))]
# Rows up to which a call is faster than handing it to another thread.
_SMALL = 64
_TYPES = ("application/json", "application/octet-stream", "")


def _service(request: Request) -> Service:
    result: Service = request.app.state.service
    return result


@router.get("")
async def server_metadata(_: _Asker) -> dict[str, Any]:
    """Returns what serves."""
    return {
        "name": "stillwatch",
        "version": metadata.version("stillwatch"),
        "extensions": ["binary_tensor_data"],
    }


@router.get("/health/live")
async def server_live() -> JSONResponse:
    """Returns that the service lives; wants no key."""
    return JSONResponse({"live": True})


@router.get("/health/ready")
async def server_ready(request: Request) -> JSONResponse:
    """Returns whether the service takes requests; wants no key."""
    ready = _service(request).engine.ready
    return JSONResponse({"ready": ready}, 200 if ready else 503)


@router.get("/models")
async def model_index(request: Request, _: _Asker) -> dict[str, Any]:
    """Returns the names of the models."""
    return {"models": list(_service(request).registry.names)}


@router.get("/models/{model}")
@router.get("/models/{model}/versions/{version}")
async def model_metadata(
    request: Request, model: str, _: _Asker, version: str | None = None
) -> dict[str, Any]:
    """Returns a model's tensors; -1 is an axis of any length.

    Inputs that have a default are taken, and not among them.
    """
    served = _service(request).registry.get(model, version)
    graph = graph_of(served)
    return {
        "name": served.name,
        "versions": [served.version],
        "platform": "onnx_onnxv1",
        "inputs": [port.told() for port in graph.inputs.values() if not port.optional],
        "outputs": [port.told() for port in graph.outputs.values()],
    }


@router.get("/models/{model}/ready")
@router.get("/models/{model}/versions/{version}/ready")
async def model_ready(
    request: Request, model: str, _: _Asker, version: str | None = None
) -> dict[str, Any]:
    """Returns that a model answers."""
    served = _service(request).registry.get(model, version)
    return {"name": served.name, "ready": True}


@router.post("/models/{model}/infer", openapi_extra=INFER)
@router.post("/models/{model}/versions/{version}/infer", openapi_extra=INFER)
async def infer(request: Request, model: str, who: _Asker, version: str | None = None) -> Response:
    """Returns the outputs of one call of a model's graph: raw values in, scores out."""
    service = _service(request)
    served = service.registry.get(model, version)
    if content_type(request) not in _TYPES:
        raise RequestError(415, "expected application/json, or application/octet-stream")
    bounds = service.options.bounds
    body = await read_body(request, bounds)
    graph = graph_of(served)
    most = bounds.rows * max(1, len(served.channels))
    asked = read_request(body, request.headers.get(LENGTH_HEADER), graph, most)
    rows = asked.feeds["values"].size // max(1, len(served.channels))
    service.guard.take(who, "rows", rows)
    names = list(asked.outputs)
    if rows <= _SMALL:
        result = graph.run(asked.feeds, names)
    else:
        result = await asyncio.to_thread(graph.run, asked.feeds, names)
    content, length = write_answer(served.name, served.version, asked, result, graph)
    if length is None:
        return Response(content, media_type="application/json")
    headers = {LENGTH_HEADER: str(length)}
    return Response(content, media_type="application/octet-stream", headers=headers)


@forecasts.post("/models/{model}/forecast", openapi_extra=FORECAST)
async def post_forecast(request: Request, model: str, who: _Asker) -> JSONResponse:
    """Returns what comes after a series: for each row ahead the forecast, and its interval."""
    service = _service(request)
    served: Served = service.registry.get(model)
    bounds = service.options.bounds
    asked = read_question(parse_json(await read_body(request, bounds)), bounds.rows)
    service.guard.take(who, "rows", len(asked.values))
    return JSONResponse(await asyncio.to_thread(forecast_of, served, asked))
