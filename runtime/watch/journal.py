"""What a watch leaves on disk: its output, and the state that it can go on from.

The state says how far input and output had come. It is saved after the output
has reached the disk, and a restart cuts the output back to where the state
has it: nothing is missing then and nothing is there twice, whenever the
watch was killed. A pipe cannot be cut back; see the README.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.streaming.snapshot import pack, unpack
from stillwatch.runtime.watch.feed import StopSignal, write_all

__all__ = ["Output", "load_state", "save_state"]


class Output:
    """Where answers go: a file to append to, or standard output."""

    def __init__(self, path: Path | None, stop: StopSignal) -> None:
        """Raises InputError where the file cannot be written."""
        self._stop = stop
        self._path = path
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            self._descriptor = 1 if path is None else os.open(path, flags, 0o666)
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}") from error
        self._regular = stat.S_ISREG(os.fstat(self._descriptor).st_mode)

    def write(self, content: bytes) -> bool:
        """Writes, waiting for a slow reader; False where the signal to stop came first."""
        return write_all(self._descriptor, content, self._stop)

    def settle(self) -> int | None:
        """Returns how long the output is, once that is on the disk; None for a pipe."""
        if not self._regular:
            return None
        os.fsync(self._descriptor)
        return os.fstat(self._descriptor).st_size

    def cut_back(self, length: int | None) -> None:
        """Drops what was written after the state was saved; raises InputError."""
        if length is None or not self._regular:
            return
        size = os.fstat(self._descriptor).st_size
        if size < length:
            raise InputError(
                f"the output has {size} bytes, the state was saved at {length}: name the file that "
                "the watch wrote before with --output, or append to it with >>"
            )
        os.ftruncate(self._descriptor, length)
        os.lseek(self._descriptor, length, os.SEEK_SET)

    def close(self) -> None:
        """Closes a file of its own."""
        if self._path is not None:
            os.close(self._descriptor)


def save_state(path: Path, figures: Mapping[str, Any], stream: bytes) -> None:
    """Writes a watch's state, whole or not at all; stream: its snapshot."""
    write_bytes(path, pack("watch", figures, {"stream": np.frombuffer(stream, np.uint8)}))


def load_state(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """Returns what `save_state` wrote, None where there is no file yet; raises SnapshotError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    try:
        figures, arrays = unpack("watch", content)
        return figures, arrays["stream"].tobytes()
    except (SnapshotError, KeyError) as error:
        raise SnapshotError(f"{path}: {error}") from error
