"""The state that a watch leaves on disk, and can go on from.

It says how far input and output had come, and is saved after the output has
reached the disk; the first one before the first answer. A restart cuts the
output back to where the state has it: nothing is missing then and nothing is
there twice, whenever the watch was killed. See docs/watch.md.
"""

import fcntl
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.runtime.errors import InputError, SnapshotError
from stillwatch.runtime.files import failure, sync_folder
from stillwatch.runtime.parts import sweep_parts
from stillwatch.runtime.streaming.snapshot import pack, unpack

__all__ = ["StateFile"]


class StateFile:
    """A state that one watch holds at a time: whoever has the lock on the file of that name."""

    def __init__(self, path: Path) -> None:
        """path: where it is or will be; through a symbolic link, its target."""
        self.path = Path(os.path.realpath(path))
        self._held: int | None = None  # the file that the lock is on

    def load(self) -> tuple[dict[str, Any], bytes] | None:
        """Returns figures and the stream's snapshot as they were saved, None where there are none.

        Holds the state from then on. Raises InputError where another watch has
        it, SnapshotError where it is damaged.
        """
        try:
            self._held = self._lock()
            if self._held is None:
                return None
            sweep_parts(self.path.parent, self.path.name)
            content = self.path.read_bytes()
        except OSError as error:
            raise failure("read", self.path, error) from error
        try:
            figures, arrays = unpack("watch", content)
            return figures, arrays["stream"].tobytes()
        except (SnapshotError, KeyError) as error:
            raise SnapshotError(f"{self.path}: {error}") from error

    def save(self, figures: Mapping[str, Any], stream: bytes) -> None:
        """Writes figures, as JSON has them, and a stream's snapshot: whole or not at all.

        Raises InputError where the state is another watch's by now.
        """
        content = pack("watch", figures, {"stream": np.frombuffer(stream, np.uint8)})
        try:
            descriptor, name = tempfile.mkstemp(
                prefix=f".{self.path.name}.", suffix=".part", dir=self.path.parent
            )
        except OSError as error:
            raise failure("write", self.path, error) from error
        part = Path(name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            self._move(part, descriptor)
        except OSError as error:
            os.close(descriptor)
            raise failure("write", self.path, error) from error
        except InputError:
            os.close(descriptor)
            raise
        finally:
            part.unlink(missing_ok=True)
        if self._held is not None:
            os.close(self._held)
        self._held = descriptor

    def close(self) -> None:
        """Lets go of the state."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _move(self, part: Path, descriptor: int) -> None:
        """Gives a written file the state's name, where that is nobody else's."""
        if self._held is None:
            try:
                os.link(part, self.path)  # unlike a rename it fails where there is one by now
            except FileExistsError:
                raise self._taken() from None
            except OSError:  # a file system without links
                if self.path.exists():
                    raise self._taken() from None
                part.replace(self.path)
        elif _is_named(self._held, self.path):
            part.replace(self.path)
        else:
            raise self._taken()
        sync_folder(self.path.parent)
        if not _is_named(descriptor, self.path):
            raise self._taken()

    def _lock(self) -> int | None:
        """Returns a descriptor of the state with the lock on it, None where there is no state."""
        while True:
            try:
                descriptor = os.open(self.path, os.O_RDWR)
            except FileNotFoundError:
                return None
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise self._taken() from None
            if _is_named(descriptor, self.path):
                return descriptor
            os.close(descriptor)  # it was replaced between the two calls

    def _taken(self) -> InputError:
        return InputError(
            f"another watch has {self.path}: end it first, or name another file with --state"
        )


def _is_named(descriptor: int, path: Path) -> bool:
    """Whether the file of a descriptor still has that name."""
    try:
        named = path.stat()
    except OSError:
        return False
    own = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (own.st_dev, own.st_ino)
