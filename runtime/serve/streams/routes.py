"""The paths of streams and events."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from stillwatch.runtime.errors import StillwatchError
from stillwatch.runtime.serve.access.guard import needs
from stillwatch.runtime.serve.access.principal import Principal
from stillwatch.runtime.serve.bodies import content_type, parse_json, read_body
from stillwatch.runtime.serve.json_text import as_json, read_json
from stillwatch.runtime.serve.metrics.meters import Meters
from stillwatch.runtime.serve.problems import RequestError, answered
from stillwatch.runtime.serve.service import Service
from stillwatch.runtime.serve.storage.store import StreamRow
from stillwatch.runtime.serve.streams.csv_samples import samples_of_csv
from stillwatch.runtime.serve.streams.documents import FEEDBACK, MANY_SAMPLES, SAMPLES
from stillwatch.runtime.serve.streams.job import Job
from stillwatch.runtime.serve.streams.samples import samples_of_json

__all__ = [
    "get_events",
    "get_live",
    "get_rows",
    "get_stream",
    "get_stream_events",
    "get_streams",
    "post_feedback",
    "post_many_samples",
    "post_samples",
    "router",
]

router = APIRouter(tags=["streams"])
_Streamer = Annotated[Principal, Depends(needs("stream"))]
_Critic = Annotated[Principal, Depends(needs("feedback"))]
_Page = Annotated[int, Query(ge=1, le=1000)]
_Id = Annotated[int, Query(ge=0, le=2**53)]
_Name = Annotated[str, Query(max_length=200)]
_FEEDBACK = ("real", "false", "unknown")


def _service(request: Request) -> Service:
    result: Service = request.app.state.service
    return result


@router.post("/streams/{stream}/samples", openapi_extra=SAMPLES)
async def post_samples(
    request: Request, stream: str, who: _Streamer, model: _Name | None = None
) -> Response:
    """Takes samples, one or many; answers once they and all that they brought are on the disk.

    A sample whose seq (or time) is not above the last one's changes nothing: send again what had
    no answer.
    """
    service = _service(request)
    bounds = service.options.bounds
    served = service.registry.get(service.model_of(stream) or model)
    body = await read_body(request, bounds)
    kind = content_type(request)
    if kind == "text/csv":
        samples = samples_of_csv(body, served.channels, bounds.rows)
    elif kind in ("application/json", ""):
        samples = samples_of_json(parse_json(body), served.channels, bounds.rows)
    else:
        raise RequestError(415, "expected application/json or text/csv")
    service.guard.take(who, "rows", len(samples.at))
    job, future = Job.here(stream, model, samples)
    service.engine.submit(job)
    outcome = await future
    return Response(outcome.body, media_type="application/json")


@router.post("/samples", openapi_extra=MANY_SAMPLES)
async def post_many_samples(request: Request, who: _Streamer) -> Response:
    """Takes samples of many streams; the answer has that of each, or its error.

    Of a stream with an error nothing was taken; of the others all.
    """
    service = _service(request)
    bounds = service.options.bounds
    body = await read_body(request, bounds)
    if content_type(request) not in ("application/json", ""):
        raise RequestError(415, "expected application/json")
    given = parse_json(body)
    streams = given.get("streams") if isinstance(given, dict) and len(given) == 1 else None
    if not isinstance(streams, dict) or not 1 <= len(streams) <= bounds.rows:
        raise RequestError(400, 'expected {"streams": {ID: samples, ...}}')
    parts: dict[str, bytes] = {}
    waiting = []
    left = bounds.rows
    for stream, document in streams.items():
        try:
            names = service.registry.get(service.model_of(stream)).channels
            samples = samples_of_json(document, names, left)
            left -= len(samples.at)
            service.guard.take(who, "rows", len(samples.at))
            job, future = Job.here(stream, None, samples)
            service.engine.submit(job)
            waiting.append((stream, future))
        except StillwatchError as error:
            parts[stream] = _as_error(error)
    for stream, future in waiting:
        try:
            parts[stream] = (await future).body
        except StillwatchError as error:
            parts[stream] = _as_error(error)
    members = (as_json(stream) + b":" + part for stream, part in parts.items())
    return Response(b'{"streams":{' + b",".join(members) + b"}}", media_type="application/json")


@router.get("/streams")
async def get_streams(
    request: Request, _: _Streamer, after: _Name = "", limit: _Page = 100
) -> JSONResponse:
    """Returns streams in the order of their names, those after one."""
    service = _service(request)
    return JSONResponse({"streams": [_told(row) for row in service.store.streams(after, limit)]})


@router.get("/streams/{stream}")
async def get_stream(request: Request, stream: str, _: _Streamer) -> JSONResponse:
    """Returns how far a stream has come, and how it stands, as `/v1/pulse` says of many.

    suggests: "recalibrate" where it drifts; nobody recalibrates unasked.
    """
    meters: Meters = request.app.state.meters
    return JSONResponse(_told(_known(_service(request), stream)) | dict(meters.pulse(stream)))


@router.get("/streams/{stream}/rows")
async def get_rows(
    request: Request, stream: str, _: _Streamer, last: _Id | None = None, limit: _Page = 500
) -> JSONResponse:
    """Returns the kept rows up to the last one, or to one: values and what was said of them."""
    service = _service(request)
    row = _known(service, stream)
    end = read_json(row.figures.encode())["rows"] - 1 if last is None else last
    names = service.registry.get(row.model).channels
    kept = service.blocks.rows(stream, max(0, end - limit + 1), end, len(names))
    listed = {name: _numbers(part.tolist()) for name, part in kept._asdict().items()}
    listed["alarm"] = [None if alarm < 0 else alarm > 0 for alarm in kept.alarm.tolist()]
    return JSONResponse({"stream": stream, "channels": names, **listed})


@router.get("/streams/{stream}/events")
async def get_stream_events(
    request: Request,
    stream: str,
    _: _Streamer,
    after: _Id = 0,
    limit: _Page = 100,
    newest: bool = False,
) -> JSONResponse:
    """Returns a stream's events with an id above one; newest: the last of them first."""
    service = _service(request)
    _known(service, stream)
    result = service.store.events(stream, after, limit, newest=newest)
    return JSONResponse({"events": [event.told() for event in result]})


@router.get("/events")
async def get_events(
    request: Request, _: _Streamer, after: _Id = 0, limit: _Page = 100, newest: bool = False
) -> JSONResponse:
    """Returns the events of all streams with an id above one; newest: the last of them first."""
    result = _service(request).store.events(None, after, limit, newest=newest)
    return JSONResponse({"events": [event.told() for event in result]})


@router.post("/events/{number}/feedback", openapi_extra=FEEDBACK)
async def post_feedback(request: Request, number: int, who: _Critic) -> JSONResponse:
    """Takes what somebody says an event was: real, false or unknown."""
    service = _service(request)
    given = parse_json(await read_body(request, service.options.bounds))
    said = given.get("feedback") if isinstance(given, dict) else None
    if said not in _FEEDBACK:
        raise RequestError(400, f'expected {{"feedback": one of {", ".join(_FEEDBACK)}}}')
    if abs(number) > 2**62 or not service.store.put_feedback(number, said, who.name):
        raise RequestError(404, "no such event")
    return JSONResponse({"id": number, "feedback": said})


@router.get("/live")
async def get_live(
    request: Request, _: _Streamer, stream: _Name | None = None
) -> StreamingResponse:
    """Returns samples, verdicts and events as they come, as server-sent events."""
    service = _service(request)
    service.feed.check()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    listening = service.feed.listen(stream)
    return StreamingResponse(listening, media_type="text/event-stream", headers=headers)


def _as_error(error: StillwatchError) -> bytes:
    status, text = answered(error)
    return as_json({"error": text, "status": status})


def _known(service: Service, stream: str) -> StreamRow:
    row = service.store.stream(stream)
    if row is None:
        raise RequestError(404, f"no stream {stream[:80]!r}")
    return row


def _told(row: StreamRow) -> dict[str, Any]:
    figures = read_json(row.figures.encode())
    event = figures["events"]
    return {
        "stream": row.id,
        "model": row.model,
        "rows": figures["rows"],
        "pending": len(figures["waiting"]),
        "last": figures["last"],
        "by": figures["by"],
        "alarm": event["alarms"] > 0,
        "event": figures["open_event"] if event["alarms"] else None,
    }


def _numbers(listed: list[Any]) -> list[Any]:
    """Returns numbers as JSON can say them."""
    return [
        _numbers(one) if isinstance(one, list) else None if one != one else one for one in listed
    ]
