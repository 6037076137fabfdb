"""What holds for judged alarms of every model family, as it does for scores.

The judge is fitted to rows of the family's own; a spike, a shift and a frozen
end are in what it judges, so that there are alarms to differ.
"""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import sizes, spans

from battery.family_cases import FAMILIES, WINDOW, Made
from stillwatch.export.verify.graph_answers import by_reference_evaluator
from stillwatch.export.verify.scorers import as_graphs_scale, judgement
from stillwatch.runtime import Detector, Result, SnapshotError
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.judge.whole_series import judge_series
from stillwatch.runtime.alarms.judged import Judged
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import ExtraError
from stillwatch.runtime.scoring.model import Model
from stillwatch.runtime.streaming.snapshot import pack, unpack
from stillwatch.train.families.table import family_module

BUDGET = "budget(9/day)"
ROWS = 9 * WINDOW + 7


@pytest.fixture(scope="module", params=FAMILIES.values(), ids=list(FAMILIES))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("judged"), request.param)


@pytest.fixture(scope="module")
def detector(made: Made) -> Detector:
    spec = fit_judge(made.values(400, seed=50, noise=1.0), 600.0)
    model = made.detector.model
    return Detector(Model(model.session, replace(model.info, judge=spec), model.digest))


def eventful(made: Made, seed: int = 0) -> Float64:
    rows = made.values(ROWS, seed, noise=1.0)
    scale = np.array(made.checkpoint.scale)
    rows[31 + seed, 0] += 30 * scale[0]
    rows[70 + seed :, -1] += 15 * scale[-1]
    rows[-60:, 0] = rows[-60, 0]
    return rows


def assert_same(one: Result, other: Result) -> None:
    assert one.judged is not None
    assert other.judged is not None
    np.testing.assert_array_equal(one.alarm, other.alarm)
    for name in Judged._fields:
        np.testing.assert_array_equal(getattr(one.judged, name), getattr(other.judged, name))


def joined(parts: list[Result], time: int = 0) -> Result:
    judged = [part.judged for part in parts if part.judged is not None]
    columns = (np.concatenate(column, axis=time) for column in zip(*judged, strict=True))
    alarm = np.concatenate([part.alarm for part in parts], axis=time)
    return replace(parts[0], alarm=alarm, judged=Judged(*columns))


def alone(result: Result, number: int) -> Result:
    assert result.judged is not None
    return replace(result, alarm=result.alarm[number], judged=result.judged.of_stream(number))


@settings(max_examples=8)
@given(chunks=sizes(WINDOW, most=3 * WINDOW), cut=st.integers(0, ROWS))
def test_streams_and_snapshots(made: Made, detector: Detector, chunks: list[int], cut: int) -> None:
    values = eventful(made)
    whole = detector.score(values, threshold=BUDGET)
    assert whole.alarm[31]
    stream = detector.stream(threshold=BUDGET)
    parts = []
    for span in spans(len(values), chunks):
        parts.append(stream.extend(values[span]))
        if span.stop >= cut:
            stream, cut = detector.stream(stream.snapshot()), len(values) + 1
    if stream.pending:
        parts.append(stream.finish())
    assert_same(joined(parts), whole)
    chunked = detector.score_chunks(
        [values[s] for s in spans(len(values), chunks)], threshold=BUDGET
    )
    assert_same(joined(list(chunked)), whole)


def test_every_framework_gives_the_same_alarms(made: Made, detector: Detector) -> None:
    """What a judge is told of a network: where it has scores, and the trained alarms."""
    values = eventful(made)[: ROWS // WINDOW * WINDOW]
    moments, scaled = as_graphs_scale(values, detector.info)
    given = {"mean": moments.mean[0], "scale": moments.scale[0]}
    expected = detector.score(values, **given, threshold=BUDGET)
    assert expected.judged is not None
    assert expected.alarm.any()
    budget = alarm_rule(BUDGET, detector.info).budget
    assert budget is not None
    case = judgement(made.path, made.folder, detector.info)
    gluon = family_module(made.checkpoint.family, "recipe")
    by_mxnet = gluon.reconstruct(
        gluon.load_network(made.folder), scaled.astype(np.float32), made.checkpoint.config
    ).astype(np.float64)
    decoded = [case.reconstruct(scaled), by_mxnet]
    with suppress(ExtraError):  # it cannot compute every LSTM, and says so
        graph = by_reference_evaluator(made.path, detector, values, moments, scaled)
        decoded.append(graph.reconstruction)
    for one in decoded:
        score = case.score(scaled, one)
        (judged,) = judge_series(budget, [values], [score], [case.decide(score)], 0)
        for name in Judged._fields:
            np.testing.assert_array_equal(getattr(judged, name), getattr(expected.judged, name))


def test_fleets_batches_and_series_of_other_lengths(made: Made, detector: Detector) -> None:
    batch = np.stack([eventful(made, seed) for seed in range(3)])
    apart = [detector.score(values, threshold=BUDGET) for values in batch]
    whole = detector.score(batch, threshold=BUDGET)
    fleet = detector.fleet(3, threshold=BUDGET)
    stepped = [fleet.update(batch[:, row]) for row in range(100)]
    fleet = detector.fleet(3, fleet.snapshot())
    together = joined([*stepped, fleet.extend(batch[:, 100:]), fleet.finish()], time=1)
    many = detector.score_many([batch[0], batch[1][:90], batch[2]], threshold=BUDGET)
    for number, expected in enumerate(apart):
        assert_same(alone(whole, number), expected)
        assert_same(alone(together, number), expected)
    assert_same(many[0], apart[0])
    assert_same(many[1], detector.score(batch[1][:90], threshold=BUDGET))
    assert_same(many[2], apart[2])


def test_one_row_at_a_time(made: Made, detector: Detector) -> None:
    values = eventful(made)
    whole = detector.score(values, threshold=BUDGET)
    stream = detector.stream(threshold=BUDGET)
    verdicts = [verdict for row in values if (verdict := stream.update(row)) is not None]
    assert verdicts[-1].surprise is not None
    if detector.info.state:
        assert whole.judged is not None
        assert [verdict.surprise for verdict in verdicts] == whole.judged.surprise.tolist()
        assert [verdict.alarm for verdict in verdicts] == whole.alarm.tolist()


def test_a_spike_is_an_alarm_wherever_the_file_begins(made: Made, detector: Detector) -> None:
    rows = np.concatenate(
        [made.values(6 * WINDOW, 8, noise=1.0), made.values(WINDOW, 9, noise=1.0)]
    )
    rows[6 * WINDOW - 3, 0] += 30 * made.checkpoint.scale[0]
    for first in range(0, 5 * WINDOW, WINDOW // 2):
        found = detector.score(rows[first:], threshold=BUDGET)
        assert found.alarm[6 * WINDOW - 3 - first]


def test_a_snapshot_of_the_old_budget_is_refused_in_a_line(made: Made, detector: Detector) -> None:
    figures, arrays = unpack("stream", made.detector.stream().snapshot())
    saved = pack("stream", figures | {"policy": BUDGET}, arrays)
    with pytest.raises(SnapshotError, match=r"is called tail\(\.\.\.\) now"):
        detector.stream(saved)
