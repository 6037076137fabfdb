"""Calibration: another's sensors, their distance and window rule inside the capsule."""

import numpy as np
import pytest
from support.calibrated import CONFIG, SCORE_TOLERANCE, WINDOW, by_numpy, calibrated
from support.repeat_vectors import (
    RECONSTRUCTION_TOLERANCE,
    detector_of,
    make_capsule,
    normal_rows,
)

from stillwatch.export.calibrate.calibration import Calibrated, calibrate
from stillwatch.export.calibrate.options import ROBUST_SHRINKAGE, CalibrationOptions
from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.errors import CapsuleError, InputError
from stillwatch.runtime.golden_replay import replay
from stillwatch.runtime.scoring.features import FEATURES, PUBLISHED, WITH_LEVEL
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

JOINT = RepeatVectorConfig(units=5, layers=1, window=WINDOW, channels="joint")


@pytest.mark.parametrize("kind", FEATURES)
@pytest.mark.parametrize("config", [CONFIG, JOINT], ids=lambda config: config.channels)
def test_score_is_the_mahalanobis_distance(config: RepeatVectorConfig, kind: str) -> None:
    normal, values = normal_rows(400, 3), normal_rows(100, 3) * 1.5
    found = detector_of(calibrated(normal, config, features=kind).content).score(values).score
    expected = by_numpy(config, normal, values, kind)
    np.testing.assert_allclose(found, expected, rtol=SCORE_TOLERANCE, atol=SCORE_TOLERANCE)


def test_level_sees_what_the_errors_alone_do_not() -> None:
    normal, values = normal_rows(400, 3), normal_rows(100, 3) * 1.5
    by_level = [
        detector_of(calibrated(normal, features=kind).content).score(values).score
        for kind in (PUBLISHED, WITH_LEVEL)
    ]
    assert np.median(np.abs(by_level[0] - by_level[1])) > 0.1


@pytest.mark.parametrize("channels", [1, 5, 30])
def test_independent_network_serves_any_number_of_channels(channels: int) -> None:
    normal = normal_rows(400, channels)
    detector = detector_of(calibrated(normal).content)
    assert detector.info.channel_names == tuple(f"sensor_{i}" for i in range(channels))
    assert detector.info.calibrated
    assert replay(detector).passed
    values = normal_rows(100, channels, seed=1)
    expected = by_numpy(CONFIG, normal, values)
    found = detector.score(values)
    np.testing.assert_allclose(found.score, expected, rtol=SCORE_TOLERANCE, atol=SCORE_TOLERANCE)
    assert found.error.shape == values.shape


def test_calibration_can_follow_a_calibration() -> None:
    first = calibrated(normal_rows(400, 5)).content
    normal = normal_rows(300, 2, seed=4)
    again = calibrate(
        first, "made up", normal, CalibrationOptions(channels=["sensor_0", "sensor_1"])
    )
    assert again.content == calibrated(normal).content


def test_joint_network_serves_its_own_number_alone() -> None:
    for channels in (2, 4):
        with pytest.raises(InputError, match=f"takes 3 channels at once, got {channels}"):
            calibrated(normal_rows(400, channels), JOINT)
    assert detector_of(calibrated(normal_rows(400, 3), JOINT).content).info.calibrated


@pytest.mark.parametrize("offset", [0, 20, 230, 5000])
def test_golden_replay_passes_wherever_the_sensors_stand(offset: float) -> None:
    # 230: the volts of the mains, with a deviation of one.
    normal = np.random.default_rng(0).normal(offset, 1, (400, 2))
    found = replay(detector_of(calibrated(normal).content))
    assert found.passed, found


def test_same_data_same_bytes() -> None:
    normal = normal_rows(400, 5)
    assert calibrated(normal).content == calibrated(normal.copy()).content
    assert calibrated(normal).content != calibrated(normal[:-1]).content


def of_data(found: Calibrated) -> tuple[str, ...]:
    """The remarks but for the one that these networks deserve, whose weights are random."""
    return tuple(remark for remark in found.remarks if "does not follow" not in remark)


def test_fewer_rows_than_features() -> None:
    config = RepeatVectorConfig(units=5, window=4)
    normal = normal_rows(8, 12)
    found = calibrated(normal, config)
    detector = detector_of(found.content)
    assert of_data(found) == (
        "8 rows are few for 36 features: the distance leans on its regularisation; "
        "more normal data would serve better",
    )
    scores = detector.score(normal_rows(40, 12, seed=1)).score
    assert np.isfinite(scores).all()
    assert (scores > 0).all()
    assert 1 < found.condition < 1e4
    assert replay(detector).passed


@pytest.mark.parametrize("kind", FEATURES)
def test_constant_channels_are_said_and_watched(kind: str) -> None:
    normal = normal_rows(400, 4)
    normal[:, [0, 2]] = [0.0, 1e3]
    found = calibrated(normal, features=kind)
    assert found.constant == ("sensor_0", "sensor_2")
    assert of_data(found) == (
        "2 channels never change in this data (sensor_0, sensor_2): they are centred and not "
        "scaled",
    )
    detector = detector_of(found.content)
    assert detector.info.scale[0] == detector.info.scale[2] == 1
    values = normal_rows(60, 4, seed=1)
    values[:, [0, 2]] = [0.0, 1e3]
    calm = detector.score(values).score
    values[:, 2] += 5
    moved = detector.score(values).score
    assert np.median(moved) > 10 * np.median(calm)


def test_many_constant_channels_are_not_all_listed() -> None:
    normal = normal_rows(400, 8)
    normal[:, 1:] = 3
    (remark,) = of_data(calibrated(normal))
    assert remark.startswith("7 channels never change in this data (sensor_1, sensor_2, ")
    assert "sensor_5, ...)" in remark


def test_data_that_serve_need_no_remark() -> None:
    found = calibrated(normal_rows(400, 3))
    assert (of_data(found), found.constant) == ((), ())


def test_metadata_tell_of_the_calibration() -> None:
    normal = normal_rows(400, 5)
    found = calibrated(normal, source="mine.csv")
    info = detector_of(found.content).info
    assert (info.data.name, info.data.rows) == ("mine.csv", 400)
    assert info.threshold.condition == found.condition
    assert info.threshold.shrinkage == ROBUST_SHRINKAGE
    assert info.mean == pytest.approx(normal.mean(axis=0))
    assert info.scale == pytest.approx(normal.std(axis=0))
    assert info.error_quantiles["0.99"] == pytest.approx(info.threshold.value)
    of_network = detector_of(make_capsule(CONFIG, 3)).info
    assert (info.training, info.parameters) == (of_network.training, of_network.parameters)


def test_plain_inputs_score_the_same() -> None:
    normal, values = normal_rows(400, 5), normal_rows(70, 5, seed=1)
    found = detector_of(calibrated(normal, plain_inputs=True).content).score(values)
    usual = detector_of(calibrated(normal).content).score(values)
    for name in ("score", "alarm", "reconstruction", "error"):
        np.testing.assert_array_equal(getattr(found, name), getattr(usual, name))


def with_one(values: Float64, figure: float) -> AnyArray:
    changed = values.copy()
    changed[7, 1] = figure
    return changed


REFUSED = {
    "too few rows": (normal_rows(39, 3), {}, "at least 40 normal rows, two windows, got 39"),
    "flat": (normal_rows(80, 1)[..., None], {}, "expected 1 channels"),
    "NaN": (with_one(normal_rows(80, 3), np.nan), {}, "finite"),
    "infinity": (with_one(normal_rows(80, 3), np.inf), {}, "finite"),
    "no rate": (normal_rows(80, 3), {"rate": 0.0}, r"rate between 0 and 1, got 0\.0"),
    "a rate of one": (normal_rows(80, 3), {"rate": 1.0}, "rate between 0 and 1"),
    "a rate that is NaN": (normal_rows(80, 3), {"rate": np.nan}, "rate between 0 and 1, got nan"),
    "no such features": (
        normal_rows(80, 3),
        {"features": "all"},
        "expected features of .errors., .* got .all.",
    ),
    "more than float32": (with_one(normal_rows(80, 3), 1e39), {}, "finite"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_data_that_do_not_serve(case: str) -> None:
    normal, options, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        calibrated(normal, **options)


def test_names_of_another_number() -> None:
    with pytest.raises(InputError, match="expected 3 channels"):
        calibrate(make_capsule(CONFIG, 3), "made up", normal_rows(80, 4))


def test_other_families_are_refused() -> None:
    with pytest.raises(CapsuleError, match="nab-rds is of family nab-rds: only repeat-vector"):
        calibrate(opening.read_bytes("nab-rds"), "nab-rds", normal_rows(400, 1))


def test_error_of_a_channel_is_its_own() -> None:
    normal = normal_rows(400, 4)
    detector: Detector = detector_of(calibrated(normal).content)
    values = normal_rows(60, 4, seed=1)
    moved = values.copy()
    moved[25, 2] += 30
    differs = detector.score(values).error != detector.score(moved).error
    assert differs[20:40, 2].all()
    difference = np.abs(detector.score(values).error - detector.score(moved).error)
    assert difference[:, [0, 1, 3]].max() < RECONSTRUCTION_TOLERANCE
    assert difference[:20].max() == difference[40:].max() == 0
