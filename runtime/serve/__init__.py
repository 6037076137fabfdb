"""The service (extra serve): capsules over HTTP, streams whose state outlives a kill.

    options.py     what may be set: places, bounds, budget
    service.py     everything an app is made of, built once: models, store, engine, feed, guard
    app.py         the app factory: `create_app(service)`; `command.py` runs it
    patience.py    connections whose request does not come are closed
    problems.py    errors as `{"error": ...}` with the right status
    models/        capsules by name and version
    inference/     the Open Inference Protocol (V2), JSON and binary tensors; forecasts
    streams/       samples in, verdicts and events out: the engine, one thread that batches
    storage/       SQLite: streams, events, feedback, versions in one transaction with the answer
    access/        keys, tokens, scopes, limits

Where the rest plugs in:

- *pages*: a router of its own, included in `app.py` (`_routers`). A page reads `GET /v1/streams`,
  `GET /v1/streams/ID`, `.../rows` (values and scores of kept rows), `.../events`, and
  `GET /v1/live?stream=ID` (server-sent events; fetch() rather than EventSource where a key is
  needed, since it can send a header); it posts feedback to `/v1/events/ID/feedback`.
- *metrics*: `service.observers` is a list of `streams.observer.Observer`; each is told of every
  batch that the engine committed, on the engine's thread, after the commit. Requests are timed
  by an ASGI middleware that `create_app` adds last (`app.add_middleware`, as `Headers`).
- *MQTT*: `job, future = Job.waiting(...)` (`streams/job.py`), `service.engine.submit(job)`, and
  wait for the future: it is done once the state is on the disk, which is when to acknowledge.
  What is published comes from an Observer, as metrics do.
"""
