"""How long each request takes, by the route that answers it."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwatch.runtime.serve.metrics.meters import Meters

__all__ = ["Timing"]

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})


class Timing:
    """ASGI middleware. A path that no route has is `none`: labels are bounded by the routes."""

    def __init__(
        self, app: ASGIApp, meters: Meters, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """app: what answers."""
        self._app, self._meters, self._clock = app, meters, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and takes note of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = self._clock(), 500

        async def send_with(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_with)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            seconds = self._clock() - begun
            self._meters.requests.labels(route, method, str(status)).observe(seconds)
            if status >= 400:
                self._meters.errors.labels(f"{status // 100}xx").inc()
