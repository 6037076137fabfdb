"""Whether the judge in the graph raises the alarms of the runtime's, on whole real series."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stillwatch.benchmarks.reproductions.judge.document import Series
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.judged.adding import Normal, with_judge
from stillwatch.runtime.alarms.judged import BEGINS, Judged
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import CapsuleError
from stillwatch.train.data.sets.nab import RDS_TEST, RDS_TRAIN, load_nab
from stillwatch.train.data.sets.smd import load_smd

__all__ = ["BUDGET", "agreement"]

BUDGET = "5/week"
MACHINES = ("1-7", "2-1", "2-7", "3-3")
_FIRST = 600  # rows of a NAB series that a judge is fitted to: 15 %
_CALL = 2000  # rows a call, which carry the state


@dataclass(frozen=True)
class _Case:
    name: str
    capsule: bytes
    values: Float64  # (T, C)


def agreement() -> list[Series]:
    """Returns a row for each series: alarms, and how many of them differ."""
    return [_compared(case) for case in _cases()]


def _cases() -> Iterator[_Case]:
    online = opening.read_bytes("nab-rds-online")
    for name in (RDS_TRAIN, RDS_TEST):
        values = load_nab(name).values[:, None]
        normal = Normal(values[:_FIRST], 300.0)
        yield _Case(name, with_judge(online, "nab-rds-online", BUDGET, normal), values)
    micro = opening.read_bytes("smd-micro")
    for name in MACHINES:
        machine = load_smd(name)
        channels = [f"channel_{number}" for number in range(machine.train.shape[1])]
        options = CalibrationOptions(channels=channels, period=60.0)
        mine = calibrate(micro, "smd-micro", machine.train, options).content
        yield _Case(f"SMD {name}", with_judge(mine, "smd-micro", BUDGET), machine.test)


def _compared(case: _Case) -> Series:
    detector = Detector.from_bytes(case.capsule, case.name)
    single = case.values.astype(np.float32).astype(np.float64)
    by_runtime = detector.score(case.values).judged
    same = detector.score(single).judged
    by_graph = _by_graph(detector, case.values)
    if by_runtime is None or same is None:
        raise CapsuleError("expected a capsule whose default is a budget")
    off = np.abs(by_graph.surprise - same.surprise)
    return Series(
        series=case.name,
        rows=len(case.values),
        channels=case.values.shape[1],
        alarms=int(by_runtime.alarm.sum()),
        events=int((by_runtime.mark & BEGINS > 0).sum()),
        alarms_differ=int((by_graph.alarm != by_runtime.alarm).sum()),
        same_alarms_differ=int((by_graph.alarm != same.alarm).sum()),
        same_marks_differ=int((by_graph.mark != same.mark).sum()),
        same_largest=float(np.nanmax(off)),
    )


def _by_graph(detector: Detector, values: Float64) -> Judged:
    """Returns what the graph says of a series, in calls as a host that knows no more makes them.

    Rows that only fill a history are fed an infinite scale.
    """
    info, session = detector.info, detector.session
    if info.graph_judge is None:
        raise CapsuleError("expected a capsule with the judge in its graph")
    state = np.zeros((len(info.graph_judge.state), 1))
    parts = []
    window = _CALL // info.window * info.window if info.state else len(values)
    for start in range(0, len(values), window):
        part = values[None, start : start + window]
        feeds: dict[str, AnyArray] = {"values": part.astype(np.float32), "judge": state}
        history = info.scaling.history
        if history:
            silent = np.arange(start, start + part.shape[1]) < history
            scale = np.where(silent, np.inf, info.scale[0])[None, :, None]
            feeds["scale"] = scale.astype(np.float32)
        *answers, state = session.run([*Judged._fields, "judge_out"], feeds)
        parts.append(Judged(**dict(zip(Judged._fields, answers, strict=True))))
    return Judged.joined(parts).of_stream(0)
