"""The bytes of a file, read once: unpacked, and known for what they are if they are no text."""

import importlib
import sys
from pathlib import Path

from stillwatch.runtime.errors import InputError

__all__ = ["is_arrow", "read_source", "source_name"]

# How packed content begins, and the module of the standard library that unpacks it.
_PACKED = ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ\x00", "lzma"), (b"BZh", "bz2"))
_ZSTD = b"\x28\xb5\x2f\xfd"
_ARROW = (b"PAR1", b"ARROW1", b"FEA1")
# What people hand over that is not a table of text, and what they can do about it.
_OTHERS = (
    (b"PK\x03\x04", "a workbook or a zip archive: save the sheet as CSV, or unpack the file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"\x89HDF", "an HDF5 file: write its table as CSV or Parquet"),
    (b"\x93NUMPY", "a NumPy array: write it with numpy.savetxt(..., delimiter=',')"),
    (b"SQLite format 3", "an SQLite data base: write its table as CSV"),
    (b"%PDF", "a PDF document: export the table as CSV"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it"),
)


def source_name(path: str | Path) -> str:
    """Returns what messages call a source: its path, or "standard input" for `-`."""
    return "standard input" if str(path) == "-" else str(path)


def read_source(path: str | Path) -> bytes:
    """Returns a file's content, unpacked where it is compressed (gzip, xz, bzip2, Zstandard).

    `-` is standard input. Everything is read once, from its beginning to its
    end, so that pipes serve as files do. Raises InputError.
    """
    name = source_name(path)
    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror or error}") from error
    content = _unpacked(content, name)
    for beginning, remedy in _OTHERS:
        if content.startswith(beginning):
            raise InputError(f"{name} is not a table of text, it is {remedy}")
    return content


def is_arrow(content: bytes) -> bool:
    """Whether this is a Parquet, Feather or Arrow file."""
    return content.startswith(_ARROW)


def _unpacked(content: bytes, name: str) -> bytes:
    if content.startswith(_ZSTD):
        return _unpacked_zstd(content, name)
    module = next((module for mark, module in _PACKED if content.startswith(mark)), None)
    if module is None:
        return content
    try:
        library = importlib.import_module(module)  # some builds of Python lack one of them
    except ModuleNotFoundError as error:
        raise InputError(
            f"{name} is compressed, and this Python has no {module}: unpack it beforehand"
        ) from error
    try:
        unpacked: bytes = library.decompress(content)
    except Exception as error:  # each library has errors of its own
        raise InputError(
            f"{name} is compressed, and damaged or cut short ({error}): copy it anew"
        ) from error
    return unpacked


def _unpacked_zstd(content: bytes, name: str) -> bytes:
    """Returns what Python 3.14 or a package that is there makes of Zstandard."""
    for module in ("compression.zstd", "backports.zstd", "zstandard", "pyarrow"):
        try:
            library = importlib.import_module(module)
        except ModuleNotFoundError:
            continue
        try:
            unpacked: bytes
            if module == "pyarrow":
                unpacked = library.CompressedInputStream(
                    library.BufferReader(content), "zstd"
                ).read()
            elif module == "zstandard":
                unpacked = library.ZstdDecompressor().decompressobj().decompress(content)
            else:
                unpacked = library.decompress(content)
        except Exception as error:  # each library has errors of its own
            raise InputError(
                f"{name} is compressed, and damaged or cut short ({error}): copy it anew"
            ) from error
        return unpacked
    raise InputError(
        f"{name} is compressed with Zstandard, which this Python cannot unpack: "
        "pip install zstandard, or unpack it with 'zstd -d'"
    )
