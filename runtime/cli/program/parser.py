"""A parser whose refusals say what may have been meant."""

import argparse
import re
from typing import NoReturn

__all__ = ["Parser", "nearest"]

_CHOICE = re.compile(r"invalid choice: '?([^' ]+)'? \(choose from (.*)\)")
_OPTION = re.compile(r"unrecognized arguments: (?:.* )?(--?[\w-]+)")


class Parser(argparse.ArgumentParser):
    """As argparse's; its one line on a wrong call names the nearest word that there is."""

    def error(self, message: str) -> NoReturn:
        """Prints usage and message, and ends the program with status 2."""
        near = None
        if match := _CHOICE.search(message):
            near = nearest(match[1], re.findall(r"[\w-]+", match[2]))
        elif match := _OPTION.search(message):
            near = nearest(match[1], self._option_string_actions)
        super().error(message if near is None else f"{message}; did you mean {near}?")


def nearest(word: str, others: "list[str] | dict[str, argparse.Action]") -> str | None:
    """Returns the word that may have been meant, None where none is near."""
    import difflib  # here, since a call that is right does not ask

    plain = {other.casefold().replace("_", "-"): other for other in others}
    result = difflib.get_close_matches(word.casefold().replace("_", "-"), plain, n=1)
    return plain[result[0]] if result else None
