"""The ways in which a watch is fed and answers: a command, its streams, and when it is done."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ENDING", "MODEL", "MODES", "Life"]

MODEL = ["nab-rds-online", "--time", "t", "--period", "300"]
ROLLING, BUDGET = ("--threshold", "rolling(0.99,200)"), ("--budget", "5/week")
MODES = ("file", "append", "replay", "pipe", "library", "budget", "forecast")
ENDING = ("library", "budget", "forecast")  # with answers of their own, and an end as a file has
# The capsule of three columns, each of them the one that there is.
FORECAST = ("--forecast", "2", *("--column", "value") * 3)
# A stream of the library as its documentation says: snapshot, place and length in one file.
LIBRARY = """
import json, sys
from pathlib import Path
from stillwatch.runtime import Detector
from stillwatch.runtime.files import write_bytes
source, out, state = map(Path, sys.argv[1:])
detector = Detector.load("nab-rds-online")
values = [line.split(",")[1] for line in source.read_text().splitlines()[1:]]
row, length, stream = 0, 0, detector.stream()
if state.exists():
    head, _, saved = state.read_bytes().partition(b"\\n")
    row, length = json.loads(head)
    stream = detector.stream(saved)
with out.open("ab") as written:
    written.truncate(length)
    for start in range(row, len(values), 50):
        block = [float(value) if value != "lost" else 0.0 for value in values[start : start + 50]]
        result = stream.extend(block)
        for i, score in enumerate(result.score.tolist()):
            written.write(f"{start + i},{score!r}\\n".encode())
        written.flush()
        place = json.dumps([start + len(block), written.tell()]).encode()
        write_bytes(state, place + b"\\n" + stream.snapshot())
"""


@dataclass
class Life:
    """One watch from its first start to the end of its input, however often it is killed."""

    mode: str
    folder: Path
    source: Path
    program: Path
    save_every: str
    forecaster: Path = Path("forecaster.onnx")
    held: int = -1  # the pipe, as a service manager holds it
    writer: threading.Thread | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the watch, or starts it again."""
        state = self.folder / "state"
        if self.mode == "library":
            words: list[str | Path] = [sys.executable, "-c", LIBRARY, self.source, self.out, state]
            return subprocess.Popen(words, stdin=subprocess.DEVNULL)
        alarms = BUDGET if self.mode == "budget" else ROLLING  # else as a file
        words = [*MODEL, *alarms]
        if self.mode == "forecast":
            words = [self.forecaster, *FORECAST]
        words = [self.program, "watch", *words, "--state", state]
        words += ["--save-every", self.save_every]
        options = {"stderr": subprocess.DEVNULL}
        if self.mode == "append":
            with self.source.open("rb") as lines, self.out.open("ab") as out:
                return subprocess.Popen(words, stdin=lines, stdout=out, **options)
        words += ["-o", self.out]
        if self.mode == "pipe":
            return subprocess.Popen(words, stdin=self._pipe(), **options)
        if self.mode == "replay":
            cat = subprocess.Popen(["cat", self.source], stdout=subprocess.PIPE)
            assert cat.stdout
            process = subprocess.Popen([*words, "--replay"], stdin=cat.stdout, **options)
            cat.stdout.close()
            # Not awaited here: it lives until all is read, and the kill is to come before.
            threading.Thread(target=cat.wait, daemon=True).start()
            return process
        with self.source.open("rb") as lines:
            return subprocess.Popen(words, stdin=lines, **options)

    def finish(self, expected: bytes, patience: float) -> bytes:
        """Runs it to its end, and returns all that it answered in its life."""
        process = self.start()
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline:
            # A pipe has no end: it is done when it has answered as many lines, or more.
            answers = self.mode == "pipe" and self.out.exists()
            if answers and self.out.stat().st_size >= len(expected):
                process.terminate()
            time.sleep(0.01)
        process.kill()
        process.wait()
        self.end()
        return self.out.read_bytes() if self.out.exists() else b""

    def end(self) -> None:
        """Lets go of the pipe."""
        self.stopped.set()
        if self.writer:
            self.writer.join()
        if self.held >= 0:
            os.close(self.held)
            self.held = -1

    def _pipe(self) -> int:
        if self.held < 0:
            fifo = self.folder / "fifo"
            os.mkfifo(fifo)
            self.held = os.open(fifo, os.O_RDWR)
            self.writer = threading.Thread(target=self._write, args=(fifo,), daemon=True)
            self.writer.start()
        return self.held

    def _write(self, fifo: Path) -> None:
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        view = memoryview(self.source.read_bytes())
        while view and not self.stopped.is_set():
            try:
                view = view[os.write(descriptor, view[:1000]) :]  # lines are torn between writes
            except BlockingIOError:
                time.sleep(0.001)
        os.close(descriptor)
