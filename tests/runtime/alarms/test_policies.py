"""Threshold policies: what each comes to by hand, and what is refused in one line."""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.detectors import changed, nab_rds

from stillwatch.runtime import InputError
from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.alarms.policies.rule import Rolling
from stillwatch.runtime.capsule.figures import CapsuleThreshold, NormalScores, Tail

WEEK = 604800
TAIL = Tail(rows=4000, level=2.0, run=48, peaks=40, shape=0.25, scale=0.5)
NORMAL = NormalScores(mean=0.5, deviation=0.25, sigmas=2.75, tail=TAIL)
FIGURES = {
    "normal_scores": NORMAL,
    "error_quantiles": {"0.5": 0.25, "0.99": 1.5, "1": 60.0},
}
CAUSAL = changed(nab_rds("trained"), **FIGURES)
INFO = dataclasses.replace(CAUSAL.info, threshold=CapsuleThreshold(rule="made up", value=3.5))


def return_level(rows: float) -> float:
    """The excess with m expected peaks solves (1 + shape y / scale) ** (-1 / shape) = 1 / m."""
    peaks = rows * 40 / 4000
    return 2.0 + 0.5 / 0.25 * (peaks**0.25 - 1)


@pytest.mark.parametrize(
    ("policy", "value", "count"),
    [
        (None, 3.5, None),
        ("trained", 3.5, None),
        (2, 2.0, None),
        (0.125, 0.125, None),
        ("0.125", 0.125, None),
        (-1.0, -1.0, None),
        ("sigmas(3)", 0.5 + 3 * 0.25, 0),
        ("sigmas( 0.5 )", 0.625, 0),
        ("sigmas(picked)", 0.5 + 2.75 * 0.25, 0),
        ("sigmas(-1)", 0.25, 0),
        ("quantile(0.99)", 1.5, 0),
        ("quantile(.50)", 0.25, 0),
        ("quantile(1)", 60.0, 0),
        ("tail(1/week,300s)", return_level(2016), 0),
        ("tail(1/week, 300s)", return_level(2016), 0),
        ("tail(2/day,0.5s)", return_level(86400), 0),
        ("tail(1/hour,60s)", 2.0, 0),  # 60 rows have 0.6 peaks: no higher than the level
        ("tail(0.5/month,300s)", return_level(2 * 2629800 / 300), 0),
        ("tail(1/year,300s)", return_level(31557600 / 300), 0),
        ("rolling(0.99,2016)", 3.5, 0),
    ],
)
def test_policy_by_hand(policy: Any, value: float, count: int | None) -> None:
    rule = alarm_rule(policy, INFO)
    assert rule.value == pytest.approx(value, rel=1e-12)
    assert rule.count == count
    rolls = isinstance(policy, str) and policy.startswith("rolling")
    assert rule.rolling == (Rolling(0.99, 2016) if rolls else None)


@pytest.mark.parametrize(
    ("policy", "fragment"),
    [
        ("tranied", "expected a threshold as a number, trained"),
        ("", "expected a threshold as"),
        ("sigmas", "expected a threshold as"),
        ("sigmas(3", "expected a threshold as"),
        ("mean(3)", "expected a threshold as"),
        ("sigmas((3))", "expected a threshold as"),
        ([3.0], "expected a threshold as"),
        ("nan", "finite threshold"),
        ("inf", "finite threshold"),
        (math.nan, "finite threshold"),
        (-math.inf, "finite threshold"),
        (1e39, "finite threshold"),
        ("sigmas()", "expected a number in 'sigmas"),
        ("sigmas(three)", "got 'three'"),
        ("sigmas(nan)", "got 'nan'"),
        ("sigmas(inf)", "got 'inf'"),
        ("sigmas(1,2)", "got '1,2'"),
        ("quantile(0.7)", r"0\.5, 0\.99, 1, got 0\.7"),
        ("quantile(x)", "expected a number"),
        ("tail(1/week)", r"as in tail\(1/week,300s\)"),
        ("tail(0/week,300s)", "expected tail"),
        ("tail(1/week,0s)", "expected tail"),
        ("tail(-1/week,300s)", "expected tail"),
        ("tail(1/decade,300s)", "expected tail"),
        ("tail(1/week,300)", "expected tail"),
        ("tail(1e3/week,300s)", "expected tail"),
        ("rolling(0.99)", r"expected rolling\(q,n\)"),
        ("rolling(0.99,1)", "n scores from 2 to 1000000"),
        ("rolling(0.99,1000001)", "n scores from 2 to 1000000"),
        ("rolling(0.99,2.5)", "n scores from"),
        ("rolling(0.99,-5)", "n scores from"),
        ("rolling(0,50)", "quantile above 0 and up to 1"),
        ("rolling(1.01,50)", "quantile above 0 and up to 1"),
        ("rolling(-1,50)", "quantile above 0 and up to 1"),
        ("rolling(x,50)", "expected a number"),
    ],
)
def test_refused_in_one_line(policy: Any, fragment: str) -> None:
    for use in (alarm_rule, lambda policy, _: CAUSAL.stream(threshold=policy)):
        with pytest.raises(InputError, match=fragment) as caught:
            use(policy, INFO)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("policy", ["sigmas(3)", "tail(1/week,300s)"])
def test_capsule_that_does_not_know_how_normal_data_score(policy: str) -> None:
    with pytest.raises(InputError, match="export or calibrate it again"):
        alarm_rule(policy, dataclasses.replace(INFO, normal_scores=None))


def test_capsule_with_too_few_peaks_or_no_quantiles() -> None:
    info = dataclasses.replace(
        INFO, normal_scores=dataclasses.replace(NORMAL, tail=None), error_quantiles={}
    )
    assert alarm_rule("sigmas(3)", info).value == 1.25
    with pytest.raises(InputError, match="too few peaks for a tail: calibrate on more"):
        alarm_rule("tail(1/week,300s)", info)
    with pytest.raises(InputError, match="none: it is not calibrated"):
        alarm_rule("quantile(0.99)", info)


@settings(max_examples=300)
@given(
    st.one_of(
        st.text(max_size=12),
        st.floats(),
        st.from_regex(
            r"(sigmas|quantile|rolling|budget|tail)\([-0-9.,e/a-z]{0,12}\)", fullmatch=True
        ),
    )
)
def test_any_policy_is_a_finite_rule_or_refused(policy: str | float) -> None:
    try:
        rule = alarm_rule(policy, INFO)
    except InputError:
        return
    assert math.isfinite(rule.value)


NOT_YET = {
    "an int that is no float": 10**400,
    "more digits than Python reads": f"rolling(0.9,{'9' * 5000})",
    "a number with a line end": "nan\n",
    "sigmas beyond single precision": "sigmas(1e300)",
    "a tail beyond single precision": f"tail(0.{'0' * 200}1/week,300s)",
}


@pytest.mark.parametrize("policy", NOT_YET.values(), ids=NOT_YET)
def test_extremes_are_refused_in_one_line(policy: Any) -> None:
    with pytest.raises(InputError) as caught:
        CAUSAL.score([1.0, 2.0], threshold=policy)
    assert "\n" not in str(caught.value)
