"""Files that are either whole or not there."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stillwatch.runtime.errors import InputError

__all__ = ["make_folder", "replacing", "write_bytes", "write_text"]


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary name beside `path`, moved onto it when the block ends well.

    The content reaches the disk before the name does, so a crash leaves the
    old file or the new one, never a part. Raises InputError where the folder
    cannot be written or the disk is full; nothing is left behind then.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise InputError(_cannot_write(path, error)) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp gives 0600; an output is an ordinary file
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(_cannot_write(path, error)) from error
    finally:
        temporary.unlink(missing_ok=True)


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


def _cannot_write(path: Path, error: OSError) -> str:
    return (
        f"cannot write {path}: {error.strerror or error}; choose another place or free some space"
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
