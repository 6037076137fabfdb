"""A row of the judge as a graph says what the NumPy judge says, row after row."""

import re

import numpy as np
import onnxruntime
import pytest

from stillwatch.export.graph import judge as package
from stillwatch.export.graph.judge.forms import judge_step_model
from stillwatch.export.graph.judge.layout import BEGUN, Layout
from stillwatch.runtime.alarms.judge.account import Account
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.judge.moments import DAY
from stillwatch.runtime.alarms.judge.spec import JudgeSpec
from stillwatch.runtime.alarms.judged import BEGINS, ENDS, LEARNT, NO_NUMBER, Judged
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import InputError

BUDGET = 20.0
CALIBRATED, ROWS, SILENT = 900, 1200, 40
# The last bit of a logarithm is each library's own, and the means carry it on.
LAST_BITS = 1e-11


def eventful(channels: int, streams: int) -> tuple[Float64, Float64]:
    """Rows to calibrate on (T, C), and rows (N, T, C) in which something happens, NaN at last."""
    generator = np.random.default_rng([channels, streams])
    rhythm = 20 + 3 * np.sin(np.arange(CALIBRATED + ROWS) / 23)[:, None]
    rows = rhythm + generator.normal(0, 1, (streams, CALIBRATED + ROWS, channels))
    later = rows[:, CALIBRATED:]
    later[:, 100, 0] += 40
    later[:, 300:, -1] += 25  # learnt in the end
    later[0, 700:760, 0] = later[0, 700, 0]
    later[0, [310, 500, 501, 900], -1] = np.nan, np.nan, np.inf, np.nan
    return rows[0, :CALIBRATED], later


def by_graph(spec: JudgeSpec, values: Float64, bad: AnyArray) -> tuple[Judged, Float64]:
    """What the plain step says of rows (N, T, C), and its last state (S, N)."""
    streams, rows, channels = values.shape
    model = judge_step_model(spec, BUDGET, streams=streams, silent=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [port.name for port in session.get_outputs()]
    state = np.zeros((session.get_inputs()[3].shape[0], streams))
    found = Judged.none(streams, rows, channels)
    for row in range(rows):
        silent = np.full((1, streams), row < SILENT)
        feeds = {"row": values[:, row].T, "bad": bad[None, :, row], "silent": silent}
        outputs = dict(zip(names, session.run(None, feeds | {"judge": state}), strict=True))
        state = outputs.pop("judge_out")
        for name, output in outputs.items():
            getattr(found, name)[:, row] = output.T if name == "parts" else output[0]
    return found, state


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize(("channels", "period"), [(1, 600.0), (1, DAY), (5, 3600.0)])
def test_the_plain_step_is_the_numpy_judge(channels: int, period: float, streams: int) -> None:
    normal, values = eventful(channels, streams)
    spec = fit_judge(normal, period)
    score = np.zeros(values.shape[:2])
    score[-1, 1000] = np.nan
    bad = ~(np.isfinite(values).all(axis=2) & np.isfinite(score))
    judge = Judge(spec, BUDGET, streams, channels)
    none = np.zeros(score.shape, bool)
    first = judge.advance(values[:, :SILENT], score[:, :SILENT], none, unanswered=SILENT)
    expected = Judged.joined(
        [first, judge.advance(values[:, SILENT:], score[:, SILENT:], none[:, SILENT:])]
    )
    found, state = by_graph(spec, values, bad)
    seen = np.bitwise_or.reduce(expected.mark.ravel())
    assert seen & BEGINS
    assert period > DAY / 2 or seen & ENDS  # by the day it goes on to the end
    assert seen & NO_NUMBER
    assert channels == 1 or seen & LEARNT
    for name in ("alarm", "mark", "cost"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_allclose(found.surprise, expected.surprise, LAST_BITS, LAST_BITS)
    np.testing.assert_allclose(found.parts, expected.parts, LAST_BITS, LAST_BITS)
    layout = Layout.of(spec, Account(budget=BUDGET, period=period))
    kept = judge.arrays()
    parts = np.split(state, np.cumsum(list(layout.heights.values()))[:-1])
    for name, part in zip(layout.heights, parts, strict=True):
        if name != BEGUN:
            wanted = np.broadcast_to(np.reshape(kept[f"judge.{name}"], (len(part), -1)), part.shape)
            np.testing.assert_allclose(part, wanted, LAST_BITS, LAST_BITS, err_msg=name)


def test_the_step_is_made_of_the_operators_that_the_package_names() -> None:
    used = set()
    for channels, period in ((1, 600.0), (3, 600.0)):
        model = judge_step_model(fit_judge(eventful(channels, 1)[0], period), BUDGET, silent=True)
        used |= {node.op_type for node in model.graph.node}
    (said,) = re.findall(r"operators, all of opset 17: (.*?)\.", package.__doc__ or "", re.DOTALL)
    assert sorted(used) == said.replace("\n", " ").split(", ")


def test_a_judge_that_is_not_calibrated_has_no_graph() -> None:
    with pytest.raises(InputError, match="expected a calibrated judge"):
        judge_step_model(JudgeSpec.unfitted(60.0), BUDGET)
