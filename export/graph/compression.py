"""The compression of features, u asinh(x / u), by operators that onnxruntime has vectorised.

Its Asinh calls the C library for each number and takes twice the time of all of these.
"""

import numpy as np

from stillwatch.export.graph.builder import Graph
from stillwatch.runtime.scoring.features import COMPRESSION

__all__ = ["compressed"]


def compressed(graph: Graph, signals: str) -> str:
    """Returns u asinh(x / u) of each number x of `signals`, u the unit of the compression.

        asinh a = log1p(t),  t = a + a^2 / (1 + sqrt(1 + a^2)),  a = |x| / u
        log1p(t) = log w + (t - (w - 1)) / w,  w = 1 + t rounded

    The second term is what rounding takes off 1 + t (Kahan), so that a tiny x keeps its digits:
    within 6 units of the last place everywhere, where Asinh itself is within 4.
    """
    unit = graph.weight("compression", np.array(COMPRESSION))
    one = graph.weight("compression_one", np.array(1.0))

    def node(operator: str, inputs: list[str], what: str) -> str:
        return graph.node(operator, inputs, f"compression_{what}")

    a = node("Abs", [node("Div", [signals, unit], "in_units")], "size")
    square = node("Mul", [a, a], "square")
    root = node("Sqrt", [node("Add", [square, one], "square_and_one")], "root")
    excess = node("Div", [square, node("Add", [root, one], "root_and_one")], "excess")
    t = node("Add", [a, excess], "t")
    w = node("Add", [t, one], "w")
    kept = node("Sub", [w, one], "kept")
    lost = node("Div", [node("Sub", [t, kept], "lost"), w], "lost_of_log")
    asinh = node("Add", [node("Log", [w], "log"), lost], "asinh")
    signed = node("Mul", [asinh, node("Sign", [signals], "sign")], "signed")
    return node("Mul", [signed, unit], "signals")
