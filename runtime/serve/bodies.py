"""A request's body: no larger than it may be, no slower, and of a type that is known."""

import asyncio
from typing import Any

from fastapi import Request

from stillwatch.runtime.serve.json_text import read_json
from stillwatch.runtime.serve.options import Bounds
from stillwatch.runtime.serve.problems import RequestError

__all__ = ["content_type", "parse_json", "read_body"]


def content_type(request: Request) -> str:
    """Returns the media type that a request says, without its parameters; "" for none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, bounds: Bounds) -> bytes:
    """Returns the body; raises RequestError: 413 for a larger one, 408 for a slower one."""
    said = request.headers.get("content-length")
    if said is not None and (not said.isdigit() or int(said) > bounds.body):
        raise _too_large(bounds)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestError(415, "expected a body that is not compressed")
    try:
        async with asyncio.timeout(bounds.patience):
            return await _read(request, bounds)
    except TimeoutError:
        raise RequestError(408, f"the body did not come within {bounds.patience:g} s") from None


async def _read(request: Request, bounds: Bounds) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise RequestError(400, "the connection was closed before the body had come")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > bounds.body:
            raise _too_large(bounds)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(bounds: Bounds) -> RequestError:
    return RequestError(413, f"expected a body of at most {bounds.body} bytes")


def parse_json(body: bytes) -> Any:
    """Returns what the JSON says; raises RequestError 400 for what is none, NaN among it."""
    try:
        return read_json(body)
    except ValueError:
        raise RequestError(400, "expected a body of JSON, in UTF-8 and without NaN") from None
