"""Okabe and Ito's colours, which colour-blind readers tell apart; markers differ as well."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl

__all__ = ["BLACK", "BLUE", "GREEN", "GREY", "ORANGE", "PINK", "RED", "SKY", "styles"]

mpl.use("Agg")  # pictures go into files, whatever the machine has for a screen

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"
SKY, PINK, BLACK = "#56B4E9", "#CC79A7", "#000000"

_COLOURS = (BLUE, ORANGE, GREEN, RED, PINK, SKY, BLACK, GREY)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<")


def styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Returns a colour and a marker for each name; no two have both alike."""
    pairs = zip(sorted(names), cycle(_COLOURS), cycle(_MARKERS), strict=False)
    return {name: {"color": colour, "marker": marker} for name, colour, marker in pairs}
