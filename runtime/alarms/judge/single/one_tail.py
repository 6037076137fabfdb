"""The tail of one residual in plain numbers: as tail.py has it, operation for operation."""

import math
from collections.abc import Sequence

import numpy as np

from stillwatch.runtime.alarms.judge.tail import LOGARITHMS, TailRule, TailState
from stillwatch.runtime.arrays import Float64

__all__ = ["SingleTail"]

_LOGARITHMS = LOGARITHMS.tolist()


class SingleTail:
    """One of the residuals' tails, from a state (K, 1) and back."""

    def __init__(self, rule: TailRule, tails: TailState, place: int) -> None:
        """rule: of this residual, `least` a number. place: which of the K it is."""
        self._rule, self._least = rule, float(rule.least)
        self._rare = math.log(1 - rule.quantile)
        self._gain = rule.quantile / (1 - rule.quantile)
        figures = [part[place].item() for part in tails[:-1]]
        self.level: float = figures[0]
        self.mean: float = figures[1]
        self.square: float = figures[2]
        self.rows: float = figures[3]
        counts: list[float] = figures[4:]
        self.exceedances, self.clusters, self.calm, self.top = counts
        self.peaks: list[float] = tails.peaks[:, place, 0].tolist()

    @staticmethod
    def joined(tails: Sequence["SingleTail"]) -> TailState:
        """Returns the state (K, 1) of the tails."""

        def column(name: str) -> Float64:
            return np.array([[getattr(tail, name)] for tail in tails])

        return TailState(
            level=column("level"),
            mean=column("mean"),
            square=column("square"),
            rows=column("rows"),
            exceedances=column("exceedances"),
            clusters=column("clusters"),
            calm=column("calm"),
            top=column("top"),
            peaks=np.array([tail.peaks for tail in tails]).T[:, :, None].copy(),
        )

    def step(self, x: float) -> float:
        """Returns the surprise of a residual, a familiar one forgiven: as `tail_step`."""
        rule = self._rule
        rows = min(self.rows + 1, rule.longest)
        calm = self.calm + 1
        if calm > rule.gap and self.top > 0:
            self._remember(self.top)
            self.top = 0.0
        if not x > self.level:
            self.level -= self.mean / rows
            self.rows, self.calm = rows, calm
            return 0.0
        result = max(self._surprise(x) - self._familiarity(x), 0.0)
        counted = min(x - self.level, rule.most * self.mean)
        share = 1 / (rule.pseudo + self.exceedances - rule.first + 1)
        self.level += self.mean * self._gain / rows
        self.mean = max(self.mean + share * (counted - self.mean), self._least)
        self.square += share * (counted * counted - self.square)
        self.exceedances = min(self.exceedances + 1, rule.longest)
        self.clusters += calm > rule.gap
        self.rows, self.calm, self.top = rows, 0.0, max(self.top, x)
        return result

    def _surprise(self, x: float) -> float:
        rule, squared = self._rule, self.mean * self.mean
        ratio = squared / max(self.square - squared, 1e-12 * squared)
        xi = min(max((1 - ratio) / 2, rule.shape[0]), rule.shape[1])
        pareto = float(np.log(1 + xi * (x - self.level) / (self.mean * (1 - xi)))) / xi
        counts = float(np.log(self.clusters / self.exceedances * (self.rows / rule.aged)))
        return max(pareto - counts / 2 - self._rare, 0.0)

    def _familiarity(self, x: float) -> float:
        count, least = 0, self._rule.alike * x
        for peak in self.peaks:  # the highest first
            if peak < least:
                break
            count += 1
        return float(self._rule.forgives * _LOGARITHMS[count])

    def _remember(self, peak: float) -> None:
        place = next((i for i, other in enumerate(self.peaks) if other < peak), None)
        if place is not None:
            self.peaks.insert(place, peak)
            self.peaks.pop()
