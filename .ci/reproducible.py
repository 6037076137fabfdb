"""Build backend: setuptools, whose source distribution is the same to the byte wherever it is made.

setuptools honours SOURCE_DATE_EPOCH in wheels only. A source distribution keeps the times, owners
and modes of the files that it was made from, and gzip the time when; so it is packed anew without.
"""

import gzip
import io
import os
import tarfile
from pathlib import Path
from typing import Any

from setuptools.build_meta import *  # noqa: F403  every other hook as it is
from setuptools.build_meta import build_sdist as _build_sdist

__all__ = ["build_sdist"]

_SOURCE = Path(__file__).resolve()


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    """Returns the name of a .tar.gz in the folder: setuptools', and this file, which builds it."""
    name = _build_sdist(sdist_directory, config_settings)
    path = Path(sdist_directory, name)
    root = name.removesuffix(".tar.gz")
    with tarfile.open(path) as packed:
        files = {m.name: packed.extractfile(m).read() for m in packed if m.isfile()}  # type: ignore[union-attr]
    files[f"{root}/.ci/{_SOURCE.name}"] = _SOURCE.read_bytes()
    when = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member in sorted(files):
            entry = tarfile.TarInfo(member)
            entry.size, entry.mtime, entry.mode = len(files[member]), when, 0o644
            tar.addfile(entry, io.BytesIO(files[member]))
    path.write_bytes(gzip.compress(whole.getvalue(), mtime=when))
    return name
