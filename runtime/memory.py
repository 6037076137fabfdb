"""How much memory this process has held, by the standard library alone.

Imports nothing else: it also measures processes that must stay without NumPy.
"""

import sys
from pathlib import Path

__all__ = ["most_resident_mib"]


def most_resident_mib() -> float:
    """Returns the most memory that the process ever held, in MiB.

    Not by getrusage where that can be helped: on Linux its figure outlives
    exec, so that a small child of a large parent looks large.
    """
    try:
        lines = Path("/proc/self/status").read_bytes().splitlines()  # any bytes may be a name
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(b"VmHWM"))
    except (OSError, StopIteration):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 1024)
