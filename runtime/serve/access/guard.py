"""Who may ask for what: keys, tokens, scopes, limits, in one place that every route goes by."""

from collections.abc import Awaitable, Callable
from typing import Self
from urllib.parse import urlsplit

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from stillwatch.runtime.serve.access.keys import KEY_PREFIX, Keys
from stillwatch.runtime.serve.access.limits import Limits
from stillwatch.runtime.serve.access.principal import SCOPES, Principal
from stillwatch.runtime.serve.access.tokens import Tokens
from stillwatch.runtime.serve.problems import RequestError

__all__ = ["Guard", "needs"]

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})
_ANYBODY = Principal("local", frozenset(SCOPES))


class Guard:
    """keys, tokens: None for none. limits: None for no limits."""

    def __init__(self, keys: Keys | None, tokens: Tokens | None, limits: Limits | None) -> None:
        """Without keys and tokens anybody may ask, from this machine."""
        self._keys, self._tokens, self._limits = keys, tokens, limits

    @classmethod
    def open(cls) -> Self:
        """Returns a guard that lets anybody ask, from this machine."""
        return cls(None, None, None)

    @property
    def is_open(self) -> bool:
        """Whether anybody may ask."""
        return self._keys is None and self._tokens is None

    def close(self) -> None:
        """Lets go of the files."""
        for part in (self._keys, self._limits):
            if part is not None:
                part.close()

    def check(self, request: Request, scope: str) -> Principal:
        """Returns who asks; raises RequestError 401, 403 or 429."""
        result = self._local(request) if self.is_open else self._principal(request)
        if not result.may(scope):
            raise RequestError(403, f"this key has no scope {scope!r}")
        self.take(result, "requests")
        return result

    def take(self, who: Principal, kind: str, count: int = 1) -> None:
        """Takes from what somebody has left; raises RequestError 429."""
        if self._limits is not None:
            self._limits.take(who.name, kind, count)

    def _local(self, request: Request) -> Principal:
        """Refuses what a page of some other site makes a browser here ask for."""
        host = request.headers.get("host", "")
        origin = request.headers.get("origin")
        if urlsplit(f"//{host}").hostname not in _LOCAL:
            raise RequestError(403, "without keys, this service answers to localhost alone")
        if origin is not None and urlsplit(origin).netloc != host:
            raise RequestError(403, "expected a request of this service's own pages")
        return _ANYBODY

    def _principal(self, request: Request) -> Principal:
        given = _credential(request)
        result = None
        if given.startswith(KEY_PREFIX):
            result = None if self._keys is None else self._keys.principal(given)
        elif given and self._tokens is not None:
            result = self._tokens.principal(given)
        if result is None:
            raise RequestError(401, "expected a valid key, as Authorization: Bearer or X-API-Key")
        return result


def _credential(request: Request) -> str:
    kind, _, rest = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return rest.strip()
    return request.headers.get("x-api-key", "").strip()


# For the OpenAPI page alone: what is sent is read by the guard.
_BEARER = HTTPBearer(auto_error=False, description="An API key, or a JSON Web Token")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False)


def needs(scope: str) -> Callable[..., Awaitable[Principal]]:
    """Returns the dependency of a route that wants a scope."""

    async def checked(
        request: Request,
        _bearer: HTTPAuthorizationCredentials | None = Security(_BEARER),  # noqa: B008
        _key: str | None = Security(_HEADER),
    ) -> Principal:
        guard: Guard = request.app.state.service.guard
        return guard.check(request, scope)

    return checked
