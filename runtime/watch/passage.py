"""What a file held up to a place: enough to know it again, whatever it is called by then."""

import hashlib
import os
from dataclasses import asdict, dataclass
from typing import Any, Self

__all__ = ["Passage"]

_PROBE = 4096  # bytes at either end that are compared


@dataclass(frozen=True, kw_only=True)
class Passage:
    """The first `length` bytes of a file. head, tail: SHA-256 of up to 4,096 bytes of either end.

    device, inode: which file it was. head and tail are empty where it cannot be read.
    """

    length: int
    device: int
    inode: int
    head: str
    tail: str

    @classmethod
    def of(cls, descriptor: int, length: int) -> Self:
        """Returns the first `length` bytes of a descriptor's file."""
        about = os.fstat(descriptor)
        head, tail = _ends(descriptor, length)
        return cls(length=length, device=about.st_dev, inode=about.st_ino, head=head, tail=tail)

    @classmethod
    def parse(cls, result: Any) -> Self:
        """Returns the one in a state; raises KeyError, TypeError or ValueError."""
        passage = cls(**result)
        kinds = {"length": int, "device": int, "inode": int, "head": str, "tail": str}
        if (
            any(type(result[name]) is not kind for name, kind in kinds.items())
            or passage.length < 0
        ):
            raise ValueError(f"a place in a file {result!r}")
        return passage

    def as_json(self) -> dict[str, Any]:
        """Returns what `parse` takes."""
        return asdict(self)

    def is_same_file(self, descriptor: int) -> bool:
        """Whether a descriptor is of the very file."""
        about = os.fstat(descriptor)
        return (about.st_dev, about.st_ino) == (self.device, self.inode)

    def is_in(self, descriptor: int) -> bool:
        """Whether a descriptor's file begins with the same bytes, as far as the ends tell."""
        if os.fstat(descriptor).st_size < self.length:
            return False
        return not self.head or (self.head, self.tail) == _ends(descriptor, self.length)


def _ends(descriptor: int, length: int) -> tuple[str, str]:
    try:
        # Opened once more, since standard output may have been opened to be written only.
        again = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
    except OSError:
        again = os.dup(descriptor)
    try:
        size = min(length, _PROBE)
        parts = os.pread(again, size, 0), os.pread(again, size, length - size)
    except OSError:
        return "", ""
    finally:
        os.close(again)
    head, tail = (hashlib.sha256(part).hexdigest() for part in parts)
    return head, tail
