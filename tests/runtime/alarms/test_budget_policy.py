"""The budget policy: what it comes to, what is the default, what is refused in one line."""

import dataclasses

import numpy as np
import pytest
from support.detectors import nab_rds
from support.repeat_vectors import detector_of, make_capsule, normal_rows

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.runtime import Detector, InputError
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.policies.policy_table import DEFAULT_BUDGET, alarm_rule
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

INFO = nab_rds("trained").info
ROWS = np.random.default_rng(0).normal(0, 1, (200, 1))
JUDGED = dataclasses.replace(INFO, judge=fit_judge(ROWS, 300.0))


@pytest.mark.parametrize(
    ("policy", "events"),
    [("budget(5/week)", 5), ("budget(2/day,300s)", 14), ("budget(1/hour, 300s)", 168)],
)
def test_events_a_week(policy: str, events: float) -> None:
    rule = alarm_rule(policy, JUDGED)
    assert rule.budget is not None
    assert rule.budget.events == pytest.approx(events)
    assert rule.budget.spec is JUDGED.judge
    assert rule.value == INFO.threshold.value  # until a judge has seen enough


def test_budget_is_the_default_where_there_is_a_judge_and_trained_is_as_before() -> None:
    assert alarm_rule(None, JUDGED) == alarm_rule(DEFAULT_BUDGET, JUDGED)
    assert alarm_rule(None, INFO) == alarm_rule("trained", INFO) == alarm_rule("trained", JUDGED)
    assert alarm_rule(None, INFO).budget is None


@pytest.mark.parametrize(
    ("policy", "judged", "fragment"),
    [
        ("budget(5/week)", False, "does not know how far apart its rows are"),
        ("budget(5/week,60s)", True, "every 300 s, got 60 s"),
        ("budget(0/week)", True, "expected budget"),
        ("budget(5/week,0s)", True, "expected budget"),
        ("budget(five)", True, "expected budget"),
        ("budget(5/decade)", True, "expected budget"),
    ],
)
def test_refused(policy: str, judged: bool, fragment: str) -> None:
    with pytest.raises(InputError, match=fragment):
        alarm_rule(policy, JUDGED if judged else INFO)


def test_many_channels_without_a_judge_are_refused() -> None:
    info = detector_of(make_capsule(RepeatVectorConfig(units=3, window=10), 2)).info
    with pytest.raises(InputError, match="calibrate it again with --period"):
        alarm_rule("budget(5/week,60s)", info)


def test_a_calibrated_capsule_brings_its_judge() -> None:
    content = make_capsule(RepeatVectorConfig(units=3, window=10), 2)
    normal = normal_rows(400, 2)
    found = calibrate(content, "made up", normal, CalibrationOptions(period=60.0)).content
    without = calibrate(content, "made up", normal, CalibrationOptions()).content
    detector, before = (Detector.from_bytes(one, "made up") for one in (found, without))
    spec, expected = detector.info.judge, fit_judge(normal, 60.0)
    assert spec is not None
    assert spec.to_dict() == expected.to_dict()
    judged = detector.score(normal)
    assert judged.surprise is not None
    trained, old = detector.score(normal, threshold="trained"), before.score(normal)
    assert old.surprise is None
    np.testing.assert_array_equal(trained.alarm, old.alarm)
    np.testing.assert_array_equal(judged.score, old.score)
