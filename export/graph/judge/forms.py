"""The two forms of the judge: one row as a model of its own, and a Scan over the rows of a file."""

import onnx
from onnx import TensorProto

from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.judge.row import JudgeRow
from stillwatch.export.graph.judge.terms import Nodes
from stillwatch.runtime.alarms.judge.spec import JudgeSpec

__all__ = ["judge_step_model"]

_DOUBLE, _BOOL, _UINT8 = TensorProto.DOUBLE, TensorProto.BOOL, TensorProto.UINT8


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
    rows = len(rule.layout.start)
    graph = Graph()
    graph.input("row", [rule.channels, streams], kind=_DOUBLE)
    graph.input("bad", [1, streams], kind=_BOOL)
    if silent:
        graph.input("silent", [1, streams], kind=_BOOL)
    graph.input("judge", [rows, streams], kind=_DOUBLE)
    nodes = Nodes(graph, "judge_")
    state = rule.begun(nodes, nodes.term("judge"))
    judged, after = rule.judged(
        nodes,
        state,
        nodes.term("row"),
        nodes.term("bad"),
        nodes.term("silent") if silent else None,
    )
    for name, term in judged._asdict().items():
        nodes.named(term, name)
        height = rule.channels if name == "parts" else 1
        graph.output(name, [height, streams], _KINDS.get(name, _DOUBLE))
    nodes.named(after, "judge_out")
    graph.output("judge_out", [rows, streams], _DOUBLE)
    return graph.model("judge", "stillwatch")


_KINDS = {"alarm": _BOOL, "mark": _UINT8}
