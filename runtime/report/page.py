"""One self-contained HTML page: pictures inside, nothing fetched; for a phone and for print."""

import base64
import html
import io
from collections.abc import Sequence

from matplotlib.figure import Figure

__all__ = ["page", "paragraph", "picture", "table"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff;
       max-width: 60rem; margin: auto; padding: 1rem; }
h1, h2 { line-height: 1.2; }
figure { margin: 1.5rem 0; } figure img { width: 100%; height: auto; }
figcaption, footer { color: #555; font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; }
td { white-space: nowrap; }
.warning { background: #fff3cd; border: 2px solid #E69F00; padding: .6rem 1rem; font-weight: bold; }
code { background: #f3f3f3; padding: .1rem .3rem; overflow-wrap: anywhere; }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
"""


def page(title: str, parts: Sequence[str]) -> str:
    """Returns the page; each part is HTML."""
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>\n<h1>{html.escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def paragraph(text: str, kind: str = "p", css: str = "") -> str:
    """Returns text as a paragraph, or another element; markup in it is escaped."""
    attribute = f' class="{css}"' if css else ""
    return f"<{kind}{attribute}>{html.escape(text)}</{kind}>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table that scrolls sideways on a narrow screen."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in rows
    )
    inside = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table>{inside}</table></div>'


def picture(figure: Figure, caption: str) -> str:
    """Returns a figure with its caption, the picture inside the page."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=130)
    data = base64.b64encode(content.getvalue()).decode()
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )
