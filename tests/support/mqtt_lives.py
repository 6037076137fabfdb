"""Lives of one watch over a broker, and what they must have answered between them."""

import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.watch.options import WatchOptions
from stillwatch.runtime.watch.watcher import Watcher
from support.mosquitto import PATIENCE, Mosquitto
from support.series import cpu_like

MODEL = "nab-rds-online"


class Lives:
    """One call of the program, started again after each kill."""

    def __init__(self, program: Path, folder: Path, broker: Mosquitto, *more: str | Path) -> None:
        self.folder = folder
        self.output = folder / "out.jsonl"
        self._command = [program, "watch", MODEL, "--mqtt", broker.url, "--topic", "plant/+"]
        self._command += ["--state", folder / "state", "-o", self.output, *more]
        self.start()

    def start(self) -> None:
        """Begins a life, which cuts the output back to what is saved before it goes on."""
        with (self.folder / "err").open("ab") as err:
            self.process = subprocess.Popen(self._command, stderr=err)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def until_answered(self, count: int, seconds: float = PATIENCE) -> None:
        """Returns once so many lines are in the output."""
        until = time.monotonic() + seconds
        while self.answered < count:
            assert time.monotonic() < until, f"{self.answered} of {count}: {self.complaints}"
            assert self.process.poll() is None, self.complaints
            time.sleep(0.05)

    @property
    def answered(self) -> int:
        return self.output.read_bytes().count(b"\n") if self.output.exists() else 0

    @property
    def complaints(self) -> str:
        return (self.folder / "err").read_text()

    def end(self) -> dict[str, list[dict[str, Any]]]:
        """Returns the answers by stream, after SIGTERM."""
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, self.complaints
        found = defaultdict(list)
        for line in self.output.read_text().splitlines():
            answer = json.loads(line)
            found[answer.pop("stream")].append(answer)
        return dict(found)


def until_online(broker: Mosquitto) -> None:
    """Returns once a watch has said that it is there; it has subscribed by then."""
    until = time.monotonic() + PATIENCE
    while broker.subscribed("stillwatch/status", 1, 2) != [("stillwatch/status", "online")]:
        assert time.monotonic() < until


def payloads(stream: int, rows: int, *, times: bool) -> list[bytes]:
    """Returns a stream's messages: numbers alone, or with the time of each."""
    values = cpu_like(stream, rows).round(3).tolist()
    if not times:
        return [repr(value).encode() for value in values]
    return [
        json.dumps({"value": value, "t": 300 * place}).encode()
        for place, value in enumerate(values)
    ]


def expected(lines: Sequence[bytes], options: WatchOptions) -> list[dict[str, Any]]:
    """Returns what one life that nothing happens to answers."""
    return Watcher(Detector.load(MODEL), options).answer(lines)[0]


def pauses(count: int, seed: int) -> list[float]:
    """Returns the seconds that each of so many lives has."""
    drawn: list[float] = np.random.default_rng(seed).uniform(0.2, 4.0, count).tolist()
    return drawn
