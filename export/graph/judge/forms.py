"""The two forms of the judge: one row as a model of its own, and a Scan over the rows of a file."""

import onnx
from onnx import TensorProto

from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.judge.row import JudgedRow, JudgeRow
from stillwatch.export.graph.judge.terms import Nodes, Term
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.arrays import LARGEST

__all__ = ["judge_scan", "judge_step_model"]

_KINDS = {"alarm": TensorProto.BOOL, "mark": TensorProto.UINT8}
_DOUBLE, _BOOL = TensorProto.DOUBLE, TensorProto.BOOL


def judge_step_model(
    spec: JudgeSpec, budget: float, *, streams: int | str = 1, silent: bool = False
) -> onnx.ModelProto:
    """Returns one row of the judge as a model: plain nodes, the operators of the package's list.

    Inputs: `row` (C, B) double, the sensor's units; `bad` (1, B) bool, it has
    no number or the network no score; `silent` (1, B) bool, it is to have no
    alarm yet, if asked for; `judge` (S, B) double, zeros to begin with.
    Outputs: `alarm` (1, B) bool, `surprise` (1, B) double, `parts` (C, B),
    `cost` (1, B), `mark` (1, B) uint8, as in runtime/alarms/judged.py, and
    `judge_out`. streams: B, or a name for it.
    """
    rule = JudgeRow(spec, budget)
    graph = Graph()
    given = _row_inputs(graph, rule, streams, ["row", "bad"] + ["silent"] * silent)
    state = graph.input("judge", [len(rule.layout.start), streams], kind=_DOUBLE)
    nodes = Nodes(graph, "judge_")
    begun = rule.begun(nodes, nodes.term(state))
    judged, after = rule.judged(nodes, begun, **{name: nodes.term(name) for name in given})
    _row_outputs(nodes, rule, judged, streams, "")
    nodes.named(after, "judge_out")
    graph.output("judge_out", [len(rule.layout.start), streams], _DOUBLE)
    return graph.model("judge", "stillwatch")


def judge_scan(graph: Graph, rule: JudgeRow, *, scaled_by_row: bool) -> None:
    """Adds the judge of whole series to a graph that has `values`, `scale` and `score`.

    Input: `judge` (S, N) double, zeros to begin with, for which no default is
    given: who forgets to carry it shall hear of it. Outputs: `alarm` (N, T)
    bool, `surprise` (N, T) double, `parts` (N, T, C), `cost` (N, T), `mark`
    (N, T) uint8, and `judge_out`. scaled_by_row: a row whose scale is infinite
    has no score yet, and so no alarm: its values are learnt all the same.
    """
    rows = len(rule.layout.start)
    graph.input("judge", [rows, "judge_batch"], kind=_DOUBLE)
    nodes = Nodes(graph, "judge_")
    graph.node("Unsqueeze", ["score", graph.integers(2)], "judge_score")
    silent = _without_scale(nodes) if scaled_by_row else None
    given = {
        "row": _by_row(nodes.term("values").as_double()),
        "bad": _by_row(_without_number(nodes, silent)),
    }
    if silent is not None:
        given["silent"] = _by_row(silent)
    streams = graph.node("Shape", ["values"], "judge_streams", start=0, end=1)
    wide = graph.concat([graph.integers(rows), streams], "judge_shape")
    carried = nodes.term(graph.node("Expand", ["judge", wide], "judge_wide"))
    begin = rule.begun(nodes, carried)

    body = graph.branch()
    body.input("scan_judge", [rows, "batch"], kind=_DOUBLE)
    _row_inputs(body, rule, "batch", [f"scan_{name}" for name in given])
    inner = Nodes(body, "scan_")
    terms = {name: inner.term(f"scan_{name}") for name in given}
    judged, after = rule.judged(inner, inner.term("scan_judge"), **terms)
    body.output(after.name, [rows, "batch"], _DOUBLE)
    _row_outputs(inner, rule, judged, "batch", "scan_")
    stacked = [f"judge_{name}_rows" for name in JudgedRow._fields]
    inputs = [term.name for term in given.values()]
    graph.scan([begin.name], inputs, body, ["judge_out", *stacked])
    for name, output in zip(JudgedRow._fields, stacked, strict=True):
        turned = graph.node("Transpose", [output], f"judge_{name}_turned", perm=[2, 0, 1])
        if name == "parts":  # TCN -> NTC
            nodes.named(nodes.term(turned), name)
            graph.output(name, ["batch", "time", rule.channels], _DOUBLE)
        else:
            graph.node("Squeeze", [turned, graph.integers(2)], name)
            graph.output(name, ["batch", "time"], _KINDS.get(name, _DOUBLE))
    graph.output("judge_out", [rows, "batch"], _DOUBLE)


def _row_inputs(graph: Graph, rule: JudgeRow, streams: int | str, names: list[str]) -> list[str]:
    """Adds the inputs of a row, the first of them its values; returns their names."""
    first, *conditions = names
    graph.input(first, [rule.channels, streams], kind=_DOUBLE)
    for name in conditions:
        graph.input(name, [1, streams], kind=_BOOL)
    return names


def _row_outputs(
    nodes: Nodes, rule: JudgeRow, judged: JudgedRow, streams: int | str, prefix: str
) -> None:
    for name, term in judged._asdict().items():
        output = nodes.named(term, f"{prefix}{name}")
        height = rule.channels if name == "parts" else 1
        nodes.graph.output(output, [height, streams], _KINDS.get(name, _DOUBLE))


def _by_row(values: Term) -> Term:
    """Returns (T, C, N) of (N, T, C)."""
    output = f"{values.name}_by_row"
    return values.nodes.term(
        values.nodes.graph.node("Transpose", [values.name], output, perm=[1, 2, 0])
    )


def _without_number(nodes: Nodes, silent: Term | None) -> Term:
    """Returns where (N, T, 1) a value is no finite number, or the score, where it is asked for."""
    values, score = (_anywhere(~_finite(nodes.term(name))) for name in ("values", "judge_score"))
    return values | (score if silent is None else score & ~silent)


def _finite(number: Term) -> Term:
    """Returns where it is finite: of an infinite one too, the difference from itself is none."""
    double = number.as_double()
    return (double - double).same(0.0)


def _without_scale(nodes: Nodes) -> Term:
    """Returns where (N, T, 1) the scale is infinite."""
    unknown = _anywhere(nodes.term("scale").as_double() > LARGEST)
    shape = nodes.graph.node("Shape", ["judge_score"], "judge_score_shape")
    return nodes.term(nodes.graph.node("Expand", [unknown.name, shape], "judge_unknown_scale"))


def _anywhere(condition: Term) -> Term:
    """Returns (N, T, 1): whether it holds in any channel of (N, T, C)."""
    return condition.nodes.reached("ReduceSum", condition.as_double(), (2,), keepdims=1) > 0.0
