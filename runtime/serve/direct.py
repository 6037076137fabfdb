"""Routes of the requests that come most, asked before FastAPI's own.

FastAPI looks at every route twice and solves each endpoint's dependencies anew, which took twice
as long as a small model. Its routes of the same paths document them, and take what has a query.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from stillwatch.runtime.serve.access.guard import Guard
from stillwatch.runtime.serve.access.principal import Principal

__all__ = ["DirectRoute"]

Endpoint = Callable[..., Awaitable[Response]]


class DirectRoute(Route):
    """POST of a path whose endpoint takes the request, who asks, and the path's parts by name.

    path: as metrics call it, which have no version in it.
    """

    def __init__(self, path: str, endpoint: Endpoint, wanted: str) -> None:
        """wanted: the scope of who may ask."""

        async def answer(request: Request) -> Response:
            guard: Guard = request.app.state.service.guard
            who: Principal = guard.check(request, wanted)
            return await endpoint(request, who=who, **request.path_params)

        super().__init__(path, answer, methods=["POST"], include_in_schema=False)
        self.path = path.removeprefix("/v1")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As of any route, but for what FastAPI's own has to look at: a query, another method."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
            return Match.NONE, {}
        match, child = super().matches(scope)
        found: dict[str, Any] = {**child, "route": self}
        return match, found
