"""What a result was made with: machine, versions, command."""

import importlib.metadata
import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["provenance"]

_PACKAGES = ("stillwatch", "mxnet", "numpy", "onnx", "onnxruntime")


def provenance() -> dict[str, object]:
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
        | {name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else "unknown"
