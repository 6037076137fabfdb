"""What may repeat itself in a capsule's graph: rounds of a forecast, rows of a judge or an LSTM.

Both end by themselves: a Loop after as many rounds as the host asks for, a
Scan with the last of the rows that it is given.
"""

from stillwatch.runtime.capsule.wire import Message

__all__ = ["REPEATING", "check_loop", "check_scan"]

REPEATING = ("Loop", "Scan")
_CARRIED = (["judge_out"], ["cells_last"])


def check_loop(node: Message, inputs: list[str], outputs: list[str]) -> None:
    """Raises ValueError unless a Loop runs as many rounds as the host asks for, and goes on.

    inputs, outputs: the names of its body's.
    """
    rounds, going, *carried = node["input"]
    _want(rounds == "horizon", "a Loop of horizon rounds", rounds)
    _want(going == "always", "a Loop that goes on", going)
    _want(len(inputs) == 2 + len(carried), "a Loop that carries what it is given", inputs)
    passed = [
        inner["output"]
        for inner in _body(node)["node"]
        if inner.get("operator") == "Identity" and inner["input"] == inputs[1:2]
    ]
    _want(bool(outputs) and outputs[:1] in passed, "a Loop that goes on", outputs)


def check_scan(node: Message, inputs: list[str], outputs: list[str]) -> None:
    """Raises ValueError unless a Scan carries one state over rows of the first axis.

    The judge's, or an LSTM's cells.

    inputs, outputs: the names of its body's. Axes and directions have no
    attributes, which operators.py sees to.
    """
    said = {a.get("name"): a.get("i") for a in node["attribute"]}
    rows = said.get("num_scan_inputs")
    _want(rows == len(node["input"]) - 1, "a Scan that carries one state", rows)
    _want(node["output"][:1] in _CARRIED, "a Scan of the judge or of cells", node["output"][:1])
    _want(len(inputs) == len(node["input"]), "a Scan that reads what it is given", inputs)
    _want(len(outputs) == len(node["output"]), "a Scan that gives what its body does", outputs)
    _want(all(node["output"]) and all(node["input"]), "a Scan without gaps", node["output"])


def _body(node: Message) -> Message:
    """Returns the graph that is repeated."""
    body: Message
    (body,) = (a["g"] for a in node["attribute"] if a.get("name") == "body")
    return body


def _want(fits: bool, expected: str, got: object) -> None:
    if not fits:
        raise ValueError(f"expected {expected}, got {ascii(got)[:80]}")
