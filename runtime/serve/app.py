"""The app: routers over a service, errors as JSON, headers that every answer has."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from importlib import metadata

from fastapi import APIRouter, FastAPI

from stillwatch.runtime.serve.direct import DirectRoute
from stillwatch.runtime.serve.headers import Headers
from stillwatch.runtime.serve.inference import routes as inference
from stillwatch.runtime.serve.metrics import routes as metrics
from stillwatch.runtime.serve.metrics.meters import Meters
from stillwatch.runtime.serve.metrics.timing import Timing
from stillwatch.runtime.serve.pages import routes as pages
from stillwatch.runtime.serve.problems import handlers
from stillwatch.runtime.serve.service import Service
from stillwatch.runtime.serve.streams import routes as streams

__all__ = ["create_app"]


def create_app(
    service: Service, companions: Sequence[AbstractContextManager[object]] = ()
) -> FastAPI:
    """Returns the app over a service; its lifespan starts and stops the service.

    companions: what runs beside it, begun after it and ended before.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with service, ExitStack() as beside:
            for companion in companions:
                beside.enter_context(companion)
            refreshing = asyncio.create_task(_refresh(service))
            yield
            refreshing.cancel()

    app = FastAPI(
        title="stillwatch",
        version=metadata.version("stillwatch"),
        summary="LSTM detectors of what is not normal in time series, over HTTP.",
        lifespan=lifespan,
        exception_handlers=handlers(),  # type: ignore[arg-type]  # by kind, as Starlette calls them
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    meters = app.state.meters = Meters(service.registry, lambda: service.engine.waiting)
    service.observers.append(meters)
    app.router.routes[:0] = _direct()
    for router in _routers():
        app.include_router(router)
    app.add_middleware(Headers)
    app.add_middleware(Timing, meters=meters)
    return app


async def _refresh(service: Service) -> None:
    """Looks every second for versions that a recalibration has made."""
    while True:
        await asyncio.sleep(1.0)
        service.refresh()


def _direct() -> list[DirectRoute]:
    """What is asked most."""
    model = "/v2/models/{model}"
    return [
        DirectRoute(f"{model}/infer", inference.infer, "infer"),
        DirectRoute("/v1/samples", streams.post_many_samples, "stream"),
        DirectRoute("/v1/streams/{stream}/samples", streams.post_samples, "stream"),
        DirectRoute("/samples", streams.post_many_samples, "stream"),
        DirectRoute("/streams/{stream}/samples", streams.post_samples, "stream"),
        DirectRoute(f"{model}/versions/{{version}}/infer", inference.infer, "infer"),
    ]


def _routers() -> list[APIRouter]:
    """What the app answers."""
    versioned = APIRouter(prefix="/v1")
    versioned.include_router(streams.router)
    versioned.include_router(inference.forecasts)
    versioned.include_router(pages.pulses)
    plain = APIRouter(include_in_schema=False)  # the same without the version
    plain.include_router(streams.router)
    return [inference.router, versioned, plain, pages.pages, metrics.router]
