"""A connection whose head or body does not come is closed; one that is used stays open."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from support.serving import service

from stillwatch.runtime.serve.app import create_app
from stillwatch.runtime.serve.options import Bounds
from stillwatch.runtime.serve.patience import PatientProtocol

READY = b"GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST /v1/samples HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"


@contextmanager
def listening(folder: Path) -> Iterator[int]:
    app = create_app(service(folder, bounds=Bounds(patience=1.0)))
    config = uvicorn.Config(app, http=PatientProtocol, log_config=None, loop="asyncio")
    server = uvicorn.Server(config)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([found])))
        thread.start()
        while not server.started:
            assert thread.is_alive()
        yield found.getsockname()[1]
        server.should_exit = True
        thread.join()


def test_slow_heads_and_bodies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.runtime.serve.patience.PATIENCE", 1.0)
    with listening(tmp_path) as port:
        clients = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(4)]
        silent, half, body, twice = clients
        half.sendall(READY[:20])
        body.sendall(HEAD)
        twice.sendall(READY)
        answer = b""
        while b'{"ready":true}' not in answer:  # its head and its body may come one by one
            answer += twice.recv(10_000)
        assert b"200 OK" in answer
        twice.sendall(READY[:20])  # and then half a head
        assert silent.recv(100) == b""
        assert half.recv(100) == b""
        assert b"408" in body.recv(10_000)
        assert twice.recv(100) == b""
        for client in clients:
            client.close()
