"""What a row through the judge costs: in the graph, by NumPy, and beside the network's step.

Processor time of the one thread that works: on a busy machine it is steadier
than the clock on the wall. The ways take turns, and the median of their turns is taken.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import onnxruntime

from stillwatch.benchmarks.reproductions.judge.agreement import BUDGET
from stillwatch.benchmarks.reproductions.judge.document import Cost
from stillwatch.export.graph.judge.forms import judge_step_model
from stillwatch.export.judged.adding import Normal, with_judge
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule import opening

__all__ = ["STREAMS", "costs"]

STREAMS = (1, 10, 100, 10_000)
_TURNS = 9
_BUDGET = float(BUDGET.split("/")[0])
_CHANNELS = 38
_PERIOD = {1: 300.0, _CHANNELS: 60.0}

Way = Callable[[], None]


def costs() -> list[Cost]:
    """Returns a row for each judge and number of streams: microseconds a row of all of them."""
    return [_measured(channels, streams) for channels in (1, _CHANNELS) for streams in STREAMS]


def _measured(channels: int, streams: int) -> Cost:
    generator = np.random.default_rng(channels)
    normal = 20 + np.sin(np.arange(1200)[:, None] / 40) + generator.normal(0, 1, (1200, channels))
    times, scanned = (300, 200) if streams <= 100 else (4, 5)
    rows = 20 + generator.normal(0, 1, (streams, scanned, channels))
    ways = _ways(normal, rows, channels)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_TURNS):
        for name, (way, each) in ways.items():
            count = max(1, times // each)
            start = time.thread_time()
            for _ in range(count):
                way()
            seconds[name].append((time.thread_time() - start) / count / each)
    result = {name: 1e6 * statistics.median(turns) for name, turns in seconds.items()}
    numpy = result["NumPy, a row a call"]
    return Cost(
        channels=channels,
        streams=streams,
        microseconds={name: round(figure, 3) for name, figure in result.items()},
        times_numpy={name: round(figure / numpy, 3) for name, figure in result.items()},
    )


def _ways(normal: Float64, rows: Float64, channels: int) -> dict[str, tuple[Way, int]]:
    """Returns each way by name, and how many rows of each stream a call of it takes."""
    streams, scanned = rows.shape[:2]
    spec = fit_judge(normal, _PERIOD[channels])
    judge = Judge(spec, _BUDGET, streams, channels)
    score, none = np.zeros((streams, scanned)), np.zeros((streams, scanned), bool)
    step = _session(judge_step_model(spec, _BUDGET, streams=streams).SerializeToString())
    size = step.get_inputs()[2].shape[0]
    state: AnyArray = np.zeros((size, streams))
    row = np.ascontiguousarray(rows[:, 0].T)
    ways: dict[str, tuple[Way, int]] = {
        "NumPy, a row a call": (
            lambda: _ignored(judge.advance(rows[:, :1], score[:, :1], none[:, :1])),
            1,
        ),
        "graph, the plain step": (
            _call(step, {"row": row, "bad": np.zeros((1, streams), bool), "judge": state}),
            1,
        ),
    }
    if channels > 1:
        return ways
    online = opening.read_bytes("nab-rds-online")
    judged = _session(with_judge(online, "online", BUDGET, Normal(normal, _PERIOD[channels])))
    single = rows.astype(np.float32)
    h = np.zeros((1, streams, 1), np.float32)
    first = {"values": single[:, :1], "h": h, "c": h}
    return {
        "the network's step": (_call(_session(online), first), 1),
        **ways,
        "the whole detector's step": (_call(judged, first | {"judge": state}), 1),
        "the whole detector, rows of a file": (
            _call(judged, {"values": single, "judge": state}),
            scanned,
        ),
    }


def _session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = opening.FATAL_ONLY
    return onnxruntime.InferenceSession(content, options)


def _call(session: onnxruntime.InferenceSession, feeds: dict[str, AnyArray]) -> Way:
    return lambda: _ignored(session.run(None, feeds))


def _ignored(_: object) -> None:
    """Takes an answer that nobody waits for."""
