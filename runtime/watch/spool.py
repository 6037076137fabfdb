"""What a pipe gave, kept on disk until the answers and the state are safe.

A pipe cannot give a line twice, so its bytes are moved into a file before
they are looked at, by splice(2) where the system has it: the kernel takes
them out of the pipe as it puts them into the file, and a watch killed at any
moment finds them in the one or the other.

    id, 16 bytes | offset of the first byte, 8 bytes | bytes of the input
"""

import errno
import os
from pathlib import Path

from stillwatch.runtime.errors import StillwatchError
from stillwatch.runtime.files import failure
from stillwatch.runtime.watch.lines import LONGEST_LINE
from stillwatch.runtime.watch.sources import CHUNK

__all__ = ["Spool"]

_ID = 16
_HEADER = _ID + 8
_LONGEST = 8 * LONGEST_LINE  # bytes that the file may hold of lines whose answers are safe


class Spool:
    """The bytes of a pipe as a source, and the file behind it; offset counts all that came.

    Nothing of it is synced: it outlives the watch, not the machine.
    """

    def __init__(self, path: Path, name: bytes, descriptor: int, offset: int) -> None:
        """Goes on at an offset with what the file has from there; else begins a file.

        name: the id, 16 bytes, that the state knows the file by.
        """
        self.descriptor = descriptor
        self.offset = offset
        self._path, self._name = path, name
        self._splices = hasattr(os, "splice")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            header = os.pread(self._file, _HEADER, 0)
            size = os.fstat(self._file).st_size - _HEADER
            self._base = int.from_bytes(header[_ID:], "little")
            known = len(header) == _HEADER and header[:_ID] == name
            if not (known and self._base <= offset <= self._base + size):
                self._begin(offset, b"")
        except OSError as error:
            raise self._failure(error) from error
        self._next = offset  # of the byte that `take` hands out next

    @property
    def backlog(self) -> bool:
        """Whether the file has bytes that were not handed out."""
        return self._end > self._next

    @property
    def waiting(self) -> bytes:
        """What the file has and was not handed out."""
        return os.pread(self._file, self._end - self._next, self._place(self._next))

    def take(self) -> bytes:
        """Returns the next bytes, none at the end; they are in the file by then."""
        try:
            if not self.backlog and not self._move():
                return b""
            chunk = os.pread(self._file, CHUNK, self._place(self._next))
        except OSError as error:
            raise self._failure(error) from error
        self._next += len(chunk)
        return chunk

    def shorten(self, offset: int, rest: bytes) -> bool:
        """Keeps `rest` alone of what the file has from an offset on; all of it was handed out."""
        self._begin(offset, rest + self.waiting)
        self._next = offset + len(rest)
        return True

    def saved(self, offset: int) -> None:
        """Lets go of the bytes before an offset, since the state is safe; not before it pays."""
        if offset - self._base < _LONGEST:
            return
        self._begin(offset, os.pread(self._file, self._end - offset, self._place(offset)))

    def keep(self, offset: int, length: int) -> None:
        """Forgets what the file has from an offset on, but for so many bytes."""
        os.ftruncate(self._file, self._place(offset + length))

    def close(self, offset: int) -> None:
        """Leaves the file where it has bytes from the offset on, else takes it away."""
        left = self._end > offset
        os.close(self._file)
        if not left:
            self._path.unlink(missing_ok=True)

    @property
    def _end(self) -> int:
        return self._base + os.fstat(self._file).st_size - _HEADER

    def _place(self, offset: int) -> int:
        return offset - self._base + _HEADER

    def _move(self) -> int:
        """Returns how many bytes went from the pipe into the file; 0 at the end."""
        place = self._place(self._end)
        if self._splices:
            try:
                return os.splice(self.descriptor, self._file, CHUNK, offset_dst=place)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOSYS):  # this kind of file cannot
                    raise
                self._splices = False
        content = os.read(self.descriptor, CHUNK)
        view = memoryview(content)
        while view:
            written = os.pwrite(self._file, view, place)
            view, place = view[written:], place + written
        return len(content)

    def _begin(self, base: int, content: bytes) -> None:
        """Begins the file anew; a kill meanwhile leaves the old one or the new one."""
        part = self._path.with_name(f".{self._path.name}.part")
        try:
            file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            view = memoryview(self._name + base.to_bytes(8, "little") + content)
            while view:
                view = view[os.write(file, view) :]
            part.replace(self._path)
        except OSError as error:
            raise self._failure(error) from error
        os.close(self._file)
        self._file, self._base = file, base

    def _failure(self, error: OSError) -> StillwatchError:
        return failure("write", self._path, error)
