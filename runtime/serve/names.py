"""Names of models, streams and keys: what fits into a path of a URL and a column of a table."""

import re

from stillwatch.runtime.errors import InputError

__all__ = ["check_name"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}", re.ASCII)


def check_name(name: str, what: str) -> str:
    """Returns the name; raises InputError for one that is none."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"expected {what} of letters, digits and . _ : @ + -, at most 200, got {name[:80]!r}"
        )
    return name
