"""The input of a watch: where it goes on, and whether it is the input that was read before."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.watch.options import WatchFiles
from stillwatch.runtime.watch.passage import Passage
from stillwatch.runtime.watch.sources import FileSource, PipeSource, Source, is_regular
from stillwatch.runtime.watch.spool import Spool

__all__ = ["Intake"]

_ID = 16


class Intake:
    """An input, and what a state says of it.

    source: its bytes. last_waits: whether a last line without its end is left
    for the next run, since the input may have grown by then. waiting: whole
    lines that an earlier run has taken from a pipe and not answered.
    """

    def __init__(self, descriptor: int, files: WatchFiles, saved: Mapping[str, Any]) -> None:
        """saved: what `note` told of the same input, or nothing.

        Raises InputError for an input that is not the one of before; KeyError,
        TypeError or ValueError where `saved` is not what `note` tells.
        """
        regular = is_regular(descriptor)
        self.source: Source = FileSource(descriptor) if regular else PipeSource(descriptor)
        self.last_waits = files.state is not None and (regular or files.replay)
        self.waiting = 0
        self._spool: Spool | None = None
        self._name = bytes.fromhex(saved["spool"]) if "spool" in saved else os.urandom(_ID)
        if files.state is None or files.replay:
            self._regular = False  # nothing of it is saved: it begins again
            return
        self._regular = regular
        path = Path(os.path.realpath(files.state) + ".spool")
        if "spool" in saved or not regular:
            self._open_spool(path, descriptor, saved)
        if regular and "file" in saved:
            self._seek(Passage.parse(saved["file"]))

    def note(self, offset: int) -> dict[str, Any]:
        """Returns what a state has to say of the input, as far as it was answered."""
        descriptor = self.source.descriptor
        if self._spool is not None:
            return {"spool": self._name.hex(), "offset": offset, "pipe": _inode(descriptor)}
        if self._regular:
            return {"file": Passage.of(descriptor, offset).as_json()}
        return {}

    def saved(self, offset: int) -> None:
        """Takes note that the state is safe that has the input up to an offset."""
        if self._spool is not None:
            self._spool.saved(offset)

    def close(self, offset: int) -> None:
        """Leaves for the next run what was not answered."""
        if self._spool is not None:
            self._spool.close(offset)

    def _seek(self, before: Passage) -> None:
        descriptor = self.source.descriptor
        source = FileSource(descriptor)
        source.seek(before.length)
        if not before.is_in(descriptor):
            raise InputError(
                f"the input is another file: its first {before.length} bytes are not those that "
                "were read before; give the same one, or another --state"
            )
        self.source = source

    def _open_spool(self, path: Path, descriptor: int, saved: Mapping[str, Any]) -> None:
        offset = saved.get("offset", 0)
        if type(offset) is not int or offset < 0 or len(self._name) != _ID:
            raise ValueError(f"a spool at {offset!r}")
        spool = Spool(path, self._name, descriptor, offset)
        waiting = spool.waiting
        self.waiting = waiting.count(b"\n")
        if saved.get("pipe") != _inode(descriptor):
            # The rest of a line that was begun comes by the same pipe or not at all: whoever sends
            # lines anew begins with a whole one.
            spool.keep(offset, waiting.rfind(b"\n") + 1)
        if self._regular and not self.waiting:
            spool.close(offset)  # the lines come from a file from now on
            return
        self._spool = self.source = spool


def _inode(descriptor: int) -> list[int]:
    about = os.fstat(descriptor)
    return [about.st_dev, about.st_ino]
