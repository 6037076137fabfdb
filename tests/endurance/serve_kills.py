"""SIGKILLs of a service under load, with clients that send again what had no answer.

    PYTHONPATH=tests python -m endurance.serve_kills --kills 300 --out kills.json

Clients send numbered samples of streams of their own and note each answer. When all is sent, the
verdicts they hold must be those of a detector that was never killed, each sample once; the
service must have counted just as many rows and kept just as many verdicts, and each event once.
"""

import argparse
import json
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from support.serve_process import Server, post

from stillwatch.runtime import Detector
from stillwatch.runtime.alarms.events import EventPolicy, find_events
from stillwatch.runtime.arrays import Float64

__all__ = ["run_kills"]

MODEL, BUDGET = "nab-rds-online", "budget(50/week,3600s)"
_LONGEST = 12  # samples of a request
_IN_WORK = 0.7  # of the kills come once the service has answered something since the last one
_MANY = 20  # kills from which on the last one ends the run, not the rows


class Client(threading.Thread):
    """Sends a stream's samples in order, each until it is answered."""

    def __init__(self, name: str, values: Float64, ports: list[int], seed: int) -> None:
        super().__init__(daemon=True)
        self.stream, self.values, self.ports = name, values, ports
        self.verdicts: dict[int, Any] = {}
        self.repeats = self.answers = 0
        self.problem = ""
        self.enough = threading.Event()  # begin no further request
        self._random = random.Random(seed)  # noqa: S311

    def run(self) -> None:
        """Sends all, or what it can until that is enough."""
        sent = 0
        while sent < len(self.values) and not self.problem and not self.enough.is_set():
            count = self._random.randint(1, _LONGEST)
            part = self.values[sent : sent + count].tolist()
            answer = self._answer({"seq": sent, "samples": part})
            self.answers += 1
            for verdict in answer.get("verdicts", []):
                known = self.verdicts.setdefault(verdict["seq"], verdict)
                if known != verdict:
                    self.problem = f"told {known} and then {verdict}"
            sent += len(part)
        self.values = self.values[:sent]

    def _answer(self, document: Any) -> Any:
        while True:
            try:
                path = f"/v1/streams/{self.stream}/samples"
                status, answer = post(self.ports[0], path, document)
            except OSError:
                self.repeats += 1
                time.sleep(0.02)
                continue
            if status == 200:
                return answer
            if status != 503:
                self.problem = f"{status} {answer}"
                return {}


def run_kills(
    folder: Path, kills: int, *, streams: int = 4, rows: int = 1500, seed: int = 1
) -> dict[str, Any]:
    """Returns what was found; `problems` must be empty."""
    rng = np.random.default_rng(seed)
    values = 20 + rng.normal(size=(streams, rows))
    values[:, 400::60] += 70
    moments = random.Random(seed)  # noqa: S311
    arguments = (MODEL, "--threshold", BUDGET, "--rate", "1e9", "--row-rate", "1e9")
    server = Server(folder, *arguments)
    ports = [server.port]
    clients = [Client(f"s{n}", values[n], ports, seed + n) for n in range(streams)]
    for client in clients:
        client.start()
    done = 0
    while any(client.is_alive() for client in clients):
        if moments.random() < _IN_WORK:
            _await_answer(clients)
        time.sleep(moments.uniform(0.0, 0.4))
        if done < kills:
            server.kill()
            done += 1
            server = Server(folder, *arguments)
            ports[0] = server.port
        elif kills >= _MANY:
            for client in clients:
                client.enough.set()
    problems = [client.problem for client in clients if client.problem]
    for client in clients:
        problems += _differences(client, server.port)
    status, said = server.stop()
    unexpected = [line for line in said.splitlines() if " drifts from " not in line]
    if status != 0 or unexpected:
        problems.append(f"the service ended with {status}: {unexpected[:2]}")
    return {
        "kills": done,
        "streams": streams,
        "rows": sum(len(client.values) for client in clients),
        "repeats": sum(client.repeats for client in clients),
        "alarms": sum(bool(v["alarm"]) for c in clients for v in c.verdicts.values()),
        "problems": problems,
    }


def _await_answer(clients: list[Client]) -> None:
    """Returns once one more request was answered, or none is sent any more."""
    before = sum(client.answers for client in clients)
    while any(client.is_alive() for client in clients):
        if sum(client.answers for client in clients) > before:
            return
        time.sleep(0.01)


def _differences(client: Client, port: int) -> list[str]:
    """Returns how a stream is unlike one of a detector that was never killed."""
    rows = len(client.values)
    expected = Detector.load(MODEL).stream(threshold=BUDGET).extend(client.values)
    found = []
    if sorted(client.verdicts) != list(range(rows)):
        found.append(f"{len(client.verdicts)} samples answered of {rows}")
    for row, score in enumerate(expected.score.tolist()):
        verdict = client.verdicts.get(row, {"score": "none", "alarm": None})
        same = verdict["score"] is None if score != score else verdict["score"] == _about(score)
        if not same or bool(verdict["alarm"]) != bool(expected.alarm[row]):
            found.append(f"row {row}: {verdict} in place of {score}")
            break
    _, told = post(port, f"/streams/{client.stream}", None)
    if told["rows"] != rows:
        found.append(f"{told['rows']} rows counted of {rows}")
    _, listed = post(port, f"/streams/{client.stream}/events?limit=1000", None)
    stored = [
        (event["start"]["row"], event["alarms"]) for event in listed["events"] if event["ended"]
    ]
    events = find_events(expected, ("value",), EventPolicy())
    wanted = [(event.start, event.alarms) for event in events]
    if stored != wanted[: len(stored)] or len(stored) < len(wanted) - 1:
        found.append(f"events {stored} in place of {wanted}")
    return [f"{client.stream}: {one}" for one in found]


class _about(float):  # noqa: N801
    """A score that may differ by what a batch of the graph rounds unlike a single row."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and abs(other - self) <= 1e-5 * max(1.0, abs(self))

    __hash__ = float.__hash__


def main() -> None:
    """Runs, and writes what was found."""
    parser = argparse.ArgumentParser(description="SIGKILLs of a service under load")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--rows", type=int, default=20_000, help="of each stream")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run_kills(Path(folder), arguments.kills, rows=arguments.rows)
    command = f"python -m endurance.serve_kills --kills {arguments.kills} --rows {arguments.rows}"
    text = json.dumps({"command": command, **found}, indent=1)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
