"""Where answers go: a file that they are appended to, or standard output.

A file is known again by its inode and its bytes. One that was renamed, as
logrotate does, is left to whoever renamed it, and a new one is begun; one that
was cut under us (`copytruncate`) is refused, since it has lost answers. A pipe
gets whole lines, and each of up to 4,096 bytes at once.
"""

import os
import select
import stat
from pathlib import Path

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import failure, sync_folder
from stillwatch.runtime.watch.passage import Passage
from stillwatch.runtime.watch.stop import StopRequest

__all__ = ["Output"]

_PIPE = select.PIPE_BUF  # what a pipe that is ready takes at once, without making us wait
_GRACE = 5.0  # seconds that a slow reader has, once we are to stop, for a line that is begun


class Output:
    """A file to append to, or standard output."""

    def __init__(self, path: Path | None, stop: StopRequest) -> None:
        """Raises InputError where the file cannot be written."""
        self._stop = stop
        self._path = path
        self._descriptor = 1 if path is None else self._open(path)
        try:
            about = os.fstat(self._descriptor)
        except OSError as error:
            raise InputError("standard output is closed: name a file with --output") from error
        self.regular = stat.S_ISREG(about.st_mode)
        self._length = about.st_size

    def write(self, content: bytes) -> int:
        """Returns how many bytes were written: all, or whole lines where we are told to stop.

        Waits for a slow reader. Raises BrokenPipeError where the reader has gone,
        TransientError where the disk is full.
        """
        try:
            return self._append(content) if self.regular else self._send(content)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise failure("write", self._name, error) from error

    def settle(self) -> Passage | None:
        """Returns what is in the output, once that is on the disk; None for a pipe."""
        if not self.regular:
            return None
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise failure("write", self._name, error) from error
        self._length = os.fstat(self._descriptor).st_size
        return Passage.of(self._descriptor, self._length)

    def was_renamed(self) -> bool:
        """Whether the path is another file by now, or none; raises InputError for one cut short."""
        if self._path is None or not self.regular:
            return False
        if os.fstat(self._descriptor).st_size < self._length:
            raise InputError(
                f"{self._path} was cut while the watch wrote to it, and answers are lost: rotate "
                "it by renaming, not with copytruncate"
            )
        try:
            about = self._path.stat()
        except OSError:
            return True
        own = os.fstat(self._descriptor)
        return (about.st_dev, about.st_ino) != (own.st_dev, own.st_ino)

    def begin_anew(self) -> None:
        """Opens the path again, after what was written before is settled."""
        if self._path is not None:
            os.close(self._descriptor)
            self._descriptor = self._open(self._path)
            self._length = os.fstat(self._descriptor).st_size

    def resume(self, before: Passage) -> bool:
        """Drops what was written after a state was saved; False where that is not to be found.

        Raises InputError where the file was cut.
        """
        if not self.regular:
            return True
        if before.is_same_file(self._descriptor):
            self.cut_back(before.length)
            return True
        if before.length and before.is_in(self._descriptor):  # a copy of it
            self.cut_back(before.length)
            return True
        return self._cut_renamed(before) or not before.length

    def cut_back(self, length: int) -> None:
        """Drops what is after so many bytes; raises InputError where there are fewer."""
        if not self.regular:
            return
        size = os.fstat(self._descriptor).st_size
        if size < length:
            raise InputError(
                f"the output has {size} bytes, the state was saved at {length}: name the file that "
                "the watch wrote before with --output, or append to it with >>; to begin a new "
                "one, rename it (no copytruncate)"
            )
        os.ftruncate(self._descriptor, length)
        os.lseek(self._descriptor, length, os.SEEK_SET)
        self._length = length

    def close(self) -> None:
        """Closes a file of its own."""
        if self._path is not None:
            os.close(self._descriptor)

    @property
    def _name(self) -> str:
        return "standard output" if self._path is None else str(self._path)

    def _open(self, path: Path) -> int:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise failure("write", path, error) from error
        sync_folder(path.parent)
        return descriptor

    def _append(self, content: bytes) -> int:
        view = memoryview(content)
        while view:
            written = os.write(self._descriptor, view)
            self._length += written
            view = view[written:]
        return len(content)

    def _send(self, content: bytes) -> int:
        start = 0
        while start < len(content):
            stop = content.rfind(b"\n", start, start + _PIPE) + 1 or start + _PIPE
            begun = start > 0 and content[start - 1] != 0x0A  # within a line longer than a pipe's
            if not self._stop.writable(self._descriptor, _GRACE if begun else 0.0):
                return content.rfind(b"\n", 0, start) + 1
            start += os.write(self._descriptor, content[start:stop])
        return len(content)

    def _cut_renamed(self, before: Passage) -> bool:
        """Cuts a file that was renamed within its folder; False where there is none."""
        own = os.path.realpath(f"/proc/self/fd/{self._descriptor}")
        try:
            entries = list(os.scandir(Path(own).parent))
            for entry in entries:
                if entry.inode() != before.inode or not entry.is_file(follow_symlinks=False):
                    continue
                descriptor = os.open(entry.path, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    if before.is_same_file(descriptor) and before.is_in(descriptor):
                        os.ftruncate(descriptor, before.length)
                        os.fsync(descriptor)
                        return True
                finally:
                    os.close(descriptor)
        except OSError:
            return False
        return False
