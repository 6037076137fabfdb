"""The parts that files are written as, and what killed processes leave of them.

Whoever writes a part holds a lock on it, which ends with the process however that ends. So what
is locked belongs to somebody who lives, and anything else is nobody's.
"""

import contextlib
import os
import re
import tempfile
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # as on Windows, where an open file cannot be renamed or removed either
    fcntl = None  # type: ignore[assignment]

__all__ = ["new_part", "sweep_parts"]


def new_part(folder: Path, name: str) -> tuple[Path, int | None]:
    """Returns an empty file that is to become `name`, and the descriptor that holds its lock.

    None where the system has no such locks; else the caller closes it. Raises OSError.
    """
    while True:
        held, path = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
        if fcntl is None:
            os.close(held)
            return Path(path), None
        with contextlib.suppress(OSError):  # a file system without locks: there nobody sweeps
            fcntl.flock(held, fcntl.LOCK_EX)
        if os.fstat(held).st_nlink:
            return Path(path), held
        os.close(held)  # somebody swept it before it was locked


def sweep_parts(folder: Path, name: str) -> None:
    """Takes away the parts of `name` that killed processes left in a folder; raises OSError."""
    if fcntl is None:
        return
    ours = re.compile(rf"\.{re.escape(name)}\.[a-z0-9_]{{8}}\.part")  # as mkstemp names them
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if ours.fullmatch(entry.name)]
    for path in left:
        with contextlib.suppress(OSError):  # locked, gone meanwhile, or another user's
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Path(path).unlink()
            finally:
                os.close(descriptor)
