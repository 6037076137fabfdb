"""Runs the program on hostile files in a process of its own, which may be killed, starve or crash.

A fuzz test must survive what it looks for: an onnxruntime that crashes or
loops would take pytest along, and a file that claims exabytes its memory. So
one worker process calls the program again and again within a memory limit,
and a call that dies or takes too long is an answer like any other.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from stillwatch.runtime.memory import most_resident_mib

__all__ = ["DIED", "Answer", "Worker"]

MOST_SECONDS = 300  # far above any call here on a busy machine, far below for ever
CALLS = 500  # of one process: failed loads leak a little, and the peak is to be of one call
DIED = "the process died"
MOST_KEPT = 256 << 20  # bytes of peak after which the next call is given a new process
MOST_BYTES = 2 << 30  # of address space, most of it onnxruntime's code and arenas


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a call of the program ended: exit status, what it said, peak memory in bytes.

    escaped: the traceback that got out, or how the process died; "" for a clean end.
    """

    status: int | None
    out: str
    err: str
    peak: int
    escaped: str

    @property
    def clean(self) -> bool:
        """Whether the program ended as promised: done, or one line that says why not."""
        if self.escaped or self.status not in (0, 1, 2):
            return False
        said = self.err.splitlines()
        ours = [line for line in said if line.startswith("stillwatch: ")]
        return self.status != 2 or len(ours) == len(said) == 1


class Worker:
    """A process that calls the program; started anew after a call that killed it."""

    def __init__(self, folder: Path) -> None:
        """Keeps the calls' inputs and outputs in `folder`."""
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._calls = 0

    def call(self, words: Sequence[str], stdin: bytes = b"") -> Answer:
        """Returns how `stillwatch WORDS...` ended on this input."""
        (self.folder / "in").write_bytes(stdin)
        self._calls += 1
        if self._calls % CALLS == 0:
            self.close()
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        killer = Timer(MOST_SECONDS, process.kill)
        killer.start()
        line = ""
        with contextlib.suppress(BrokenPipeError):  # it died after its last answer
            process.stdin.write(json.dumps(list(words)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        killer.cancel()
        out, err = ((self.folder / name).read_text("utf-8", "replace") for name in ("out", "err"))
        if line:
            answer = Answer(out=out, err=err, **json.loads(line))
            if answer.peak > MOST_KEPT:
                self.close()
            return answer
        status = process.wait()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        self._process = None
        return Answer(status=None, out=out, err=err, peak=0, escaped=f"{DIED}: {status}")

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.communicate()
            self._process = None

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-W", "error", __file__, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )


def serve(folder: Path) -> None:
    """Answers calls until standard input ends."""
    from stillwatch.runtime.cli.main import main

    calls, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    for line in calls:
        status, escaped = None, ""
        with _redirected(folder):
            try:
                status = main(json.loads(line))
            except SystemExit as error:  # argparse's own way out
                status = error.code if isinstance(error.code, int) else 1
            except BaseException:  # what gets out is what is looked for
                escaped = traceback.format_exc()
        peak = int(most_resident_mib() * 2**20)
        print(json.dumps({"status": status, "peak": peak, "escaped": escaped}), file=answers)
        answers.flush()


@contextlib.contextmanager
def _redirected(folder: Path):  # type: ignore[no-untyped-def]
    """Points the three standard streams at files, for Python and for onnxruntime alike."""
    kept = sys.stdin, sys.stdout, sys.stderr
    for number, name in enumerate(("in", "out", "err")):
        flags = os.O_RDONLY if name == "in" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        handle = os.open(folder / name, flags, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    try:
        yield
    finally:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.close()
        sys.stdin, sys.stdout, sys.stderr = kept


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
