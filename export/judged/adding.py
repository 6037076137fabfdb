"""Adds the judge to a capsule, whatever network is in it: the whole detector is then one graph."""

import dataclasses
from dataclasses import dataclass

import onnx

from stillwatch.export.capsule.seal import seal_model
from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.judge.forms import judge_scan
from stillwatch.export.graph.judge.row import JudgeRow
from stillwatch.export.judged.golden_judge import golden_judge
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.policies.rule import rate_in
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.capsule.info import TRAINED_ALARM, CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["Normal", "with_judge"]


@dataclass(frozen=True)
class Normal:
    """Normal rows (T, C), the sensor's units, and the seconds from one to the next."""

    rows: Float64
    period: float


def with_judge(content: bytes, name: str, budget: str, normal: Normal | None = None) -> bytes:
    """Returns a detector's capsule with the judge in its graph.

    budget: as 5/week. normal: what to fit a judge to; None for the capsule's
    own. Raises InputError where neither is there, and CapsuleError.
    """
    _, info = opening.open_session(content, name)
    if info.graph_judge is not None:
        raise InputError(f"{name} has the judge in its graph already: give what it was made of")
    rate = rate_in(budget.replace(" ", ""))
    if rate is None or rate.period is not None:
        raise InputError(f"expected a budget as 5/week, 1/day or 2/month, got {budget!r}")
    spec = _spec(info, name, normal)
    model = onnx.load_from_string(content)
    _name_apart(model.graph)
    graph = Graph()
    judge_scan(graph, JudgeRow(spec, rate.weekly), scaled_by_row=info.state > 0)
    graph.append_to(model)
    judged = golden_judge(spec, budget.replace(" ", ""), rate.weekly)
    return seal_model(model, dataclasses.replace(info, judge=spec, graph_judge=judged))


def _spec(info: CapsuleInfo, name: str, normal: Normal | None) -> JudgeSpec:
    if normal is not None:
        if normal.rows.shape[1] != len(info.channels):
            raise InputError(
                f"expected normal rows of {len(info.channels)} channels, got {normal.rows.shape}"
            )
        return fit_judge(normal.rows, normal.period)
    if info.judge is None:
        raise InputError(
            f"{name} has no judge: give normal rows to fit one to, as in --normal NORMAL.csv "
            "--period 60s"
        )
    return info.judge


def _name_apart(graph: onnx.GraphProto) -> None:
    """Names the network's own alarm, a score above the threshold, so that `alarm` is the judge's.

    In branches it has another name: it is an output of the If.
    """
    for node in graph.node:
        node.output[:] = [TRAINED_ALARM if name == "alarm" else name for name in node.output]
        node.name = TRAINED_ALARM if node.name == "alarm" else node.name
    for port in graph.output:
        if port.name == "alarm":
            port.name = TRAINED_ALARM
