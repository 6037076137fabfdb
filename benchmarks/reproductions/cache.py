"""Work that is done once: what came of it is kept in a file, so that a killed run goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from stillwatch.runtime.files import make_folder, write_text

__all__ = ["kept"]

Document = TypeVar("Document")


def kept(path: Path, make: Callable[[], Document]) -> Document:
    """Returns the JSON that is in `path`; where there is none, makes it and puts it there."""
    if path.is_file():
        known: Document = json.loads(path.read_text())
        return known
    make_folder(path.parent)
    made = make()
    write_text(path, json.dumps(made))
    return made
