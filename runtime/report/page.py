"""One self-contained HTML page: pictures inside, nothing fetched; for a phone and for print.

Every page of the project is made of these parts, in light and dark; `page.css` says how they look.
"""

import html
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # an extra's: a page without such pictures wants none

__all__ = ["framed", "page", "paragraph", "picture", "section", "table"]

_STYLE = Path(__file__).with_name("page.css")
_MANY = 7  # columns from which a table is read as a list on a tablet and in print, too
_NARROW = (4.6, 0.9)  # inches wide, and the share of the height, of a picture on a phone
# What a matplotlib picture draws black and white follows the page's ink and paper.
_THEME = {"#000000": "currentColor", "#ffffff": "var(--paper)", "#cccccc": "var(--rule)"}


def framed(part: str, rows: int) -> str:
    """Returns a part of a page by itself, as a notebook shows it; `rows` panels high."""
    style = _STYLE.read_text(encoding="utf-8")
    document = f'<!doctype html><meta charset="utf-8"><style>{style}</style><body>{part}</body>'
    return (
        f'<iframe srcdoc="{html.escape(document)}" sandbox title="a scored series" '
        f'style="width:100%;height:{10 * rows}rem;border:0"></iframe>'
    )


def page(title: str, parts: Sequence[str]) -> str:
    """Returns the page; each part is HTML."""
    style = _STYLE.read_text(encoding="utf-8")
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'  # or a browser asks the server for one
        f"<style>\n{style}</style></head><body>\n<h1>{html.escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def paragraph(text: str, kind: str = "p", css: str = "") -> str:
    """Returns text as a paragraph, or another element; markup in it is escaped."""
    attribute = f' class="{css}"' if css else ""
    return f"<{kind}{attribute}>{html.escape(text)}</{kind}>"


def section(name: str, parts: Sequence[str], css: str = "") -> str:
    """Returns parts as one section; a link to `#name` leads to it."""
    return f'<section id="{html.escape(name)}" class="{css}">\n' + "\n".join(parts) + "\n</section>"


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    is_red: Callable[[str], bool] | None = None,
) -> str:
    """Returns a table; on a narrow screen each row is a list, each cell under its heading.

    is_red: of which cells' text.
    """
    labels = [html.escape(cell) for cell in header]
    head = "".join(f"<th>{label}</th>" for label in labels)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{_red(cell, is_red)} data-label="{label}">{html.escape(cell)}</td>'
            for label, cell in zip(labels, row, strict=True)
        )
        + "</tr>\n"
        for row in rows
    )
    css = ' class="many"' if len(header) >= _MANY else ""
    return f"<table{css}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _red(cell: str, is_red: Callable[[str], bool] | None) -> str:
    return ' class="red"' if is_red is not None and is_red(cell) else ""


def picture(figure: "Figure", caption: str) -> str:
    """Returns a matplotlib figure with its caption, drawn twice: for a desk and for a phone.

    The figure is left with the phone's size.
    """
    wide = _svg(figure, f"{caption}, wide")
    width, share = _NARROW
    figure.set_size_inches(width, share * figure.get_figheight())
    text = html.escape(caption)
    return (
        f'<figure class="plot" role="img" aria-label="{text}"><div class="wide">{wide}</div>'
        f'<div class="narrow">{_svg(figure, f"{caption}, narrow")}</div>'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _svg(figure: "Figure", salt: str) -> str:
    """Returns a figure as SVG in the page's own colours and fonts; `salt` makes its ids its own."""
    import matplotlib as mpl

    content = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(content, format="svg", transparent=True, metadata=nothing)
    drawn = content.getvalue()
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    drawn = re.sub(r'<g id="[\w.]+">', "<g>", drawn)  # groups of one name in every figure
    return re.sub("|".join(_THEME), lambda found: _THEME[found[0]], drawn)
