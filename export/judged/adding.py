"""Adds the judge to a capsule's graph, whatever network is in it."""

import onnx

from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.judge.forms import judge_scan
from stillwatch.export.graph.judge.row import JudgeRow

__all__ = ["add_judge"]

TRAINED = "trained_alarm"


def add_judge(model: onnx.ModelProto, rule: JudgeRow) -> None:
    """Adds the judge of whole series to a detector's graph.

    Its alarm takes the name `alarm`; the network's own, a score above
    `threshold`, is then `trained_alarm`.
    """
    for node in model.graph.node:
        node.output[:] = [TRAINED if name == "alarm" else name for name in node.output]
    for port in model.graph.output:
        if port.name == "alarm":
            port.name = TRAINED
    state = {port.name for port in model.graph.input} & {"h"}
    graph = Graph()
    judge_scan(graph, rule, scaled_by_row=bool(state))
    graph.append_to(model)
