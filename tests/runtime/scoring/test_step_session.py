"""The session for one row of one stream: another one, and the same answers to the bit."""

import numpy as np
import pytest
from support.series import cpu_like

from stillwatch.runtime import Detector
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.scoring.model import Model
from stillwatch.runtime.scoring.scaling import Moments
from stillwatch.runtime.scoring.stepper import Stepper

MOMENTS = Moments(np.array([[20.0]]), np.array([[5.0]]))


def steppers(name: str) -> list[Stepper]:
    """Returns a stepper over each of the two sessions."""
    model = Detector.load(name).model
    assert model.step_session is not model.session
    general = Model(model.session, model.info, model.digest)
    assert general.step_session is general.session
    rule = alarm_rule("trained", model.info)
    return [Stepper(one, 1, rule, MOMENTS) for one in (model, general)]


@pytest.mark.parametrize("name", ["nab-rds", "nab-rds-online"])
def test_both_sessions_answer_alike(name: str) -> None:
    one, other = steppers(name)
    values = cpu_like(0)[:600].copy()
    values[300], values[400:420] = 1e6, 20.0  # saturated, and the mean itself
    for value in values.tolist():
        assert one.step_plainly(value)
        assert other.step_plainly(value)
        np.testing.assert_array_equal(one.score, other.score)
        np.testing.assert_array_equal(one.alarm, other.alarm)
        np.testing.assert_array_equal(one.wide, other.wide)
        np.testing.assert_array_equal(one.state.h, other.state.h)
        np.testing.assert_array_equal(one.state.c, other.state.c)


def test_a_value_by_its_own_moments_is_one_by_fixed_ones() -> None:
    one, other = steppers("nab-rds-online")
    for value in cpu_like(1)[:100].tolist():
        assert one.step_plainly(value)
        assert other.step_scaled(value, 20.0, 5.0)
        np.testing.assert_array_equal(one.score, other.score)
        np.testing.assert_array_equal(one.wide, other.wide)


def test_a_value_that_is_not_fed_as_it_is_takes_no_step() -> None:
    stepper = steppers("nab-rds-online")[0]
    before = stepper.state
    assert not stepper.step_scaled(1e15, 20.0, 5.0)
    assert not stepper.step_scaled(1.0, 1e9, 5.0)
    np.testing.assert_array_equal(stepper.state.h, before.h)
