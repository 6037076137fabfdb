"""The OpenAPI page, tried by schemathesis: whatever it makes of it, no answer is a 5xx."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.serve_process import Server

pytestmark = pytest.mark.peers
SETTINGS = '[parameters]\nmodel = "nab-rds-online"\nversion = "1"\n'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path / "state", "nab-rds-online", "--rate", "1e9", "--row-rate", "1e9")
    yield found
    found.stop()


def test_schemathesis_finds_no_error_of_the_server(server: Server, tmp_path: Path) -> None:
    if find_spec("schemathesis") is None:
        pytest.skip("pip install schemathesis")
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    command = [Path(sys.executable).parent / "schemathesis", "run", "--max-examples=10"]
    command += ["--checks=not_a_server_error", "--seed=1", "--phases=examples,coverage,fuzzing"]
    command += ["--exclude-path=/v1/live"]  # which does not end
    url = f"http://127.0.0.1:{server.port}/v1/openapi.json"
    done = subprocess.run(
        [*command, url], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
