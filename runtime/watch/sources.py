"""Where lines come from: a file that can be read again, or a pipe that cannot."""

import os
import stat
from typing import Protocol

from stillwatch.runtime.errors import InputError

__all__ = ["CHUNK", "FileSource", "PipeSource", "Source", "is_regular"]

CHUNK = 2**16


class Source(Protocol):
    """Bytes of a descriptor. offset: where the first of them is. backlog: some need no wait."""

    descriptor: int
    offset: int

    @property
    def backlog(self) -> bool:
        """Whether there are bytes at hand that came before."""
        ...

    def take(self) -> bytes:
        """Returns the next bytes, none at the end."""
        ...

    def shorten(self, offset: int, rest: bytes) -> bool:
        """Lets go of an overlong line but for its beginning; False where nothing is kept."""
        ...


class PipeSource:
    """Bytes that come once."""

    backlog = False

    def __init__(self, descriptor: int) -> None:
        """Reads from where the descriptor stands."""
        self.descriptor = descriptor
        self.offset = 0

    def take(self) -> bytes:
        """Returns the next bytes, none at the end."""
        return os.read(self.descriptor, CHUNK)

    def shorten(self, _offset: int, _rest: bytes) -> bool:
        """Nothing is kept."""
        return False


class FileSource(PipeSource):
    """Bytes of a regular file, from where the descriptor stands, be it the beginning or not."""

    def __init__(self, descriptor: int) -> None:
        """Reads from where the descriptor stands."""
        super().__init__(descriptor)
        self.offset = os.lseek(descriptor, 0, os.SEEK_CUR)

    def seek(self, offset: int) -> None:
        """Goes on at an offset; raises InputError where the file is shorter."""
        size = os.fstat(self.descriptor).st_size
        if size < offset:
            raise InputError(
                f"the input has {size} bytes, {offset} of it were read before: it is another file"
            )
        self.offset = os.lseek(self.descriptor, offset, os.SEEK_SET)


def is_regular(descriptor: int) -> bool:
    """Whether a descriptor is of a file whose lines can be read again; raises InputError."""
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError as error:
        raise InputError(
            f"descriptor {descriptor} is closed: give the watch an input, as in < sensor.csv"
        ) from error
