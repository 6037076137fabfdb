"""The judge's parts on cases that were worked out by hand."""

import math

import numpy as np
import pytest

from stillwatch.runtime.alarms.judge.account import (
    Account,
    AccountState,
    account_step,
    start_account,
)
from stillwatch.runtime.alarms.judge.bar import Bar, BarState, bar_step, fused
from stillwatch.runtime.alarms.judge.frozen import (
    Repeats,
    RepeatsState,
    longest_repeats,
    repeats_step,
)
from stillwatch.runtime.alarms.judge.learning import Learning, learning_step, start_learning
from stillwatch.runtime.alarms.judge.levels import base_level, event_levels
from stillwatch.runtime.alarms.judge.moments import (
    ChannelMoments,
    MomentRates,
    log_statistic,
    moments_step,
)
from stillwatch.runtime.alarms.judge.residuals import (
    Filters,
    day_means,
    residuals_step,
    start_filters,
)
from stillwatch.runtime.alarms.judge.tail import (
    TailRule,
    TailState,
    familiarity,
    surprise,
    tail_step,
)
from stillwatch.runtime.arrays import Float64

RULE = TailRule()


def at(*figures: float) -> Float64:
    return np.array(figures, np.float64)


def moments(mean: float, variance: float, high: float, low: float) -> ChannelMoments:
    return ChannelMoments(*(at(figure)[None] for figure in (mean, variance, high, low)))


def test_moments_learn_a_row_after_they_have_judged_it() -> None:
    rates = MomentRates(learn=0.1, forget=0.25)
    z, after = moments_step(moments(1.0, 4.0, 3.0, -1.0), at(11.0)[None], rates)
    # s = 2, z = 5, w = 2 * 3; hi is above the row's own; lo goes a quarter of the way to the mean.
    assert z.item() == 5
    assert [part.item() for part in after] == pytest.approx([1.6, 4 + 0.1 * (36 - 4), 11, -0.5])


def test_scale_has_a_floor_from_the_range_and_deviations_a_cut() -> None:
    rates = MomentRates(learn=0.1, forget=0.0)
    z, _ = moments_step(moments(0.0, 0.0, 30.0, -20.0), at(4.0)[None], rates)
    assert z.item() == pytest.approx(4)  # s = 50 / 50
    z, after = moments_step(moments(0.0, 0.0, 0.0, 0.0), at(1e30)[None], rates)
    assert z.item() == 50
    assert after.high.item() == rates.reach  # one absurd value does not leave it deaf


def test_rates_are_halves_of_three_days_and_a_range_of_fourteen() -> None:
    rates = MomentRates.of_period(60)
    assert (1 - rates.learn) ** (3 * 1440) == pytest.approx(0.5, rel=1e-3)
    assert rates.forget == pytest.approx(1 / (14 * 1440))


def test_statistic_is_the_logarithm_of_the_sum() -> None:
    found = log_statistic(np.array([[4.0, 0.0], [9.0, 0.0]]))
    assert found == pytest.approx([math.log(13.001), math.log(0.001)])


def repeats(last: float, run: float, longest: float) -> RepeatsState:
    return RepeatsState(*(at(figure)[None] for figure in (last, run, longest)))


def test_repeats_count_beyond_what_is_usual() -> None:
    rule = Repeats(least=10.0, learn=0.5)
    found, after = repeats_step(repeats(7.0, 29.0, 20.0), at(7.0)[None], rule)
    assert found.item() == pytest.approx(25)  # 30 rows are half as much again as 20
    assert [part.item() for part in after] == [7, 30, 25]
    found, after = repeats_step(after, at(7.1)[None], rule)
    assert (found.item(), after.run.item()) == (0, 0)
    assert repeats_step(repeats(7.0, 14.0, 2.0), at(7.0)[None], rule)[0].item() == 25  # of least


def test_longest_repeats() -> None:
    rows = np.array([[1, 1, 1, 2, 2, 1], [1, 2, 3, 4, 5, 6]], np.float64).T
    assert longest_repeats(rows).tolist() == [2, 0]


def tail(
    level: float, mean: float, square: float, calm: float = 20.0, top: float = 0.0
) -> TailState:
    figures = (level, mean, square, 1199.0, 8.0, 6.0, calm, top)
    peaks = np.zeros((RULE.peaks, 1))
    peaks[:3, 0] = (9.0, 5.0, 4.0)
    return TailState(*map(at, figures), peaks)


def test_surprise_of_an_exponential_tail() -> None:
    # m2 = 2 m1^2 is exponential: xi at its least, 1e-4. 4 means above the threshold.
    found = surprise(tail(1.0, 0.5, 0.5), at(3.0), RULE).item()
    counts = math.log(6 / 8 * 1199 / 600) / 2
    xi = 1e-4
    pareto = math.log(1 + xi * 2 / (0.5 * (1 - xi))) / xi
    assert found == pytest.approx(-math.log(0.07) + pareto - counts, rel=1e-12)
    assert found == pytest.approx(-math.log(0.07) + 4 - counts, rel=1e-3)
    assert surprise(tail(1.0, 0.5, 0.5), at(1.0), RULE).item() == 0


def test_surprise_of_a_heavy_tail() -> None:
    # m2 - m1^2 = 2 m1^2: xi = (1 - 1/2) / 2 = 1/4, sigma = 3/4 m1.
    found = surprise(tail(1.0, 0.5, 0.75), at(3.0), RULE).item()
    pareto = 4 * math.log(1 + 0.25 * 2 / 0.375)
    counts = math.log(6 / 8 * 1199 / 600) / 2
    assert found == pytest.approx(-math.log(0.07) + pareto - counts, rel=1e-12)


def test_what_has_happened_surprises_less() -> None:
    found = familiarity(tail(1.0, 0.5, 0.5), at(5.0), RULE).item()
    assert found == pytest.approx(3 * math.log(1 + 2))  # 9 and 5 are at least 4.5, 4 is not


def test_tail_learns_what_exceeds_and_what_does_not() -> None:
    state = tail(1.0, 0.5, 0.5)
    found, after = tail_step(state, at(0.4), RULE)
    assert found.item() == 0
    assert after.level.item() == pytest.approx(1 - 0.5 / 1200)
    assert (after.rows.item(), after.calm.item()) == (1200, 21)
    _, after = tail_step(state, at(9.0), RULE)
    capped, share = 2.5, 1 / (20 + 3 + 1)  # 5 means; the fourth exceedance
    assert after.level.item() == pytest.approx(1 + 0.5 * 0.93 / 0.07 / 1200)
    assert after.mean.item() == pytest.approx(0.5 + share * (capped - 0.5))
    assert after.square.item() == pytest.approx(0.5 + share * (capped**2 - 0.5))
    counts = (after.exceedances.item(), after.clusters.item(), after.calm.item(), after.top.item())
    assert counts == (9, 7, 0, 9)
    _, after = tail_step(after, at(8.0), RULE)  # of the same cluster
    assert (after.clusters.item(), after.top.item()) == (7, 9)


def test_peak_is_remembered_when_its_cluster_has_closed() -> None:
    state = tail(1.0, 0.5, 0.5, calm=11.0, top=4.5)
    _, after = tail_step(state, at(0.0), RULE)
    assert (after.peaks[:4, 0].tolist(), after.top.item()) == ([9, 5, 4, 0], 4.5)
    _, after = tail_step(after, at(0.0), RULE)
    assert (after.peaks[:5, 0].tolist(), after.top.item()) == ([9, 5, 4.5, 4, 0], 0)


def test_residuals_of_one_row() -> None:
    filters = Filters(rows=9.0, day=4, slots=4)  # a = 0.2
    state = start_filters(at(1.0, 1.0, 1.0)[:, None], filters)
    state = state._replace(slow=at(0.5), last=at(1.0), rough=at(1.2), wide=at(0.0), centre=at(1.0))
    found, after = residuals_step(state, at(3.0), None, filters)
    context, level, day, rough, spread = found[:, 0]
    assert (context, day) == (2.5, 0)
    assert level == pytest.approx((47 + 3) / 48 - 0.5)
    least = math.log(0.01)
    assert rough == pytest.approx(math.log(math.sqrt(1.2 + (4 - 1.2) / 12) + 0.01) - least)
    centre = 1 + 2 / 48
    assert spread == pytest.approx(math.log(math.sqrt((3 - centre) ** 2 / 48) + 0.01) - least)
    assert after.slow.item() == pytest.approx(0.5 + 0.2 * 2.5)
    assert residuals_step(start_filters(at(1, 1)[:, None], filters), at(3.0), at(2.0), filters)[0][
        0
    ].item() == pytest.approx(1)  # another context


def test_yesterday_is_a_day_ago_with_its_neighbours() -> None:
    filters = Filters(rows=9.0, day=4, slots=4)
    state = start_filters(np.zeros((2, 1)), filters)
    for value in range(1, 8):
        _, state = residuals_step(state, at(value), None, filters)
    # The eighth row is to come: a day before it was the fourth.
    assert [slot.item() for slot in day_means(state, filters)] == [3, 4, 5]
    found, _ = residuals_step(state, at(5.5), None, filters)
    assert found[2].item() == 0.5


def test_long_days_share_slots() -> None:
    filters = Filters.of_period(60, 9)
    assert (filters.day, filters.slots) == (1440, 288)
    state = start_filters(np.zeros((2, 1)), filters)
    for value in range(1440):
        _, state = residuals_step(state, at(value / 10), None, filters)
    # Row 1440 is the first of slot 0 of the second day: yesterday's was rows 0 to 4.
    before, same, after = day_means(state, filters)
    assert np.isnan(before.item())
    assert (same.item(), after.item()) == (0.4, 0.9)


def test_fusion_and_bar() -> None:
    assert fused(np.array([[3.0], [4.0]])).item() == 5
    bar = Bar(rows=10.0)
    level, state = bar_step(BarState(at(0.0), at(0.0)), at(5.0), bar)
    assert (level.item(), state.height.item(), state.held.item()) == (5, 8, 3)
    level, state = bar_step(state, at(7.0), bar)
    assert (level.item(), state.height.item(), state.held.item()) == (0, 8, 2)
    for _ in range(2):
        _, state = bar_step(state, at(0.0), bar)
    assert (state.height.item(), state.held.item()) == (8, 0)
    _, state = bar_step(state, at(0.0), bar)
    assert state.height.item() == pytest.approx(8 * math.exp(-1 / 3))
    _, state = bar_step(state, at(3.0), bar)  # counts not, and raises nothing
    assert state.height.item() == pytest.approx(8 * math.exp(-2 / 3))
    _, state = bar_step(state, at(100.0), bar)
    assert state.height.item() == 33


def test_levels_count_events_not_rows() -> None:
    levels = np.zeros(200)
    levels[[10, 12, 100, 131]] = (5.0, 6.0, 4.0, 3.0)  # 10 and 12, 100 and 131 are one each
    levels[180] = 2.0
    found = event_levels(levels, 30)
    assert found[:3] == (6.0, 4.0, 2.0)
    assert base_level(found, weeks=0.5, budget=1) == 6.0
    assert base_level(found, weeks=0.5, budget=2) == 4.0
    levels[131], levels[132] = 0.0, 3.0  # 31 calm rows lie between
    assert event_levels(levels, 30)[:4] == (6.0, 4.0, 3.0, 2.0)


ONE = np.ones((1, 1))  # the parts of a row of one channel


def test_account_pays_for_events_and_standing_alarms() -> None:
    account = Account(budget=2.0, period=60.0)
    week = 7 * 1440
    state = start_account(account, 1, 1)
    assert state.credit.item() == 2
    paid, state = account_step(state, at(5.0), ONE, 4.0, account)
    assert (paid.alarm.item(), paid.begins.item(), paid.cost.item()) == (True, True, 1)
    assert (state.credit.item(), state.ease.item(), state.calm.item()) == (1, 0, 0)
    paid, state = account_step(state, at(5.0), ONE, 4.0, account)
    assert (paid.alarm.item(), paid.begins.item()) == (True, False)
    assert paid.cost.item() == pytest.approx(1 / 60)
    assert state.credit.item() == pytest.approx(1 + 3.5 / week - 1 / 60)  # earns 1.5 B + 0.5
    assert state.debt.item() == 0
    paid, state = account_step(state, at(3.0), ONE, 4.0, account)
    assert (paid.alarm.item(), paid.cost.item(), state.calm.item()) == (False, 0, 1)
    assert state.ease.item() == pytest.approx(2 * 2 / week)  # two rows since the event began


def test_account_in_debt_raises_the_threshold() -> None:
    account = Account(budget=1.0, period=60.0)
    state = AccountState(at(-3.0), at(0.0), at(5.0), np.zeros((1, 1)))
    assert not account_step(state, at(5.4), ONE, 4.0, account)[0].alarm.item()
    assert account_step(state, at(5.6), ONE, 4.0, account)[0].alarm.item()
    eased = AccountState(at(1.0), at(0.5), at(31.0), np.zeros((1, 1)))
    paid, after = account_step(eased, at(3.6), ONE, 4.0, account)
    assert paid.begins.item()
    assert after.ease.item() == 0  # one event of a budget of one takes it all back


def test_what_stands_beyond_the_credit_is_the_debt_of_the_channels_that_stand() -> None:
    account = Account(budget=1.0, period=3600.0, tightened=0.0)
    parts = at(400.0, 100.0, 0.0)[:, None]
    level = np.log(parts.sum(axis=0) + 1e-3)
    state = AccountState(at(-0.5), at(0.0), at(0.0), np.zeros((3, 1)))
    paid, after = account_step(state, level, parts, 4.0, account)
    assert (paid.alarm.item(), paid.cost.item()) == (True, 1)
    earned = 2 / 168
    assert after.credit.item() == pytest.approx(-0.5 + earned)  # the row is not the account's
    assert after.debt[:, 0] == pytest.approx([1, 0.25, 0])
    # With three events of debt a channel counts for exp(-1.5) of what it adds, and for exp(-2.25)
    # before it begins another event; others for all of it.
    loud, other = at(400.0, 0.0, 0.0)[:, None], at(0.0, 400.0, 0.0)[:, None]
    for calm, nats in ((0.0, 1.5), (31.0, 2.25)):
        owing = AccountState(at(1.0), at(0.0), at(calm), at(3.0 + earned, 0.0, 0.0)[:, None])
        heard = np.log(400.0) - nats
        for base, alarms in ((heard - 0.01, True), (heard + 0.01, False)):
            paid, _ = account_step(owing, np.log(at(400.001)), loud, base, account)
            assert paid.alarm.item() is alarms
            assert paid.parts[:, 0] == pytest.approx([400 * math.exp(-nats), 0, 0])
            assert account_step(owing, np.log(at(400.001)), other, base, account)[0].alarm.item()


def test_nobody_stands_for_what_is_no_number() -> None:
    account = Account(budget=1.0, period=3600.0)
    state = AccountState(at(-0.5), at(0.0), at(0.0), np.zeros((2, 1)))
    paid, after = account_step(state, at(np.inf), np.zeros((2, 1)), 4.0, account)
    assert (paid.alarm.item(), after.debt.tolist()) == (True, [[0], [0]])


def test_a_new_level_is_learnt_when_the_mean_has_moved_there() -> None:
    account = Account(budget=2.0, period=60.0)
    paid, books = account_step(start_account(account, 1, 1), at(9.0), ONE, 4.0, account)
    one = at(1.0)[None]
    learnt, state = learning_step(
        start_learning(1, 1), paid, books.calm > 30, (5 * one, 0 * one, one), Learning()
    )
    assert not learnt.any()
    quiet = paid._replace(alarm=paid.alarm & False, begins=paid.begins & False)
    for mean, calm, expected in ((5.0, 10.0, False), (2.5, 31.0, False), (5.0, 31.0, True)):
        now = (5 * one, mean * one, one)
        learnt, after = learning_step(state, quiet, at(calm) > 30, now, Learning())
        assert learnt.item() is expected
    assert after.watching.item() == 0
    # Back where it was: nothing is to be learnt, and nothing is watched any more.
    learnt, after = learning_step(state, quiet, at(31.0) > 30, (one, 0 * one, one), Learning())
    assert (learnt.item(), after.watching.item()) == (False, 0)
