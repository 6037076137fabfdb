"""The judge of one channel for one stream, in plain numbers: the same figures, without arrays.

NumPy costs a microsecond a call, and a row takes a hundred calls. What this
computes is `one_step`, `account_step` and `learning_step`, operation for
operation in the same order; logarithms are NumPy's, since another library's
may differ in the last bit. A row without a number goes the other way.
"""

import math
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judge.account import LEAST_PART, Account, AccountState
from stillwatch.runtime.alarms.judge.bar import BarState
from stillwatch.runtime.alarms.judge.learning import Learning, LearningState
from stillwatch.runtime.alarms.judge.one import One, OneState
from stillwatch.runtime.alarms.judge.residuals import FiltersState
from stillwatch.runtime.alarms.judge.single.one_tail import SingleTail
from stillwatch.runtime.alarms.judged import BEGINS, ENDS, LEARNT
from stillwatch.runtime.arrays import Float64

__all__ = ["Single", "SingleRow"]


class SingleRow(NamedTuple):
    """What a row comes to, as of `Judged`; part: of the one channel."""

    surprise: float
    alarm: bool
    part: float
    cost: float
    mark: int


class Single:
    """The state of one stream, from arrays (..., 1) and back, and a row at a time in between."""

    def __init__(self, rule: One, account: Account, learning: Learning, base: float) -> None:
        """base: the threshold that the account starts from."""
        self._filters, self._bar = rule.filters, rule.bar
        self._account, self._learning, self._base = account, learning, base
        self._tail_rules = rule.tails
        self._fades = math.exp(-1 / rule.bar.hold)

    def load(
        self,
        scaling: tuple[Float64, Float64],
        weighing: OneState,
        account: AccountState,
        learning: LearningState,
    ) -> None:
        """Takes a state; scaling: centre and scale (1, 1)."""
        self._centre, self._scale = (figure.item() for figure in scaling)
        f = weighing.filters
        self._recent, self._slots, self._row = (
            f.recent[:, 0].tolist(),
            f.slots[:, 0].tolist(),
            f.row,
        )
        self._slow, self._last, self._sum = f.slow.item(), f.last.item(), f.sum.item()
        self._rough, self._mid, self._wide = f.rough.item(), f.centre.item(), f.wide.item()
        self._roughness, self._spread = f.roughness.item(), f.spread.item()
        self._tails = [
            SingleTail(rule, weighing.tails, place) for place, rule in enumerate(self._tail_rules)
        ]
        self._height, self._held = (part.item() for part in weighing.bar)
        self._credit, self._ease, self._calm, self._debt = (part.item() for part in account)
        self._from, self._within, self._watching = (part.item() for part in learning)

    def unload(self) -> tuple[OneState, AccountState, LearningState]:
        """Returns the state as arrays, in memory of their own."""
        filters = FiltersState(
            slow=np.array([self._slow]),
            last=np.array([self._last]),
            recent=np.array(self._recent)[:, None],
            sum=np.array([self._sum]),
            slots=np.array(self._slots, np.float64)[:, None],
            rough=np.array([self._rough]),
            centre=np.array([self._mid]),
            wide=np.array([self._wide]),
            roughness=np.array([self._roughness]),
            spread=np.array([self._spread]),
            row=self._row,
        )
        bar = BarState(np.array([self._height]), np.array([self._held]))
        account = AccountState(
            credit=np.array([self._credit]),
            ease=np.array([self._ease]),
            calm=np.array([self._calm]),
            debt=np.array([[self._debt]]),
        )
        learning = (np.array([[self._from]]), np.array([[self._within]]))
        return (
            OneState(filters, SingleTail.joined(self._tails), bar),
            account,
            LearningState(*learning, np.array([self._watching])),
        )

    def judge(self, value: float) -> SingleRow:
        """Returns what a finite value comes to, in the sensor's units, that has a finite score."""
        x, usual = (value - self._centre) / self._scale, self._slow
        total = 0.0
        for tail, residual in zip(self._tails, self._residuals(x), strict=True):
            result = tail.step(residual)
            total += result * result
        surprise = math.sqrt(total)
        counts = surprise > self._height
        if counts and surprise > self._bar.least:
            self._height = min(surprise, self._bar.most) + self._bar.above
            self._held = self._bar.hold
        else:
            if not self._held > 0:
                self._height *= self._fades
            self._held = max(self._held - 1, 0.0)
        part = surprise * surprise
        over = self._calm == self._account.calm
        alarm, begins, cost, part = self._pay(surprise if counts else 0.0, part)
        learnt = (begins or self._watching != 0) and self._learns(x, usual, begins)
        mark = BEGINS * begins + LEARNT * learnt + ENDS * (over and not alarm)
        return SingleRow(surprise, alarm, part, cost, mark)

    def _residuals(self, x: float) -> tuple[float, float, float, float, float]:
        """As `residuals_step`."""
        rule, recent, slots = self._filters, self._recent, self._slots
        z = min(max(x, -rule.cut), rule.cut)
        place = self._row % rule.short
        self._sum += z - recent[place]
        recent[place] = z
        if place == rule.short - 1:
            self._sum = recent[0]
            for one in recent[1:]:
                self._sum += one
        step, self._last = z - self._last, z
        self._rough += (step * step - self._rough) / rule.rough
        self._mid += (z - self._mid) / rule.wide
        off = z - self._mid
        self._wide += (off * off - self._wide) / rule.wide
        rough = float(np.log(math.sqrt(self._rough) + rule.least))
        wide = float(np.log(math.sqrt(self._wide) + rule.least))
        nearest = math.inf
        if rule.slots:
            days, rest = divmod(self._row, rule.day)
            now, length = days * rule.slots + rest * rule.slots // rule.day, len(slots)
            for shift in (-1, 0, 1):
                slot = slots[(now - rule.slots + shift) % length]
                if abs(z - slot) < nearest:  # False for none
                    nearest = abs(z - slot)
            slots[now % length] = z
        result = (
            abs(z - self._slow),
            abs(self._sum / rule.short - self._slow),
            0.0 if nearest == math.inf else nearest,
            abs(rough - self._roughness),
            abs(wide - self._spread),
        )
        a = rule.slow
        self._slow += a * (z - self._slow)
        self._roughness += a * (rough - self._roughness)
        self._spread += a * (wide - self._spread)
        self._row += 1
        return result

    def _pay(self, level: float, part: float) -> tuple[bool, bool, float, float]:
        """As `account_step`: alarm, whether it begins an event, cost, and the part as heard."""
        rule = self._account
        self._credit = min(self._credit + rule.earned, rule.cap)
        solvent = self._credit > 0
        if solvent:
            self._ease = min(self._ease + rule.eased, rule.most)
        if self._debt:
            self._debt = max(self._debt - rule.earned, 0.0)
            dear = rule.dear * rule.again if self._calm > rule.calm else rule.dear
            heard = part * float(np.exp(self._debt * -dear))
            level, part = level + float(np.log((heard + 1e-3) / (part + 1e-3))), heard
        alarm = level > self._base - self._ease + rule.dear * max(-self._credit, 0.0)
        if not alarm:
            self._calm = min(self._calm + 1, rule.calm + 1.0)
            return False, False, 0.0, part
        begins = self._calm > rule.calm
        self._calm = 0.0
        if begins:
            self._ease = max(self._ease - rule.tightened, 0.0)
        cost = 1.0 if begins else rule.standing
        if begins or solvent:
            self._credit -= cost
        else:
            self._debt += rule.standing * (part / max(part, LEAST_PART))
        return True, begins, cost, part

    def _learns(self, x: float, mean: float, begins: bool) -> bool:
        """As `learning_step`, of a scale of 1."""
        rule = self._learning
        if begins and self._watching == 0:
            self._from, self._within, self._watching = mean, 1.0, 1.0
        if not (self._watching > 0 and self._calm > self._account.calm):
            return False
        moved = abs(mean - self._from) > rule.far * self._within
        learnt = moved and abs(x - mean) <= rule.near
        if learnt or abs(x - self._from) <= rule.near * self._within:
            self._watching = 0.0
        return learnt
