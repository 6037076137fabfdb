"""A strip a channel: how much each contributed to the score, over time, as a small PNG.

One colour whose opacity is the share, so that it reads on light paper and on dark.
"""

import base64
import html
import struct
import zlib
from collections.abc import Sequence

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.report.decimation import strongest

__all__ = ["strip"]

_COLUMNS = 500
_COLOUR = (213, 94, 0)  # Okabe and Ito's vermillion
_ROW = 0.95  # rem


def strip(parts: AnyArray, names: Sequence[str], title: str) -> str:
    """Returns the strips of parts (T, C), not negative, the strongest part of all opaque."""
    shown = np.sqrt(strongest(parts, _COLUMNS))  # the weak ones can be seen, too
    largest = float(shown.max()) or 1.0
    picture = base64.b64encode(_png(np.round(255 * shown / largest).astype(np.uint8))).decode()
    labels = "".join(
        f'<span style="top:{100 * (row + 0.5) / len(names):.2f}%" title="{html.escape(name)}">'
        f"{html.escape(name)}</span>"
        for row, name in enumerate(names)
    )
    text = html.escape(title)
    height = max(3.0, _ROW * len(names))
    return (
        f'<div class="panel" role="img" aria-label="{text}"><h4>{text}</h4>'
        f'<div class="axis">{labels}</div><div class="area" style="height:{height:.2f}rem">'
        f'<img alt="" src="data:image/png;base64,{picture}"></div></div>'
    )


def _png(opacity: AnyArray) -> bytes:
    """Returns an RGBA picture of one colour, (H, W) its opacity from 0 to 255."""
    height, width = opacity.shape
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., :3] = _COLOUR
    pixels[..., 3] = opacity
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)  # 0: no filter
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)  # 8 bits a channel, RGBA
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
