"""Calibration says what is wrong with its data, and an incident in them sets no threshold."""

import dataclasses

import numpy as np
import pytest
from support.calibrated import calibrated
from support.repeat_vectors import detector_of, normal_rows

from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.calibrate.remarks import few_weeks, not_followed
from stillwatch.export.calibrate.unlike import stretches
from stillwatch.runtime import InputError
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.scoring.features import FEATURES

ROWS, FIRST, LAST = 1500, 600, 629


def with_incident() -> Float64:
    rows = normal_rows(ROWS, 4)
    rows[FIRST : LAST + 1, 2] += 12 * rows[:, 2].std()
    return rows


def test_an_incident_is_said_and_sets_no_threshold() -> None:
    clean, bad = calibrated(normal_rows(ROWS, 4)), calibrated(with_incident())
    assert not clean.unlike.any()
    assert np.flatnonzero(bad.unlike).tolist() == list(range(FIRST, LAST + 1))
    (said,) = (remark for remark in bad.remarks if "unlike" in remark)
    assert said == (
        "30 rows look unlike the rest (rows 601 to 630): an incident? Scaler and thresholds leave "
        "them out; --keep-all counts them in"
    )
    kept = calibrated(with_incident(), keep_all=True)
    assert any("they count, as was asked" in remark for remark in kept.remarks)
    without, with_, of_clean = (
        detector_of(one.content).info.error_quantiles["0.99"] for one in (bad, kept, clean)
    )
    assert with_ > 1.5 * of_clean
    assert without < 1.3 * of_clean


@pytest.mark.parametrize("kind", FEATURES)
def test_an_incident_moves_no_scaler(kind: str) -> None:
    bad = calibrated(with_incident(), features=kind)
    without = np.delete(with_incident(), slice(FIRST, LAST + 1), axis=0)
    expected = CalibrationOptions(features=kind).moments(without)
    info = detector_of(bad.content).info
    np.testing.assert_allclose(info.mean, expected.mean[0], rtol=1e-6)
    np.testing.assert_allclose(info.scale, expected.scale[0], rtol=1e-6)
    of_all = detector_of(calibrated(with_incident(), features=kind, keep_all=True).content).info
    assert of_all.scale[2] > 1.5 * info.scale[2]


def test_a_channel_that_moves_in_the_incident_alone_is_constant() -> None:
    rows = normal_rows(ROWS, 4)
    rows[:, 3] = 5.0
    rows[FIRST : LAST + 1, 3] += np.sin(np.arange(LAST + 1 - FIRST)) + 4
    found = calibrated(rows)
    assert found.unlike.any()
    assert found.constant == ("sensor_3",)
    assert detector_of(found.content).info.scale[3] == 1.0


def test_single_high_rows_are_a_tail_and_no_incident() -> None:
    rows = normal_rows(ROWS, 4)
    rows[::100, 1] += 12 * rows[:, 1].std()
    assert not calibrated(rows).unlike.any()


def test_what_is_often_so_is_how_the_data_are() -> None:
    rows = normal_rows(ROWS, 4)
    rows[300:500, 2] += 12 * rows[:, 2].std()
    assert not calibrated(rows).unlike.any()


def test_stretches_by_hand() -> None:
    rows = np.zeros(60, bool)
    rows[[3, 4, 14, 40, 50, 51]] = True
    assert stretches(rows) == [(3, 14), (40, 51)]
    rows[25] = True  # ten calm rows before it, fourteen after
    assert stretches(rows) == [(3, 14), (40, 51), (25, 25)]
    assert stretches(np.zeros(5, bool)) == []


def test_channels_that_the_network_does_not_follow() -> None:
    scaled = np.random.default_rng(0).normal(size=(400, 3))
    scaled[:, 2] = 1.0  # constant: said elsewhere
    error = scaled * [0.3, 0.99, 1.0]
    (said,) = not_followed(scaled, error, ["a", "b", "c"])
    assert said.startswith("the network does not follow 1 of 3 channels (b): ")
    assert not_followed(scaled, 0.3 * scaled, ["a", "b", "c"]) == []


def test_the_judge_is_stored_and_too_few_rows_are_said() -> None:
    found = calibrated(normal_rows(ROWS, 4), period=60.0)
    judge = detector_of(found.content).info.judge
    assert judge is not None
    assert (judge.kind, judge.period, len(judge.centre)) == ("many", 60.0, 4)
    (said,) = (remark for remark in found.remarks if "weeks" in remark)
    assert "weeks of rows are too few for 1 events a week" in said
    assert few_weeks(dataclasses.replace(judge, weeks=2.0), 1.0) == []
    assert detector_of(calibrated(normal_rows(ROWS, 4)).content).info.judge is None
    detector_of(found.content).score(normal_rows(200, 4, seed=1), threshold="budget(5/week)")


@pytest.mark.parametrize("options", [{"period": 0.0}, {"period": np.nan}, {"budget": -1.0}])
def test_options_that_cannot_be(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="above 0"):
        calibrated(normal_rows(ROWS, 4), **options)
