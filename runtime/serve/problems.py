"""Errors as answers: `{"error": ...}`, one line, with the right status.

What is said comes from our own messages alone: never a traceback, a path of this machine, or
what another library wrote.
"""

import logging
from collections.abc import Awaitable, Callable

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from stillwatch.runtime.errors import InputError, StillwatchError, TransientError

__all__ = ["RequestError", "answered", "handlers"]

_LOG = logging.getLogger("stillwatch.serve")
_Handler = Callable[[Request, Exception], Awaitable[JSONResponse]]


class RequestError(StillwatchError):
    """An error with a status of its own; retry: seconds after which to try again."""

    def __init__(self, status: int, message: str, *, retry: float | None = None) -> None:
        """message: one line, which the client sees."""
        super().__init__(message)
        self.status = status
        self.retry = retry


def answered(error: Exception) -> tuple[int, str]:
    """Returns the status and the line that an error comes to."""
    if isinstance(error, RequestError):
        return error.status, str(error)
    if isinstance(error, InputError):
        return 400, str(error)
    if isinstance(error, TransientError):
        return 503, "the service cannot save its state for now; try again"
    return 500, "the service failed on this request; its log says where"


def handlers() -> dict[type[Exception] | int, _Handler]:
    """Returns what FastAPI asks about each kind of error."""
    return {
        StillwatchError: _ours,
        HTTPException: _http,
        RequestValidationError: _invalid,
        Exception: _unexpected,
    }


async def _ours(request: Request, error: Exception) -> JSONResponse:
    status, text = answered(error)
    if status >= 500:
        _LOG.error("%s %s: %s", request.method, request.url.path[:80], type(error).__name__)
    headers = {}
    if isinstance(error, RequestError):
        if error.retry is not None:
            headers["Retry-After"] = str(max(1, round(error.retry + 0.5)))
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": text}, status, headers)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for it)
    headers = dict(error.headers or {})
    return JSONResponse({"error": str(error.detail)}, error.status_code, headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for it)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return JSONResponse({"error": f"{where}: {first['msg']}"}, 400)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # The kind and the place in our code, not the message: it may quote what was sent.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" in {trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
    _LOG.error("%s %s: %s%s", request.method, request.url.path[:80], type(error).__name__, place)
    return JSONResponse({"error": answered(error)[1]}, 500)
