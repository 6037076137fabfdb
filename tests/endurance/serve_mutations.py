"""Mutated requests, slow clients and bodies that are too large, against a service in a process.

    PYTHONPATH=tests python -m endurance.serve_mutations --requests 100000 --out mutations.json

Valid requests of every route are cut, flipped, repeated and spliced, in their bodies, headers and
paths. No answer may be a 5xx, none may be without a line of JSON where it is a 4xx, and the
service must answer as before in the end.
"""

import argparse
import collections
import http.client
import json
import random
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from support.serve_process import Server, post

__all__ = ["run_mutations"]

MODEL = "nab-rds-online"
_VALUES = {"name": "values", "shape": [1, 2, 1], "datatype": "FP32", "data": [20.5, 20.7]}
_JSON, _CSV = "application/json", "text/csv"
_VALID: tuple[tuple[str, str, bytes, str], ...] = (
    ("POST", f"/v2/models/{MODEL}/infer", json.dumps({"inputs": [_VALUES]}).encode(), _JSON),
    ("POST", "/v1/streams/a/samples", b'{"seq": 0, "samples": [20.5, 20.7, [1.5]]}', _JSON),
    ("POST", "/v1/streams/b/samples", b'[{"values": {"value": 1}, "time": 5}]', _JSON),
    ("POST", "/v1/streams/c/samples", b"time,value\n2026-01-01T00:00:00Z,5\n", _CSV),
    ("POST", "/v1/samples", b'{"streams": {"d": {"seq": 1, "samples": [1, 2]}}}', _JSON),
    ("POST", "/v1/events/1/feedback", b'{"feedback": "real"}', _JSON),
    ("POST", f"/v1/models/{MODEL}/forecast", b'{"values": [1, 2], "horizon": 2}', _JSON),
    ("GET", "/v1/streams/a/rows?last=5&limit=10", b"", ""),
    ("GET", "/v1/events?after=0&limit=10", b"", ""),
    ("GET", f"/v2/models/{MODEL}/versions/1", b"", ""),
)
_PIECES = (
    b"null", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'""', b"true", b"99999999999999999999",
    b"\x00", b"\xff\xfe", b'"\\ud800"', b"[[[[[[", b"..%2f..", b"%00", b"\r\n", b",", b":",
)  # fmt: skip


def mutated(chance: random.Random, given: bytes) -> bytes:
    """Returns bytes that are unlike the given ones in a few places."""
    content = bytearray(given)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            content[place:place] = chance.choice(_PIECES)
        elif kind == 1:
            del content[place : place + chance.randint(1, 8)]
        elif kind == 2 and place < len(content):
            content[place] = chance.randrange(256)
        elif kind == 3:
            content[place:place] = content[: chance.randint(0, 40)]
        else:
            content[place : place + chance.randint(1, 6)] = chance.choice(_PIECES)
    return bytes(content)


def ask(connection: http.client.HTTPConnection, chance: random.Random) -> tuple[int, str]:
    """Sends one mutated request; returns its status, 0 where the connection was closed, and why."""
    method, path, body, kind = chance.choice(_VALID)
    headers = {"Content-Type": kind} if kind else {}
    what = chance.randrange(4)
    if what == 0:
        text = mutated(chance, path.encode()).decode("latin-1")
        path = "/" + "".join(c for c in text if "!" <= c <= "~").lstrip("/")
    elif what == 1:
        name = chance.choice(["Content-Type", "Inference-Header-Content-Length", "X-API-Key"])
        text = mutated(chance, headers.get(name, "12").encode()).decode("latin-1")
        headers[name] = "".join(c for c in text if " " <= c <= "~")
    if what != 0 and body:
        body = mutated(chance, body)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (http.client.HTTPException, OSError) as error:
        connection.close()
        return 0, type(error).__name__
    if answer.status >= 500:
        return answer.status, f"{method} {path} {body[:200]!r}: {content[:200]!r}"
    if answer.status >= 400 and b"Traceback" in content:
        return 500, f"a traceback: {method} {path} {body[:200]!r}"
    return answer.status, ""


def slow_clients(port: int, count: int) -> dict[str, Any]:
    """Returns how the service answers while clients send nothing, half a head, and half a body."""
    held = []
    parts = (b"", b"POST /v1/samples HT", b"POST /v1/samples HTTP/1.1\r\nHost: localhost\r\n"
             b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")  # fmt: skip
    for number in range(count):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(parts[number % len(parts)])
        held.append(one)
    begun = time.perf_counter()
    status, _ = post(port, "/v2/health/ready", None)
    seconds = time.perf_counter() - begun
    for one in held:
        one.close()
    return {"held": count, "status": status, "seconds": round(seconds, 3)}


def too_large(port: int) -> list[int]:
    """Returns the statuses of bodies beyond the bound: as said, and as they come."""
    found = []
    for chunked in (False, True):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        headers = {"Content-Type": _JSON}
        parts = (b" " * 2**20 for _ in range(20))
        try:
            if chunked:
                connection.request("POST", "/v1/samples", parts, headers, encode_chunked=True)
            else:
                headers["Content-Length"] = str(20 * 2**20)
                connection.putrequest("POST", "/v1/samples")
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders(b" " * 1000)
            found.append(connection.getresponse().status)
        except OSError:
            found.append(0)  # closed while it was still sending
        connection.close()
    return found


def run_mutations(folder: Path, requests: int, *, seed: int = 1, slow: int = 60) -> dict[str, Any]:
    """Returns statuses by count, and `problems`, which must be empty."""
    chance = random.Random(seed)  # noqa: S311
    rates = ("--rate", "1e9", "--row-rate", "1e9")
    server = Server(folder, MODEL, *rates)
    problems: list[str] = []
    statuses: collections.Counter[int] = collections.Counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    for _ in range(requests):
        status, problem = ask(connection, chance)
        statuses[status] += 1
        if status >= 500 and len(problems) < 20:
            problems.append(problem)
    connection.close()
    slowly = slow_clients(server.port, slow)
    large = too_large(server.port)
    if slowly["status"] != 200:
        problems.append(f"slow clients keep others out: {slowly}")
    if any(status not in (0, 413) for status in large):
        problems.append(f"large bodies: {large}")
    if post(server.port, "/v1/streams/z/samples", {"values": 20.0})[0] != 200:
        problems.append("the service answers no more")
    status, said = server.stop()
    if status != 0 or "Traceback" in said:
        problems.append(f"the service ended with {status}: {said[-300:]}")
    return {
        "requests": requests,
        "statuses": {str(key): count for key, count in sorted(statuses.items())},
        "slow_clients": slowly,
        "too_large": large,
        "problems": problems,
    }


def main() -> None:
    """Runs, and writes what was found."""
    parser = argparse.ArgumentParser(description="mutated requests against a service")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run_mutations(Path(folder), arguments.requests)
    command = f"python -m endurance.serve_mutations --requests {arguments.requests}"
    text = json.dumps({"command": command, **found}, indent=1)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
