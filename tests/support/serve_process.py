"""A service in a process of its own, which a test may kill and start again."""

import http.client
import json
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Server", "post"]

_PATIENCE = 300.0  # seconds


class Server:
    """Started by its constructor, on a free port of this machine; `stop` or `kill` ends it."""

    def __init__(self, folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        program = Path(sys.executable).parent / "stillwatch"
        command = [program, "serve", "--state", folder, "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
        )
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], _PATIENCE)
        line = self.process.stdout.readline().decode() if ready else ""
        found = re.search(r"://([^:]+):(\d+)$", line.strip())
        if found is None:
            self.process.kill()
            raise RuntimeError(f"no service: {line!r}, {self.process.communicate()[1].decode()}")
        self.host, self.port = found[1], int(found[2])
        self._await()

    def _await(self) -> None:
        """Returns once it answers; it may be printed before it listens."""
        for _ in range(6000):
            try:
                status, _ = post(self.port, "/v2/health/ready", None)
                if status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError("the service does not answer")

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> tuple[int, str]:
        """SIGTERM; returns the exit status, and what was said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=_PATIENCE)
        return self.process.returncode, said.decode()


def post(
    port: int, path: str, document: Any, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """Returns the status and the JSON of an answer; GET where there is no document."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        given = dict(headers or {})
        if document is None:
            connection.request("GET", path, headers=given)
        else:
            given["Content-Type"] = "application/json"
            connection.request("POST", path, json.dumps(document), given)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
