"""Files that are either whole or not there."""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stillwatch.runtime.errors import InputError, StillwatchError, TransientError
from stillwatch.runtime.parts import new_part, sweep_parts

__all__ = ["failure", "make_folder", "replacing", "sync_folder", "write_bytes", "write_text"]

# What may pass without anybody changing the call.
_PASSING = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE,
    errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.EAGAIN, errno.ETIMEDOUT,
)  # fmt: skip


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary name, moved onto `path` when the block ends well.

    The content reaches the disk before the name does, so a crash leaves the
    old file or the new one, never a part. A file that is there keeps its mode
    and, where we may give it away, its owner; a symlink stays and its target
    is replaced; into a device or a pipe the whole content is written. What
    killed processes left of this file is taken away. Raises InputError where
    the folder cannot be written, TransientError where the disk is full;
    nothing is left behind then.
    """
    path = Path(path)
    try:
        through = _is_written_through(path)
        target = path if through else Path(os.path.realpath(path))
        folder = Path(tempfile.gettempdir()) if through else target.parent
        sweep_parts(folder, target.name)
        temporary, held = new_part(folder, target.name)
    except OSError as error:
        raise failure("write", path, error) from error
    try:
        yield temporary
        if through:
            with temporary.open("rb") as written, path.open("wb") as out:
                shutil.copyfileobj(written, out)
            return
        _keep_owner_and_mode(temporary, target)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except BrokenPipeError:
        raise  # who reads the pipe has gone, which is no fault of the place
    except OSError as error:
        raise failure("write", path, error) from error
    finally:
        temporary.unlink(missing_ok=True)
        if held is not None:
            os.close(held)


def _is_written_through(path: Path) -> bool:
    """Whether `path` is a device or a pipe, or a descriptor by name such as /dev/stdout."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    kept = stat.S_ISREG(mode) or stat.S_ISDIR(mode)
    return not kept or (path.is_symlink() and path.absolute().is_relative_to("/dev"))


def _keep_owner_and_mode(temporary: Path, target: Path) -> None:
    """Gives a file the mode and owner of the one it replaces, else those of an ordinary one."""
    try:
        old = target.stat()
    except FileNotFoundError:
        temporary.chmod(0o666 & ~_umask())  # mkstemp gives 0600
        return
    new = temporary.stat()
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(PermissionError):  # only root may give a file away
            os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(stat.S_IMODE(old.st_mode))


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
