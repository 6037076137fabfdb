"""The alarm account: what a budget of events pays for, however the data drift. Arrays are (B,)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.arrays import Bool, Float64

__all__ = ["WEEK", "Account", "AccountState", "Paid", "account_step", "calm_rows", "start_account"]

WEEK = 604800.0  # seconds
_CALM = 1800.0  # seconds of calm that end an event
_FEWEST_CALM, _MOST_CALM = 3, 3600  # rows of it


def calm_rows(period: float) -> int:
    """Returns after how many calm rows an event is over: half an hour's, from 3 to 3600."""
    return min(_MOST_CALM, max(_FEWEST_CALM, round(_CALM / period)))


class AccountState(NamedTuple):
    """credit: k, in events. ease: g, by how much the threshold is lowered. calm: rows so far."""

    credit: Float64
    ease: Float64
    calm: Float64


class Paid(NamedTuple):
    """A row's alarm, whether it begins an event, and what it cost, in events."""

    alarm: Bool
    begins: Bool
    cost: Float64


@dataclass(frozen=True, kw_only=True)
class Account:
    """budget: B, events a week. period: seconds a row."""

    budget: float
    period: float

    @property
    def cap(self) -> float:
        """The most that is saved up, and what it begins with: max(1, B)."""
        return max(1.0, self.budget)

    @property
    def calm(self) -> int:
        """After how many calm rows an event is over."""
        return calm_rows(self.period)

    @property
    def earned(self) -> float:
        """What a row earns: 2 B a week."""
        return 2 * self.budget * self.period / WEEK

    @property
    def standing(self) -> float:
        """What a further row of an event costs: an event an hour, and a row no more than one."""
        return min(1.0, self.period / 3600)

    @property
    def eased(self) -> float:
        """By how much a row without debt lowers the threshold: 1 a week."""
        return self.period / WEEK


def start_account(account: Account, streams: int) -> AccountState:
    """Returns the account that nothing has been taken from."""
    credit = np.full(streams, account.cap)
    return AccountState(credit, np.zeros(streams), np.full(streams, account.calm + 1.0))


def account_step(
    state: AccountState, level: Float64, base: float, account: Account
) -> tuple[Paid, AccountState]:
    """Returns what a row's level (B,) comes to, and the account after it.

        k = min(cap, k + earned)               g = min(1, g + eased) where k > 0
        alarm where level > base - g + max(0, -k) / 2
        after more than `calm` calm rows it begins an event: k -= 1, g = max(0, g - 1 / B)
        else it is one more row of the last one:         k -= standing

    So all alarms together stay near twice the budget: what is spent beyond it
    raises the threshold until it is earned again.
    """
    credit = np.minimum(state.credit + account.earned, account.cap)
    ease = np.where(credit > 0, np.minimum(state.ease + account.eased, 1.0), state.ease)
    alarm = level > base - ease + 0.5 * np.maximum(-credit, 0.0)
    begins = alarm & (state.calm > account.calm)
    cost = np.where(begins, 1.0, np.where(alarm, account.standing, 0.0))
    ease = np.where(begins, np.maximum(ease - 1 / account.budget, 0.0), ease)
    # A count without a bound would one day not fit a float32 graph; beyond the gap it says nothing.
    calm = np.where(alarm, 0.0, np.minimum(state.calm + 1, account.calm + 1.0))
    return Paid(alarm, begins, cost), AccountState(credit - cost, ease, calm)
