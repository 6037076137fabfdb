import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.runtime import Detector, InputError, shipped
from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.capsule.info import Golden
from stillwatch.runtime.golden_replay import replay

WINDOW = 48
HISTORY = 288
GIVEN = {"mean": 20.0, "scale": 5.0}
# The graph computes in float32: what is recomputed outside of it differs in the last digits.
RECOMPUTED = 1e-5

OFFLINE = Detector.load("nab-rds")
ONLINE = Detector.load("nab-rds-online")


def test_the_capsules_are_shipped() -> None:
    assert shipped() == ("nab-rds", "nab-rds-online", "smd-micro", "smd-segments")


def test_a_path_loads_as_the_name_does(tmp_path: Path, series: Float64) -> None:
    path = tmp_path / "moved.onnx"
    path.write_bytes(opening.read_bytes("nab-rds"))
    by_path = Detector.load(path)
    assert by_path.info == OFFLINE.info
    np.testing.assert_array_equal(by_path.score(series).score, OFFLINE.score(series).score)


@pytest.mark.parametrize("shape", [(700,), (700, 1), (2, 350, 1)])
@pytest.mark.parametrize("detector", [OFFLINE, ONLINE], ids=["offline", "online"])
def test_the_result_has_the_shape_of_the_values(
    detector: Detector, shape: tuple[int, ...], series: Float64
) -> None:
    result = detector.score(series.reshape(shape))
    steps = shape if len(shape) == 1 else shape[:-1]
    assert (result.score.shape, result.alarm.shape) == (steps, steps)
    assert (result.reconstruction.shape, result.error.shape) == (shape, shape)
    assert result.score.dtype == np.float32
    assert result.alarm.dtype == np.bool_


def test_error_and_score_follow_from_the_reconstruction(series: Float64) -> None:
    result = OFFLINE.score(series, **GIVEN)
    expected = np.abs(series - result.reconstruction) / GIVEN["scale"]
    np.testing.assert_allclose(result.error, expected, rtol=RECOMPUTED, atol=RECOMPUTED)
    np.testing.assert_allclose(result.score, result.error**2, rtol=RECOMPUTED)
    assert np.ptp(result.reconstruction) > 1  # else all of this would hold for no network at all


def test_an_alarm_is_a_score_above_the_threshold(series: Float64) -> None:
    result = OFFLINE.score(series)
    trained = np.float32(OFFLINE.info.threshold.value)
    np.testing.assert_array_equal(result.alarm, result.score > trained)
    assert result.alarm[600]
    assert OFFLINE.score(series, threshold=-1.0).alarm.all()
    highest = OFFLINE.score(series, threshold=float(result.score.max()))
    assert not highest.alarm.any()
    np.testing.assert_array_equal(highest.score, result.score)


def test_series_scaling_is_the_mean_and_deviation_of_the_whole_series(series: Float64) -> None:
    given = OFFLINE.score(series, mean=series.mean(), scale=series.std())
    own = OFFLINE.score(series)
    np.testing.assert_allclose(own.score, given.score, rtol=RECOMPUTED, atol=RECOMPUTED)
    assert np.abs(OFFLINE.score(series, **GIVEN).score - own.score).max() > 1


def test_every_window_starts_from_a_zero_state(series: Float64) -> None:
    changed = series.copy()
    changed[WINDOW - 1] += 30
    before, after = (OFFLINE.score(values, **GIVEN).score for values in (series, changed))
    np.testing.assert_array_equal(before[: WINDOW - 1], after[: WINDOW - 1])
    np.testing.assert_array_equal(before[WINDOW:], after[WINDOW:])
    changed = series.copy()
    changed[WINDOW] += 30
    after = OFFLINE.score(changed, **GIVEN).score
    assert before[WINDOW + 1] != after[WINDOW + 1]  # within a window, state is carried


@pytest.mark.parametrize("detector", [OFFLINE, ONLINE], ids=["offline", "online"])
def test_long_series_score_as_in_one_call(
    detector: Detector, series: Float64, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = detector.score(series)
    monkeypatch.setattr("stillwatch.runtime.scoring.batch.WINDOWS_PER_CALL", 2)
    np.testing.assert_array_equal(detector.score(series).score, whole.score)


def test_rolling_scaling_has_no_answer_until_it_has_its_history(series: Float64) -> None:
    result = ONLINE.score(series[: HISTORY + 1])
    assert np.isnan(result.score[:HISTORY]).all()
    assert np.isnan(result.reconstruction[:HISTORY]).all()
    assert not result.alarm[:HISTORY].any()
    assert np.isfinite(result.score[HISTORY])
    with pytest.raises(InputError, match=r"expected more than 288 rows.* got 288"):
        ONLINE.score(series[:HISTORY])


def test_threads_share_a_detector(series: Float64) -> None:
    expected = OFFLINE.score(series).score
    answers: list[Float32] = []

    def work() -> None:
        answers.extend(OFFLINE.score(series).score for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 80
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize(
    ("values", "options", "fragment"),
    [
        (np.zeros((5, 2)), {}, r"expected 1 channel.*\(5, 2\)"),
        (np.zeros((1, 2, 3, 1)), {}, "got shape"),
        (3.0, {}, "got shape"),
        ([], {}, "at least one row"),
        (np.zeros((0, 5, 1)), {}, "at least one row"),
        ([1, np.nan, np.nan], {}, r"got nan at row 1 of channel 'value' \(2 such"),
        ([1, 2, np.inf], {}, "got inf at row 2"),
        ([1, 1e39], {}, r"got 1e\+39 at row 1"),
        (["high"], {}, "expected numbers"),
        ([[1.0], [1.0, 2.0]], {}, "expected"),
        ([1.0], {"mean": 1.0}, "mean and scale together"),
        ([1.0], {"scale": 1.0}, "mean and scale together"),
        ([1.0], {"mean": [1.0, 2.0], "scale": 1.0}, "mean for each channel"),
        ([1.0], {"mean": np.nan, "scale": 1.0}, "finite mean"),
        ([1.0], {"mean": 0.0, "scale": 0.0}, "scale above 0"),
        ([1.0], {"mean": 0.0, "scale": 1e-50}, "scale"),  # zero in float32
        ([1.0], {"mean": 1e39, "scale": 1.0}, "mean"),  # infinite in float32
        ([1.0], {"threshold": np.nan}, "threshold"),
    ],
)
def test_bad_input_is_refused_in_one_line(values: Any, options: Any, fragment: str) -> None:
    with pytest.raises(InputError, match=fragment) as caught:
        OFFLINE.score(values, **options)
    assert "\n" not in str(caught.value)


def test_what_single_precision_holds_is_taken_to_the_last_number() -> None:
    largest, smallest = (2 - 2**-23) * 2.0**127, 2.0**-126
    assert OFFLINE.score([largest, -largest], **GIVEN).score.shape == (2,)
    assert OFFLINE.score([0.0], mean=0.0, scale=smallest).error.item() < 1
    with pytest.raises(InputError, match="expected finite float32 numbers"):
        OFFLINE.score([np.nextafter(largest, np.inf)], **GIVEN)
    with pytest.raises(InputError, match="expected a scale above 0"):
        OFFLINE.score([0.0], mean=0.0, scale=np.nextafter(smallest, 0))


@pytest.mark.parametrize("detector", [OFFLINE, ONLINE], ids=["offline", "online"])
def test_golden_vectors_replay(detector: Detector) -> None:
    found = replay(detector)
    assert found.passed
    assert found.vectors == len(detector.info.golden) > 0
    assert found.score <= detector.info.tolerance < 1e-4


@pytest.mark.parametrize("field", ["score", "reconstruction", "alarm"])
def test_a_wrong_golden_vector_does_not_replay(
    field: str, altered: Callable[..., bytes], tmp_path: Path
) -> None:
    golden = [_as_lists(vector) for vector in OFFLINE.info.golden]
    if field == "alarm":
        golden[1]["alarm"][5] = not golden[1]["alarm"][5]
    else:
        golden[1][field] = (np.array(golden[1][field]) + 0.01).tolist()
    path = tmp_path / "wrong.onnx"
    path.write_bytes(altered({"golden": golden}))
    assert not replay(Detector.load(path)).passed


def _as_lists(vector: Golden) -> dict[str, Any]:
    return {name: np.array(figures).tolist() for name, figures in vars(vector).items()}
