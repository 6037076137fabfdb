"""Debian's Prometheus scrapes a service: the rules load, every panel of the dashboard has data."""

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.mosquitto import free_port

DEPLOY = Path(__file__).parents[3] / "runtime" / "deploy"
PATIENCE = 90.0
pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus here"),
]


def ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, kind)  # noqa: S310  (of ours)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        return json.load(answer)


@pytest.fixture
def address(program: Path, tmp_path: Path) -> Iterator[str]:
    """Where a service listens."""
    words = [program, "serve", "nab-rds-online", "--port", "0", "--state", tmp_path / "state"]
    words += ["--budget", "5/week", "--period", "300"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.fixture
def prometheus(address: str, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    target = address.removeprefix("http://")
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(DEPLOY / "prometheus-alerts.yml")],
        "scrape_configs": [{"job_name": "stillwatch", "static_configs": [{"targets": [target]}]}],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    words = ["prometheus", f"--config.file={tmp_path}/prometheus.yml"]
    words += [f"--storage.tsdb.path={tmp_path}/tsdb", f"--web.listen-address=127.0.0.1:{port}"]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(words, stdout=log, stderr=log) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + PATIENCE
        while True:
            try:
                ask(f"{url}/api/v1/status/buildinfo")
                break
            except OSError:
                assert time.monotonic() < until, (tmp_path / "log").read_text()
                time.sleep(0.2)
        yield url
        process.terminate()


def test_every_panel_has_data_and_every_rule_is_sound(address: str, prometheus: str) -> None:
    rng = np.random.default_rng(4)
    values = 20 + rng.normal(size=3000)
    values[1500] = 500
    samples = f"{address}/v1/streams/pump/samples"
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        part = values[sent : sent + count].tolist()
        ask(samples, {"seq": sent, "samples": part})
        sent += len(part)

    send(1600)
    panels = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(asked) >= 10
    until = time.monotonic() + PATIENCE
    missing = asked
    while missing:
        assert time.monotonic() < until, f"no data: {missing}"
        send(20)
        time.sleep(1.0)
        missing = [query for query in missing if not data(prometheus, query)]
    while True:  # until each rule was evaluated once
        groups = ask(f"{prometheus}/api/v1/rules")["data"]["groups"]
        health = [rule["health"] for group in groups for rule in group["rules"]]
        if "unknown" not in health:
            break
        assert time.monotonic() < until
        time.sleep(0.5)
    assert health
    assert set(health) == {"ok"}


def data(prometheus: str, query: str) -> Any:
    found = ask(f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    return [
        one for one in found["data"]["result"] if one["value"][1] not in ("NaN", "+Inf", "-Inf")
    ]


def test_the_dashboard_is_what_its_code_makes() -> None:
    pytest.importorskip("grafana_foundation_sdk")
    from support.dashboard import as_json

    assert (DEPLOY / "grafana-dashboard.json").read_text() == as_json()
