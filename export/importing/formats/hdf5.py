"""An HDF5 file as plain numbers by path: no links out of it, no objects, no claims believed."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from stillwatch.export.importing.bounded import LONGEST_NAME, MOST_BYTES
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError, ExtraError, first_line

__all__ = ["Hdf5", "open_hdf5"]

_MOST_TEXT = 1 << 24
_MOST_ENTRIES = 4096
_DEEPEST = 16


class Hdf5:
    """An open file. Whatever cannot be read is CheckpointError."""

    def __init__(self, file: Any, library: Any, name: str) -> None:
        """file: h5py's own; library: the module h5py."""
        self._file = file
        self._library = library
        self._name = name
        self._left = MOST_BYTES

    def children(self, group: str) -> list[str]:
        """Returns the names of groups directly in a group, in the order of the file."""
        return [key for key, kind in self._entries(group) if kind is self._library.Group]

    def arrays(self, group: str) -> dict[str, AnyArray]:
        """Returns every array below a group by its path, those of Keras' `vars` in their order."""
        return dict(self._arrays(group, 0))

    def text_attribute(self, key: str) -> str | None:
        """Returns an attribute of the root that is a text, or None where there is none."""
        try:
            if key not in self._file.attrs:
                return None
            # Its length is asked before it is read: a text of any length can be claimed.
            size = self._file.attrs.get_id(key).get_storage_size()
            value = self._file.attrs[key] if size <= _MOST_TEXT else None
        except Exception as error:  # h5py's errors share no base
            raise self._damaged(error) from error
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        if not isinstance(text, str) or len(text) > _MOST_TEXT:
            raise CheckpointError(f"{self._name}: expected {key} as a text")
        return text

    def _entries(self, group: str) -> list[tuple[str, Any]]:
        """Returns names and kinds in a group; refuses links, which may lead out of the file."""
        try:
            node = self._file[group] if group else self._file
            names = list(node)
            if len(names) > _MOST_ENTRIES:
                raise CheckpointError(f"{self._name} has {len(names)} entries in {group[:80]!a}")
            result = []
            for key in names:
                if len(key) > LONGEST_NAME:
                    raise CheckpointError(f"{self._name} has a name of {len(key)} characters")
                link = node.get(key, getlink=True)
                if not isinstance(link, self._library.HardLink):
                    raise CheckpointError(
                        f"{self._name} has a link {key[:80]!a} in {group[:80]!a}: "
                        "expected weights in it"
                    )
                result.append((key, node.get(key, getclass=True)))
        except CheckpointError:
            raise
        except Exception as error:  # h5py's errors share no base
            raise self._damaged(error) from error
        return result

    def _arrays(self, group: str, depth: int) -> Iterator[tuple[str, AnyArray]]:
        if depth > _DEEPEST:
            raise CheckpointError(f"{self._name} nests deeper than {_DEEPEST} groups")
        for key, kind in self._entries(group):
            path = f"{group}/{key}"
            if kind is self._library.Group:
                yield from self._arrays(path, depth + 1)
            elif kind is self._library.Dataset:
                yield path, self._array(path)

    def _array(self, path: str) -> AnyArray:
        try:
            data = self._file[path]
            outside = data.external is not None or data.is_virtual
            plain = data.dtype.kind in "fiu" and not outside and data.shape is not None
            if not plain:
                raise CheckpointError(
                    f"{self._name}: {path[:120]!a} holds {data.dtype}"
                    f"{', kept in another file' if outside else ''}: expected numbers"
                )
            if data.nbytes > self._left:
                raise CheckpointError(f"{self._name} claims more than {MOST_BYTES >> 20} MiB")
            self._left -= data.nbytes
            return np.asarray(data[()])
        except CheckpointError:
            raise
        except Exception as error:  # h5py's errors share no base
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> CheckpointError:
        return CheckpointError(f"{self._name} is damaged: {first_line(error)[:120]}")


@contextmanager
def open_hdf5(content: bytes, name: str) -> Iterator[Hdf5]:
    """Opens the bytes of an HDF5 file; raises CheckpointError, ExtraError without h5py."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise ExtraError(
            f"{name} is a Keras file, which h5py reads: pip install 'stillwatch[import]'"
        ) from error
    try:
        file = h5py.File(io.BytesIO(content), "r")
    except Exception as error:  # h5py's errors share no base
        raise CheckpointError(f"{name} is no HDF5 file: {first_line(error)[:120]}") from error
    with file:
        yield Hdf5(file, h5py, name)
