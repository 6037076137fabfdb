"""What a result was made with: machine, versions, command."""

import importlib.metadata
import os
import platform
import shlex
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

__all__ = ["Machine", "Provenance", "Ran", "machine", "provenance", "provenance_line"]

_PACKAGES = ("stillwatch", "mxnet", "numpy", "onnx", "onnxruntime")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where it ran. load: the system's load average before the run, which should be near 0."""

    cpu: str
    flags: list[str]
    cores: int
    memory_gib: float
    system: str
    governor: str
    load: float


class Ran(TypedDict):
    """The machine, as a result's JSON names it."""

    cpu: str
    cores: int | None
    system: str


class Provenance(TypedDict):
    """What every result's JSON begins with. date: ISO; versions: by package."""

    command: str
    date: str
    machine: Ran
    versions: dict[str, str]


def provenance() -> Provenance:
    """Returns the command, the day, the machine and the versions, for a result's JSON."""
    words = ["stillwatch", *sys.argv[1:]]
    return {
        "command": shlex.join(words),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {"python": platform.python_version()}
        | {name: version for name in _PACKAGES if (version := _version(name))},
    }


def provenance_line(results: Provenance) -> str:
    """Returns what `provenance` left in a result in a line: command, day, machine, versions."""
    on = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return (
        f"Made by '{results['command']}' on {results['date']}: {on['cpu']}, "
        f"{on['cores']} cores, {on['system']}; {versions}."
    )


def machine() -> Machine:
    """Returns what a latency depends on: processor, clock governor, and how busy it is."""
    return Machine(
        cpu=_cpu(),
        flags=sorted(_cpuinfo("flags").split() or _cpuinfo("Features").split()),
        cores=os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        governor=_governor(),
        load=round(os.getloadavg()[0], 2),
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    return _cpuinfo("model name") or platform.processor() or "unknown"


def _cpuinfo(field: str) -> str:
    """Returns a field of the first processor in Linux's /proc/cpuinfo, "" where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    result = (line.split(":", 1)[1].strip() for line in lines if line.startswith(field))
    return next(result, "")


def _governor() -> str:
    try:
        return _GOVERNOR.read_text().strip()
    except OSError:
        return "not known"  # virtual machines do not show theirs
