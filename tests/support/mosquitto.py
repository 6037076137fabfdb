"""Debian's mosquitto on a port of the system's choosing, and its own clients."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE = 300.0
# Debian keeps daemons where users' PATH may not look.
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def missing() -> str | None:
    """Returns what is not here of a broker and its clients, None where nothing is."""
    wanted = ("mosquitto", "mosquitto_pub", "mosquitto_sub")
    absent = [name for name in wanted if shutil.which(name, path=SEARCHED) is None]
    return f"no {absent[0]} here (Debian: mosquitto mosquitto-clients)" if absent else None


def program(name: str) -> str:
    found = shutil.which(name, path=SEARCHED)
    assert found is not None
    return found


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """A broker that keeps its sessions in a folder, and may be killed and started again.

    inside: words before its command, such as `ip netns exec NAME`.
    """

    def __init__(
        self,
        folder: Path,
        lines: Iterable[str] = ("allow_anonymous true",),
        *,
        host: str = "127.0.0.1",
        inside: Iterable[str] = (),
    ) -> None:
        self.host, self.port = host, free_port()
        self.inside = list(inside)
        self._config = folder / "mosquitto.conf"
        settings = [
            f"listener {self.port} {host}",
            *lines,
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 0",
            "user root" if os.geteuid() == 0 else "",
        ]
        self._config.write_text("\n".join(settings) + "\n")
        self.log = folder / "mosquitto.log"
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://{self.host}:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.inside, program("mosquitto"), "-c", self._config], stdout=log, stderr=log
            )
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                socket.create_connection((self.host, self.port), timeout=1.0).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.log.read_text())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def publish(self, topic: str, lines: Path) -> subprocess.Popen[bytes]:
        """Begins to publish a file's lines, a message each, at QoS 1."""
        command = [*self.inside, program("mosquitto_pub"), "-h", self.host, "-p", str(self.port)]
        with lines.open("rb") as file:
            return subprocess.Popen([*command, "-q", "1", "-t", topic, "-l"], stdin=file)

    def subscribed(
        self, topic: str, count: int, seconds: float = PATIENCE
    ) -> list[tuple[str, str]]:
        """Returns so many messages of a topic, retained ones first, as topic and payload."""
        command = [*self.inside, program("mosquitto_sub"), "-h", self.host, "-p", str(self.port)]
        more = ["-t", topic, "-F", "%t %p", "-C", str(count), "-W", str(int(seconds))]
        done = subprocess.run([*command, *more], capture_output=True, check=False)
        pairs = (line.partition(" ") for line in done.stdout.decode().splitlines())
        return [(topic, payload) for topic, _, payload in pairs]
