"""One command of the program, as a folder's table of commands names it."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Command", "find"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is typed, the module that answers, and a line of help; nothing is imported for it.

    words: one or two, as typed after `stillwatch`. A second word that begins
    with dashes is an option of the first, which is this command where that
    option is given. module: has `add_arguments(parser)` and `run(arguments)`,
    which returns the exit status; None for a first word that only leads to
    others. extra: what of `package` must be installed for it, None for the
    base installation.
    """

    words: str
    help: str
    module: str | None = None
    extra: str | None = None
    package: str = "stillwatch"

    @property
    def first(self) -> str:
        """The word by which the program lists it."""
        return self.words.split()[0]

    @property
    def second(self) -> str | None:
        """The other word, where there is one."""
        return next(iter(self.words.split()[1:]), None)

    def is_called_by(self, typed: Sequence[str]) -> bool:
        """Whether words that were typed call this command, or one that says more."""
        if not typed or typed[0] != self.first:
            return False
        if self.second is None:
            return True
        if self.second.startswith("--"):
            return self.second in (word.partition("=")[0] for word in typed[1:])
        return typed[1:2] == [self.second]

    def arguments_of(self, typed: Sequence[str]) -> list[str]:
        """Returns the words that are left for the command itself; an option is left in place."""
        option = self.second is None or self.second.startswith("--")
        return list(typed[1:] if option else typed[2:])


def find(table: Sequence[Command], typed: Sequence[str]) -> Command | None:
    """Returns the command that was called: the one that says most, of equals the last in the table.

    A table begins with the lowest folder, so that a higher one has the last word.
    """
    called = [command for command in reversed(table) if command.is_called_by(typed)]
    return max(called, key=lambda command: len(command.words.split()), default=None)
