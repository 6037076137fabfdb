"""Reads of files from strangers: nothing is made of a size that only the file claims."""

import io
import zipfile
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError

__all__ = ["LONGEST_NAME", "MOST_BYTES", "member", "npy_array", "read_file"]

MOST_BYTES = 1 << 30  # of a file, and of what it unpacks to; the published teacher has 4.5 MB
LONGEST_NAME = 256  # of an array or a group


def read_file(path: Path) -> bytes:
    """Returns a file's content; raises CheckpointError where it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise CheckpointError(f"{path} is larger than {MOST_BYTES >> 20} MiB: not an LSTM network")
    return content


def member(archive: zipfile.ZipFile, name: str, most: int = MOST_BYTES) -> bytes:
    """Returns what a member of a zip file really unpacks to, up to `most` bytes."""
    try:
        with archive.open(name) as file:
            content = file.read(most + 1)
    # A member may be damaged, encrypted, or of a compression that this Python lacks.
    except (KeyError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise CheckpointError(f"cannot read {name[:80]!a} in the archive: {error}") from error
    except Exception as error:  # zlib.error and lzma.LZMAError share no base with these
        raise CheckpointError(f"cannot unpack {name[:80]!a}: {type(error).__name__}") from error
    if len(content) > most:
        raise CheckpointError(f"{name[:80]!a} unpacks to more than {most >> 20} MiB")
    return content


def npy_array(content: bytes, name: str) -> AnyArray:
    """Returns the array in the bytes of a .npy file, of numbers alone; raises CheckpointError."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        shape, by_column, dtype = read[version](stream)  # type: ignore[no-untyped-call]
    except (ValueError, KeyError, EOFError, TypeError, SyntaxError) as error:
        raise CheckpointError(f"{name} is no array of NumPy's format 1 or 2") from error
    if dtype.kind not in "fiu" or dtype.hasobject:
        raise CheckpointError(f"{name} holds {dtype}: expected an array of numbers")
    count = 1
    for size in shape:
        count *= size
    left = content[stream.tell() :]
    if count < 0 or len(left) != count * dtype.itemsize:
        raise CheckpointError(
            f"{name} is cut short or damaged: it claims the shape {shape} and has {len(left)} bytes"
        )
    values = np.frombuffer(left, dtype)
    return values.reshape(shape, order="F" if by_column else "C")
