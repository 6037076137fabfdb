"""Where the commands are: entry points of the group `stillwatch.commands`, a table each.

This distribution's own are read from its own metadata. Those of other
packages are looked for only where its own do not answer, since it takes the
metadata of everything that is installed.
"""

import sys
from importlib import metadata

from stillwatch.runtime.cli.command import Command

__all__ = ["GROUP", "other_commands", "own_commands"]

GROUP = "stillwatch.commands"
_OWN = "stillwatch"


def own_commands() -> list[Command]:
    """Returns the commands of this distribution, by the names of their entry points.

    The names begin with the floor of the folder, so that the lowest comes first.
    """
    points = metadata.distribution(_OWN).entry_points.select(group=GROUP)
    return [command for name in sorted(points.names) for command in points[name].load()]


def other_commands() -> list[Command]:
    """Returns the commands that other packages add; of one that cannot be read, a line says so."""
    commands: list[Command] = []
    for point in metadata.entry_points(group=GROUP):
        if point.dist is not None and point.dist.name == _OWN:
            continue
        try:
            commands += _checked(point.load())
        except Exception as error:  # whatever a stranger's module does, ours go on
            print(f"stillwatch: left out the commands of {point.value}: {error}", file=sys.stderr)
    return commands


def _checked(table: object) -> list[Command]:
    rows = list(table) if isinstance(table, list | tuple) else [table]
    commands = [row for row in rows if isinstance(row, Command)]
    if len(commands) < len(rows):
        raise TypeError(f"expected {Command.__module__}.Command in a list or tuple")
    return commands
