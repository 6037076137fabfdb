"""A service in this process, and a client that asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from stillwatch.runtime.capsule import opening
from stillwatch.runtime.serve.access.guard import Guard
from stillwatch.runtime.serve.app import create_app
from stillwatch.runtime.serve.options import ServeOptions
from stillwatch.runtime.serve.service import Service

__all__ = ["BUDGET", "SHIPPED", "client", "service"]

SHIPPED = "nab-rds-online"
BUDGET = "budget(5/week,300s)"


def service(folder: Path, guard: Guard | None = None, **options: Any) -> Service:
    """A service over the shipped capsule, judged by budget."""
    given = {"folder": folder, "threshold": BUDGET, **options}
    return Service({SHIPPED: opening.read_bytes(SHIPPED)}, ServeOptions(**given), guard)


@contextmanager
def client(made: Service) -> Iterator[TestClient]:
    """A client that is never shown an exception, only what a client would see."""
    with TestClient(create_app(made), raise_server_exceptions=False) as found:
        yield found
