"""Files that are either whole or not there."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stillwatch.runtime.errors import InputError, StillwatchError, TransientError

__all__ = ["failure", "make_folder", "replacing", "sync_folder", "write_bytes", "write_text"]

# What may pass without anybody changing the call.
_PASSING = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE,
    errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.EAGAIN, errno.ETIMEDOUT,
)  # fmt: skip


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary name beside `path`, moved onto it when the block ends well.

    The content reaches the disk before the name does, so a crash leaves the
    old file or the new one, never a part. Through a symbolic link its target
    is replaced. Raises InputError where the folder cannot be written,
    TransientError where the disk is full; nothing is left behind then.
    """
    path = Path(os.path.realpath(path)) if Path(path).is_symlink() else Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise failure("write", path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp gives 0600; an output is an ordinary file
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise failure("write", path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def failure(verb: str, path: str | Path, error: OSError) -> StillwatchError:
    """Returns what to raise where a file cannot be written or read.

    A TransientError where trying again may help, else an InputError.
    """
    said = f"cannot {verb} {path}: {error.strerror or error}"
    if error.errno in _PASSING:
        return TransientError(f"{said}; free some space, or choose another place")
    return InputError(f"{said}; choose another place")


def sync_folder(folder: Path) -> None:
    """Returns once the names in a folder are on the disk, where the system can say so."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: str | Path) -> None:
    """Makes a folder and those above it; raises InputError where that cannot be."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path}: {error.strerror}") from error


def write_bytes(path: str | Path, content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, content: str) -> None:
    """Writes `content` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, content.encode())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
