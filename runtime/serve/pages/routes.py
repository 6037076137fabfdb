"""The paths of the pages."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse

from stillwatch.runtime.serve.access.guard import needs
from stillwatch.runtime.serve.access.principal import Principal
from stillwatch.runtime.serve.metrics.meters import Meters
from stillwatch.runtime.serve.problems import RequestError
from stillwatch.runtime.serve.service import Service

__all__ = ["asset", "get_pulse", "index", "pages", "pulses"]

pages = APIRouter(include_in_schema=False)  # files: they say nothing, so they want no key
pulses = APIRouter(tags=["streams"])
_Streamer = Annotated[Principal, Depends(needs("stream"))]
_ASSETS = Path(__file__).parent / "assets"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


@pages.get("/")
async def index() -> FileResponse:
    """Returns the live page."""
    return await asset("index.html")


@pages.get("/assets/{name}")
async def asset(name: str) -> FileResponse:
    """Returns a file of the page."""
    known = {path.name: path for path in _ASSETS.iterdir()}
    if name not in known:
        raise RequestError(404, "no such file")
    kind = _TYPES[known[name].suffix]
    return FileResponse(known[name], media_type=kind, headers={"Cache-Control": "no-cache"})


@pulses.get("/pulse")
async def get_pulse(
    request: Request,
    _: _Streamer,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> JSONResponse:
    """Returns, by stream, what the page tells of it; of those heard of since the service began.

    silent: seconds without a sample. credit: events left of the budget. no_data, frozen: as the
    metrics have them. drift: the higher index of score and channels. suggests: "recalibrate" where
    much has moved. Null where unknown.
    """
    service: Service = request.app.state.service
    meters: Meters = request.app.state.meters
    pulses = {row.id: meters.pulse(row.id) for row in service.store.streams(after, limit)}
    return JSONResponse({"streams": {name: said for name, said in pulses.items() if said}})
