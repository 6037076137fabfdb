"""The lines that were answered, as one digest: an input that begins again is compared with it."""

import hashlib
from collections.abc import Sequence

from stillwatch.runtime.errors import InputError

__all__ = ["Answered"]


class Answered:
    """How many lines were answered, and a digest that each of them went into."""

    def __init__(self) -> None:
        """No line yet."""
        self.lines = 0
        self.digest = bytes(32)

    def take(self, lines: Sequence[bytes]) -> None:
        """Takes lines in."""
        digest = self.digest
        for line in lines:
            digest = hashlib.sha256(digest + line).digest()
        self.digest = digest
        self.lines += len(lines)

    def skipped(self, lines: Sequence[bytes], upto: int, digest: bytes | None) -> Sequence[bytes]:
        """Returns those lines of an input begun again that come after the first `upto`.

        Raises InputError where the first ones are not those of `digest`; None
        is what older states have.
        """
        before = lines[: max(0, upto - self.lines)]
        self.take(before)
        if before and self.lines == upto and digest not in (None, self.digest):
            raise InputError(
                f"the input is another one: its first {upto} lines are not those that were "
                "answered before; give the same one, or another --state"
            )
        return lines[len(before) :]
