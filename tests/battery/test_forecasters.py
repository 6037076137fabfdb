"""What holds for every forecaster, with no code of its own for any; the list is beside this."""

import numpy as np
import onnx
import pytest

from battery.forecaster_cases import FORECASTERS, Built, build, times
from stillwatch.export.forecasting.verification import compare
from stillwatch.export.graph import lstm
from stillwatch.runtime import Forecaster, InputError
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.forecasting.golden import replay
from stillwatch.train.families.forecaster.recipe import load_network
from stillwatch.train.loop.fit import count_parameters

ROWS = 47
# Two orders of summation within single precision, over a window of gates and layers.
CLOSE = 1e-5


@pytest.fixture(scope="module", params=FORECASTERS.items(), ids=lambda case: case[0])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("forecaster"), request.param[1])


@pytest.fixture(scope="module")
def forecaster(built: Built) -> Forecaster:
    return built.forecaster


def when(built: Built, rows: int = ROWS) -> AnyArray | None:
    return times(rows) if built.config.calendar else None


def test_frameworks_agree(built: Built) -> None:
    agreements, absent = compare(
        built.capsule(), "made up", built.folder, built.values(ROWS), when(built)
    )
    assert absent == {}
    assert len(agreements) == 3
    assert [a for a in agreements if not a.passed] == []


def test_golden_vectors_replay(forecaster: Forecaster) -> None:
    assert replay(forecaster).passed


def test_wrong_gate_order_is_caught(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lstm, "_reordered", lambda gluon: gluon)
    found = replay(built.forecaster)
    assert found.largest > 100 * found.tolerance


def test_parameters_are_those_that_gluon_counts(built: Built) -> None:
    net = load_network(built.folder)
    assert count_parameters(net) == built.checkpoint.parameters


def test_same_bytes_again_and_standard_operators(built: Built) -> None:
    content = built.capsule()
    assert content == built.capsule()
    model = onnx.load_from_string(content)
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]


def test_batch_invariance(built: Built, forecaster: Forecaster) -> None:
    batch = np.stack([built.values(ROWS, seed) for seed in range(4)])
    batch[2] *= 50  # a loud neighbour changes nothing
    whole = forecaster.forecast(batch, times=when(built))
    for number, values in enumerate(batch):
        alone = forecaster.forecast(values, times=when(built))
        scale = np.array(built.checkpoint.scale)[:3] * (50 if number == 2 else 1)
        off = np.abs(whole.of_series(number).forecast - alone.forecast) / scale
        assert off.max() < CLOSE


def test_a_shorter_horizon_is_the_beginning_of_a_longer_one(
    built: Built, forecaster: Forecaster
) -> None:
    values = built.values(ROWS)
    whole = forecaster.forecast(values, times=when(built))
    for horizon in (1, 4):
        short = forecaster.forecast(values, horizon=horizon, times=when(built))
        np.testing.assert_array_equal(short.forecast, whole.forecast[:horizon])
        np.testing.assert_array_equal(short.low, whole.low[:horizon])


def test_a_recursive_forecast_has_any_horizon(built: Built, forecaster: Forecaster) -> None:
    values, trained = built.values(ROWS), built.config.horizon
    if built.config.strategy == "direct":
        with pytest.raises(InputError, match=f"expected a horizon of 1 to {trained} rows, got 50"):
            forecaster.forecast(values, horizon=50, times=when(built))
        return
    found = forecaster.forecast(values, horizon=50, times=when(built))
    assert found.forecast.shape == (50, 3)
    assert found.low is not None
    assert np.isfinite(found.low[:trained]).all()
    assert np.isnan(found.low[trained:]).all()  # it was measured no further


def test_intervals_lie_around_the_forecast(built: Built, forecaster: Forecaster) -> None:
    found = forecaster.forecast(built.values(ROWS), times=when(built))
    assert found.low is not None
    assert found.high is not None
    width = np.arange(1, found.forecast.size + 1).reshape(found.forecast.shape)
    np.testing.assert_allclose(found.forecast - found.low, width, rtol=1e-3)
    np.testing.assert_allclose(found.high - found.forecast, 2 * width, rtol=1e-3)


def test_streams_snapshots_and_fleets(built: Built, forecaster: Forecaster) -> None:
    """After every sample a stream says what the whole file up to there does, also gone on with."""
    batch = np.stack([built.values(26, seed) for seed in range(2)])
    clock = times(26) if built.config.calendar else [None] * 26
    fleet, stream = forecaster.fleet(2), forecaster.stream()
    for row in range(26):
        together = fleet.update(batch[:, row], clock[row])
        alone = stream.update(batch[1, row], clock[row])
        fleet = forecaster.fleet(2, fleet.snapshot())
        stream = forecaster.stream(stream.snapshot())
        if built.config.strategy == "direct" and row + 1 < built.config.lookback:
            assert together is alone is None
            assert fleet.warm_up == built.config.lookback - row - 1
            continue
        assert together is not None
        assert alone is not None
        file = forecaster.forecast(batch[1, : row + 1], times=when(built, row + 1))
        for found in (together.of_series(1), alone):
            off = (found.forecast - file.forecast) / np.array(built.checkpoint.scale)[:3]
            assert np.abs(off).max() < CLOSE
        if built.config.calendar and row > 1:
            np.testing.assert_array_equal(alone.times, file.times)


def test_bad_input(built: Built, forecaster: Forecaster) -> None:
    values, clock = built.values(ROWS), when(built)
    for horizon in (0, -3):
        with pytest.raises(InputError, match="expected a horizon of 1 to"):
            forecaster.forecast(values, horizon=horizon, times=clock)
    with pytest.raises(InputError, match=f"expected {values.shape[1]} channels"):
        forecaster.forecast(values[:, 1:], times=clock)
    broken = values.copy()
    broken[13, 0] = np.nan
    with pytest.raises(InputError, match="row 13 of channel 'a'"):
        forecaster.forecast(broken, times=clock)
    if built.config.strategy == "direct":
        with pytest.raises(InputError, match="expected at least 20 rows, the capsule's lookback"):
            forecaster.forecast(values[:19], times=when(built, 19))
    if built.config.calendar:
        with pytest.raises(InputError, match="give the times of the rows"):
            forecaster.forecast(values)
    late = times(ROWS).copy()
    late[20:] += np.timedelta64(1, "h")
    with pytest.raises(InputError, match="times are not regular: row 21 comes 2 hours after"):
        forecaster.forecast(values, times=late)
    with pytest.raises(InputError, match="expected rows 1 hour apart, as in training, got rows 2"):
        forecaster.forecast(values, times=times(2 * ROWS)[::2])
