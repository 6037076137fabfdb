"""Fixtures that several test files share."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import HealthCheck, settings
from support.fuzzing import Worker
from support.series import cpu_like
from support.watching import Watch

from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.capsule.info import DIGEST_KEY, METADATA_KEY

# A busy machine is no defect: nothing here is timed, nor is how long a draw takes. In the suite
# every run draws the same examples, so that a change fails by what it changed; `make fuzz` draws
# others.
_BUSY = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=_BUSY)
settings.register_profile(
    "fuzz",
    deadline=None,
    max_examples=int(os.environ.get("STILLWATCH_FUZZ_DRAWS", "5000")),
    suppress_health_check=_BUSY,
)
settings.load_profile("suite")

# What would change how the program buffers, decodes or finds its data, unlike at a user's.
_NOT_PASSED_ON = ("STILLWATCH_DATA", "PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONUTF8")


@pytest.fixture(scope="session")
def program() -> Path:
    return Path(sys.executable).parent / "stillwatch"


@pytest.fixture(scope="session")
def clean_env() -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    return env | {"PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="session")
def run(
    program: Path, clean_env: dict[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the installed program to its end."""

    def run_program(
        *arguments: str | Path, env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        if not options.keys() & {"stdin", "input"}:
            options["stdin"] = subprocess.DEVNULL
        outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.run(
            [program, *arguments],
            env=clean_env | dict(env or {}),
            text=True,
            timeout=600,
            **outputs,
        )

    return run_program


@pytest.fixture
def watch(program: Path, clean_env: dict[str, str]) -> Iterator[Callable[..., Watch]]:
    started: list[Watch] = []

    def start(*arguments: str) -> Watch:
        started.append(Watch([program, "watch", *arguments], clean_env))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        if one.process.stdin and one.process.stdin.closed:
            one.process.stdin = None  # or communicate would flush it
        one.process.communicate()


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Calls the program in a process that may die of what it is given."""
    worker = Worker(tmp_path_factory.mktemp("fuzz"))
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def series() -> Float64:
    """700 values that look like the load of a CPU, with one spike; read-only."""
    return cpu_like(0)


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes content, or a series below the header timestamp,value,host."""

    def write(content: bytes | Float64, name: str = "series.csv") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            rows = (f'{i},{value!r},"rack 1, left"\n' for i, value in enumerate(content.tolist()))
            path.write_text("timestamp,value,host\n" + "".join(rows), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def altered() -> Callable[..., bytes]:
    """A shipped capsule with other metadata, sealed anew: a dict of changes, a text or none."""

    def alter(metadata: Mapping[str, Any] | str | None, model: str = "nab-rds") -> bytes:
        proto = onnx.load_from_string(opening.read_bytes(model))
        kept = {entry.key: entry.value for entry in proto.metadata_props}
        text = kept.pop(METADATA_KEY)
        if metadata is not None:
            if not isinstance(metadata, str):
                metadata = json.dumps(json.loads(text) | dict(metadata))
            kept[METADATA_KEY] = metadata
        onnx.helper.set_model_props(proto, kept | {DIGEST_KEY: digest.PLACEHOLDER})
        return digest.seal(proto.SerializeToString(deterministic=True))

    return alter
