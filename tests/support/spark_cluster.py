"""A standalone Spark cluster of processes on this machine, that can be killed one by one."""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = [
    "PATIENCE",
    "Cluster",
    "begun",
    "committed",
    "kill_group",
    "manifest",
    "missing",
    "wait_for",
]

PATIENCE = 400.0  # seconds: a busy machine takes ten times as long as a quiet one
_LOOPBACK = "127.0.0.1"
_DRIVER = Path(__file__).with_name("spark_driver.py")


def missing() -> str | None:
    """What is not here of what Spark needs, as a reason to skip."""
    if shutil.which("java") is None:
        return "no java (Debian: apt-get install openjdk-17-jre-headless)"
    if importlib.util.find_spec("pyspark") is None:
        return "no pyspark (pip install 'stillwatch[spark]')"
    return None


def wait_for(what: Callable[[], bool], *, name: str) -> None:
    """Returns when it holds; fails after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, f"waited in vain for {name}"
        time.sleep(0.05)


class Cluster:
    """A master and workers of one core each; each is a process group of its own."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        spec = importlib.util.find_spec("pyspark")
        assert spec is not None
        assert spec.origin is not None
        self.home = Path(spec.origin).parent
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self.port = _free_port()
        self.url = f"spark://{_LOOPBACK}:{self.port}"
        self._daemon("master.Master", "--host", _LOOPBACK, "--port", str(self.port))
        wait_for(lambda: _listens(self.port), name="the master")
        self.workers = [self.add_worker() for _ in range(workers)]

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Starts a worker of one core."""
        given = ("--host", _LOOPBACK, "--cores", "1", "--memory", "1g")
        work = ("--work-dir", str(self.folder / "work"))
        return self._daemon("worker.Worker", *given, *work, self.url)

    def driver(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Starts the driver with what it shall do."""
        command = [sys.executable, str(_DRIVER), self.url, *map(str, arguments)]
        return self._start(command, f"driver-{len(self._started)}")

    def executors(self) -> list[int]:
        """The process ids of executors of this cluster's workers."""
        return [pid for worker in self.workers for pid in _children(worker.pid)]

    def close(self) -> None:
        """Ends all that was started."""
        for process in self._started:
            kill_group(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def log(self) -> str:
        """The last lines that each process wrote, for a test that fails."""
        files = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{one.name}: {one.read_text(errors='replace')[-3000:]}" for one in files)

    def _daemon(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        java = ["java", "-Xmx256m", "-cp", f"{self.home / 'jars'}/*"]
        name = f"org.apache.spark.deploy.{kind}"
        command = [*java, name, "--webui-port", "0", *arguments]
        return self._start(command, f"{kind}-{len(self._started)}")

    def _start(self, command: list[str], name: str) -> subprocess.Popen[bytes]:
        own = {"SPARK_HOME": str(self.home), "SPARK_LOCAL_IP": _LOOPBACK}
        own |= {"SPARK_SCALA_VERSION": "2.13"}  # as Spark's own start scripts say
        own |= {"PYSPARK_PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env=os.environ | own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
            )
        self._started.append(process)
        return process


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a process with all that it started, by SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def committed(checkpoint: Path) -> int:
    """How many batches a query has committed."""
    return sum(1 for one in (checkpoint / "commits").glob("[0-9]*") if one.name.isdigit())


def begun(checkpoint: Path) -> int:
    """How many batches a query has begun."""
    return sum(1 for one in (checkpoint / "offsets").glob("[0-9]*") if one.name.isdigit())


def manifest(sink: Path) -> list[Path]:
    """The files of a sink that its log names: others are of attempts that came to nothing."""
    entries: dict[str, str] = {}
    for log in (sink / "_spark_metadata").glob("[0-9]*"):
        for line in log.read_text().splitlines()[1:]:
            entry = json.loads(line)
            entries[entry["path"]] = entry["action"]
    return [Path(path.removeprefix("file://")) for path, kind in entries.items() if kind == "add"]


def _children(pid: int) -> list[int]:
    return [
        int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == pid
    ]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended meanwhile
        return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_LOOPBACK, port)) == 0
