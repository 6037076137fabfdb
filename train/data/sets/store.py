r"""One store for the public data sets: every byte is upstream's, or it is refused.

Each data set is pinned to a commit, and each of its files to the id that git
gives it there: sha1("blob <size>\0" + bytes). The lists are in ett.tsv,
nab.tsv and smd.tsv beside this file. A file is looked for in the folder that
STILLWATCH_DATA names, else in the cache, else downloaded into it.
"""

import hashlib
import logging
import os
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from stillwatch.runtime.errors import DataError

__all__ = ["DATA_SETS", "DataSet", "Store", "git_blob_id"]

_TIMEOUT = 60  # seconds without a byte from the server
_LARGEST = 2**26  # bytes; upstream's largest file has a third of that


@dataclass(frozen=True)
class DataSet:
    """A public data set at a pinned commit.

    local: the folder below STILLWATCH_DATA that holds upstream's layout.
    """

    name: str
    repository: str
    commit: str
    local: str

    @property
    def base_url(self) -> str:
        """Where upstream's files of the pinned commit are served."""
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/"

    @cached_property
    def blob_ids(self) -> dict[str, str]:
        """The git blob id of every file, by upstream's path."""
        text = (resources.files("stillwatch.train.data.sets") / f"{self.name}.tsv").read_text()
        rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
        return {path: blob_id for blob_id, path in rows}


DATA_SETS = {
    "ett": DataSet(
        "ett",
        "zhouhaoyi/ETDataset",
        "1d16c8f4f943005d613b5bc962e9eeb06058cf07",
        "ETDataset",
    ),
    "nab": DataSet("nab", "numenta/NAB", "ea702d75cc2258d9d7dd35ca8e5e2539d71f3140", "NAB"),
    "smd": DataSet(
        "smd", "NetManAIOps/OmniAnomaly", "7fb0e0acf89ea49908896bcc9f9e80fcfff6baf4", "."
    ),
}


def git_blob_id(content: bytes) -> str:
    """Returns the id that git gives a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class Store:
    """The files of one data set.

    base_url, local, cache: in place of upstream's address, of STILLWATCH_DATA
    and of the user's cache folder.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        local: str | Path | None = None,
        cache: str | Path | None = None,
    ) -> None:
        """Raises DataError where there is no data set of that name."""
        if name not in DATA_SETS:
            raise DataError(f"expected a data set of {sorted(DATA_SETS)}, got {name!r}")
        self.data_set = DATA_SETS[name]
        local = local or os.environ.get("STILLWATCH_DATA")
        self._local = Path(local) / self.data_set.local if local else None
        self._base_url = base_url or self.data_set.base_url
        root = Path(cache) if cache else Path(pooch.os_cache("stillwatch"))
        self._cache = root / name / self.data_set.commit

    def read(self, path: str) -> bytes:
        """Returns the content of upstream's file `path`, verified; downloads it where needed.

        Raises DataError where it cannot be had or is not upstream's.
        """
        if path not in self.data_set.blob_ids:
            raise DataError(f"{self.data_set.repository} has no file {path!r}")
        if self._local is not None:
            source = self._local / path
            if not source.is_file():
                raise DataError(
                    f"STILLWATCH_DATA has no {source}; fetch a copy with "
                    f"'stillwatch data fetch {self.data_set.name}' and STILLWATCH_DATA unset"
                )
        else:
            source = self._cache / path
            if source.is_dir():
                raise DataError(f"{source} is a folder: expected upstream's file; take it away")
            if not source.is_file():
                self._download(path)
        content = source.read_bytes()
        self._verify(path, content, source)
        return content

    def fetch(self) -> Path:
        """Brings every file into the store, with a progress bar, and returns its folder.

        A local copy is verified; it may lack files, which are counted.
        """
        missing = []
        bar = tqdm(sorted(self.data_set.blob_ids), unit="file", desc=self.data_set.name)
        for path in bar:
            if self._local is not None and not (self._local / path).is_file():
                missing.append(path)
                continue
            self.read(path)
        bar.close()
        if missing and len(missing) == len(self.data_set.blob_ids):
            raise DataError(f"{self._local} holds none of {self.data_set.name}'s files")
        if missing:
            print(f"{len(missing)} files are not in this copy, {missing[0]} the first of them")
        return self._local or self._cache

    def _download(self, path: str) -> None:
        url = self._base_url + path

        def fetch(address: str, output_file: str, _pooch: object) -> None:
            content = _body(address)
            self._verify(path, content, address)  # before pooch gives it its name
            Path(output_file).write_bytes(content)

        target = self._cache / path
        pooch.get_logger().setLevel(logging.WARNING)  # the progress bar says it already
        try:
            pooch.retrieve(
                url, known_hash=None, path=target.parent, fname=target.name, downloader=fetch
            )
        except (requests.RequestException, OSError) as error:
            raise DataError(
                f"cannot download {url} ({type(error).__name__}); set STILLWATCH_DATA to a folder "
                f"with a copy of {self.data_set.repository}, or try again with a network"
            ) from error

    def _verify(self, path: str, content: bytes, source: object) -> None:
        expected, result = self.data_set.blob_ids[path], git_blob_id(content)
        if result != expected:
            raise DataError(
                f"{source} is not upstream's file: expected git blob {expected}, got {result}; "
                "delete it and fetch it again"
            )


def _body(address: str) -> bytes:
    """Returns what a server answers; raises DataError where it is more than any file of upstream's.

    Counted as it comes: what a server says of the length may be wrong.
    """
    content = bytearray()
    with requests.get(address, timeout=_TIMEOUT, stream=True) as response:
        response.raise_for_status()
        for part in response.iter_content(2**16):
            content += part
            if len(content) > _LARGEST:
                raise DataError(
                    f"{address} is not upstream's file: it has more than {_LARGEST} bytes"
                )
    return bytes(content)
