"""A watch in a pipe, for tests that talk to one."""

import json
import select
import subprocess
from pathlib import Path
from typing import Any

PATIENCE = 300  # seconds until an answer that does not come fails the test


class Watch:
    """A watch in a pipe: one line in, one line out."""

    def __init__(self, command: list[str | Path], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=env,
        )

    def send(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        assert ready, "no answer came"
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def end(self) -> str:
        _, complaints = self.process.communicate(timeout=PATIENCE)
        return str(complaints.decode())
