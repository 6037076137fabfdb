"""One step of the one-unit LSTM, written with its streams on the vector axis.

The operator LSTM costs the same for each of many streams; the same cell as
elementwise operators over all of them costs a fraction, and a single stream
skips all that cutting a series into windows takes. With one unit the sums
have the same order in both, so the answers are equal to the last bit; with
more they are not, and the operator serves alone. Layout: (1, 4, N) for the
gates, (1, 1, N) for the rest, streams last. Source of the equations: the
operator LSTM of the ONNX standard, gates i, o, f, c.
"""

from stillwatch.export.graph.builder import Graph

__all__ = ["lstm_step"]


def lstm_step(graph: Graph, scaled: str) -> str:
    """Returns the next h (1, 1, N) of values `scaled` (N, 1, 1) and the inputs h and c (1, N, 1).

    Reads "lstm_W", "lstm_R" and "lstm_B", as the operator does; adds
    "step_h_out" and "step_c_out", (1, N, 1).
    """
    halves = graph.nodes("Split", ["lstm_B"], ["step_input_bias", "step_state_bias"], axis=1)
    total = graph.node("Add", list(halves), "step_bias_sum")
    bias = graph.node("Unsqueeze", [total, graph.integers(2)], "step_bias")
    x, h, c = (
        graph.node("Reshape", [name, graph.integers(1, 1, -1)], f"step_{name}")
        for name in (scaled, "h", "c")
    )
    # In the operator's own order: one Gemm over x and h together would round once less.
    driven = graph.node("Mul", ["lstm_W", x], "step_driven")
    both = graph.node(
        "Add", [driven, graph.node("Mul", ["lstm_R", h], "step_carried")], "step_both"
    )
    gates = graph.node("Add", [both, bias], "step_gates")
    switches, candidate = graph.nodes(
        "Split", [gates, graph.integers(3, 1)], ["step_switches", "step_candidate"], axis=1
    )
    opened = graph.node("Sigmoid", [switches], "step_opened")
    i, o, f = graph.nodes("Split", [opened], ["step_i", "step_o", "step_f"], axis=1)
    candidate = graph.node("Tanh", [candidate], "step_candidate_tanh")
    kept = graph.node("Mul", [f, c], "step_kept")
    added = graph.node("Mul", [i, candidate], "step_added")
    next_c = graph.node("Add", [kept, added], "step_next_c")
    next_h = graph.node("Mul", [o, graph.node("Tanh", [next_c], "step_c_tanh")], "step_next_h")
    for state, value in (("h", next_h), ("c", next_c)):
        graph.node("Reshape", [value, graph.integers(1, -1, 1)], f"step_{state}_out")
    return next_h
