"""The judge in the graph of every model family says what the judge of the runtime says."""

from dataclasses import dataclass

import numpy as np
import onnxruntime
import pytest

from battery.family_cases import FAMILIES, WINDOW, Made
from stillwatch.export.judged.adding import Normal, with_judge
from stillwatch.runtime import Detector
from stillwatch.runtime.alarms.judged import BEGINS, Judged
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.judged_replay import replay_judged

ROWS = 12 * WINDOW
# The last bit of a logarithm is each library's own, and the means carry it on.
LAST_BITS = 1e-11


@dataclass(frozen=True)
class Case:
    made: Made
    detector: Detector

    @property
    def session(self) -> onnxruntime.InferenceSession:
        return self.detector.session

    def fed(self, values: Float64, state: Float64 | None = None) -> tuple[Judged, Float64]:
        """What the graph says of rows (N, T, C), and its judge's state (S, N) after them."""
        judged = self.detector.info.graph_judge
        assert judged is not None
        if state is None:
            state = np.zeros((len(judged.state), len(values)))
        feeds: dict[str, AnyArray] = {"values": values.astype(np.float32), "judge": state}
        *answers, after = self.session.run([*Judged._fields, "judge_out"], feeds)
        return Judged(**dict(zip(Judged._fields, answers, strict=True))), after

    def eventful(self, streams: int = 1) -> Float64:
        values = np.stack([self.made.values(ROWS, seed, noise=1.0) for seed in range(streams)])
        scale = np.array(self.made.checkpoint.scale)
        values[:, 31, 0] += 40 * scale[0]
        values[0, 140:, -1] += 20 * scale[-1]
        values[-1, -60:, 0] = values[-1, -60, 0]
        single: Float64 = values.astype(np.float32).astype(np.float64)  # as the graph reads them
        return single


@pytest.fixture(scope="module", params=FAMILIES.values(), ids=list(FAMILIES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    made = Made(tmp_path_factory.mktemp("judged"), request.param)
    normal = Normal(made.values(400, seed=50, noise=1.0), 600.0)
    content = with_judge(made.path.read_bytes(), "made up", "9/day", normal)
    return Case(made, Detector.from_bytes(content, "judged"))


def assert_alike(one: Judged, other: Judged) -> None:
    for name in ("alarm", "mark", "cost"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in ("surprise", "parts"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), LAST_BITS, LAST_BITS)


def test_whole_series_are_judged_as_by_the_runtime(case: Case) -> None:
    values = case.eventful(3)
    result = case.detector.score(values)  # by default the budget that is in the graph
    assert result.judged is not None
    assert (result.judged.mark & BEGINS).any(axis=1).all()
    assert_alike(case.fed(values)[0], result.judged)


def test_chunks_that_carry_the_state_are_the_whole_to_the_bit(case: Case) -> None:
    values = case.eventful(2)
    whole, last = case.fed(values)
    state, parts = None, []
    for start in range(0, ROWS, 3 * WINDOW):
        judged, state = case.fed(values[:, start : start + 3 * WINDOW], state)
        parts.append(judged)
    np.testing.assert_array_equal(state, last)
    for name, column in zip(Judged._fields, zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(column, axis=1), getattr(whole, name))


def test_a_series_alone_is_judged_as_among_others(case: Case) -> None:
    values = case.eventful(5)
    together, _ = case.fed(values)
    for number in range(5):
        alone, _ = case.fed(values[number : number + 1])
        assert_alike(alone.of_stream(0), together.of_stream(number))


def test_what_scored_without_the_judge_in_the_graph_scores_the_same(case: Case) -> None:
    values = case.eventful(2)
    plain = case.made.detector.score(values, threshold="trained")
    judged = case.detector.score(values, threshold="trained")
    for name in ("score", "alarm", "reconstruction", "error", "contribution"):
        np.testing.assert_array_equal(getattr(judged, name), getattr(plain, name))
    stream = case.detector.stream()
    parts = [stream.extend(values[0, :50]), stream.extend(values[0, 50:])]
    alarm = np.concatenate([part.alarm for part in parts])
    np.testing.assert_array_equal(alarm, case.detector.score(values[0]).alarm[: len(alarm)])


def test_the_golden_rows_come_out(case: Case) -> None:
    found = replay_judged(case.detector)
    assert found is not None
    assert found.passed
    assert found.rows == 1000
    assert found.alarms > 0
