"""The service under load: its rates beside a bare handler's, in one run on this machine.

    PYTHONPATH=tests python -m endurance.serve_load --out load.json

wrk (Debian) is the load, on the same cores as what it asks. The service has keys, limits and
state on. The bare handler is what an article shows: FastAPI, a model of pydantic, onnxruntime.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from support.serve_process import Server, post

from stillwatch.runtime.capsule import opening
from stillwatch.runtime.serve.access.keys import Keys
from stillwatch.runtime.serve.models.registry import Registry, load_served
from stillwatch.runtime.serve.options import ServeOptions
from stillwatch.runtime.serve.storage.store import Store
from stillwatch.runtime.serve.streams.batches import Batch
from stillwatch.runtime.serve.streams.job import Job
from stillwatch.runtime.serve.streams.samples import ordered

__all__ = ["run_load"]

MODEL = "nab-rds-online"
_HERE = Path(__file__).parent / "load"
_STREAMS, _CLIENTS = 1_000, 10
_WARM = 1_100  # rows of each stream before it is measured: beyond its history and judge's beginning
BUDGET = "budget(5/week,3600s)"
_MICROSECONDS = {"us": 1.0, "ms": 1e3, "s": 1e6}


def wrk(script: str, port: int, seconds: int, connections: int, **env: str) -> dict[str, float]:
    """Returns requests a second, and latency in milliseconds at the 50th and 99th percentile."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(_HERE / script), f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=True)
    text = done.stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if bad:
        raise RuntimeError(f"{bad[1]} requests were refused")
    found = {"requests_a_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])}
    for share in (50, 99):
        number, unit = re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", text).groups()
        found[f"p{share}_ms"] = round(float(number) * _MICROSECONDS[unit] / 1e3, 3)
    return found


@contextmanager
def bare() -> Iterator[int]:
    """The handler of an article, on a free port."""
    command = [sys.executable, "-m", "endurance.load.bare"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        for _ in range(200):
            try:
                post(port, "/docs-none", None)
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.communicate()


def requests_figures(port: int, bare_port: int, key: str, seconds: int) -> dict[str, Any]:
    """Returns single rows and batches of 64, in turns with the bare handler's single rows."""
    found: dict[str, Any] = {}
    for name, rows in (("single_row", 1), ("batch", 64)):
        rounds = []
        for _ in range(3):
            ours = wrk("infer.lua", port, seconds, 8, ROWS=str(rows), KEY=key)
            theirs = wrk("bare.lua", bare_port, seconds, 8, ROWS="1")
            rounds.append((ours, theirs))
        ours, theirs = rounds[0]
        ratios = [rows * a["requests_a_second"] / b["requests_a_second"] for a, b in rounds]
        found[name] = {
            "rows_a_request": rows,
            "ours": [a for a, _ in rounds],
            "bare_single_row": [b for _, b in rounds],
            "rows_ratio": [round(ratio, 3) for ratio in ratios],
            "rows_ratio_median": round(float(np.median(ratios)), 3),
        }
    return found


def stream_figures(server: Server, key: str, seconds: int) -> dict[str, Any]:
    """Returns samples a second over 1,000 streams by ten clients, by three ways to send them."""
    env = {"STREAMS": str(_STREAMS), "KEY": key}
    found: dict[str, Any] = {}
    first = _WARM
    # Each stream comes from the disk with its first sample, which is not what goes on.
    wrk("gateway.lua", server.port, 4 * seconds, _CLIENTS, BATCH="1", FIRST=str(first), **env)
    for name, script, batch in (
        ("gateways", "gateway.lua", 5),
        ("gateways_single_sample", "gateway.lua", 1),
        ("one_stream_a_request", "samples.lua", 20),
    ):
        first += 1_000_000
        before, spent = memory(server), processor_seconds(server)
        run = wrk(script, server.port, seconds, _CLIENTS, BATCH=str(batch), FIRST=str(first), **env)
        many = _STREAMS // _CLIENTS if script == "gateway.lua" else 1
        run["samples_a_request"] = batch * many
        run["samples_a_second"] = round(run["requests_a_second"] * batch * many)
        samples = max(1.0, run["samples_a_second"] * seconds)
        used = processor_seconds(server) - spent
        run["processor_us_a_sample"] = round(used / samples * 1e6, 1)
        run["memory_mib"] = [before, memory(server)]
        found[name] = run
    return found


def fill(folder: Path) -> None:
    """Gives each stream the rows of its history and of its judge's beginning, without HTTP."""
    registry = Registry({MODEL: load_served(opening.read_bytes(MODEL), MODEL, "1")})
    batch = Batch(registry, Store(folder), ServeOptions(folder=folder, threshold=BUDGET))
    rng = np.random.default_rng(1)
    for first in range(0, _WARM, _WARM // 10):
        at = [{"seq": first + row} for row in range(_WARM // 10)]
        jobs = []
        for stream in range(_STREAMS):
            samples = ordered(20 + rng.random((len(at), 1)), at)
            jobs.append(Job.waiting(f"s{stream}", None, samples)[0])
        batch.run(jobs)
    batch.close()


def memory(server: Server) -> float:
    """Returns the MiB that the service holds."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return round(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, 1)


def processor_seconds(server: Server) -> float:
    """Returns the seconds of processor time that the service has used."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="utf-8").split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def bearer(key: str) -> Mapping[str, str]:
    """Returns the header that a key goes in."""
    return {"Authorization": f"Bearer {key}"}


def run_load(folder: Path, seconds: int) -> dict[str, Any]:
    """Returns all figures."""
    keys = Keys(folder)
    key = keys.add("load", "admin")
    keys.close()
    rates = ("--rate", "1e9", "--row-rate", "1e9")
    fill(folder)
    server = Server(folder, MODEL, "--threshold", BUDGET, *rates)
    try:
        with bare() as port:
            found = requests_figures(server.port, port, key, seconds)
        found["streams"] = stream_figures(server, key, seconds)
    finally:
        status, said = server.stop()
    return found | {"ended": status, "said": said[:200]}


def main() -> None:
    """Measures, and writes what was found."""
    parser = argparse.ArgumentParser(description="the service under load, beside a bare handler")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found = run_load(Path(folder), arguments.seconds)
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    head = {
        "command": f"python -m endurance.serve_load --seconds {arguments.seconds}",
        "machine": machine | {"load_of_others_before": round(load, 1)},
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(head | found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
