"""For the site alone, which has no source: a link from a page to a source file becomes its path."""

import re

_LINK = re.compile(r"\[[^\]\n]+\]\(\.\./(?!docs/)([^)\s]+)\)")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Markdown whose links that leave docs/ are paths: read in the repository, they lead there."""
    return _LINK.sub(r"`\1`", markdown)
