"""The alarm account: what a budget of events pays for, however the data drift. Arrays are (B,)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stillwatch.runtime.alarms.judge.moments import in_channel_order
from stillwatch.runtime.arrays import Bool, Float64

__all__ = [
    "LEAST_PART",
    "WEEK",
    "Account",
    "AccountState",
    "Paid",
    "account_step",
    "calm_rows",
    "start_account",
]

WEEK = 604800.0  # seconds
_CALM = 1800.0  # seconds of calm that end an event
_FEWEST_CALM, _MOST_CALM = 3, 3600  # rows of it
LEAST_PART = 1e-30  # of the largest channel: nobody stands for what is no number


def calm_rows(period: float) -> int:
    """Returns after how many calm rows an event is over: half an hour's, from 3 to 3600."""
    return min(_MOST_CALM, max(_FEWEST_CALM, round(_CALM / period)))


class AccountState(NamedTuple):
    """credit: k, in events. ease: g, by how much the threshold is lowered. calm: rows so far.

    (B,) each; debt: d (C, B), what each channel has stood for beyond the credit, in events.
    """

    credit: Float64
    ease: Float64
    calm: Float64
    debt: Float64


class Paid(NamedTuple):
    """A row's alarm, whether it begins an event, and what it cost, in events: (B,) each.

    parts: (C, B), what each channel added as far as it was heard.
    """

    alarm: Bool
    begins: Bool
    cost: Float64
    parts: Float64


@dataclass(frozen=True, kw_only=True)
class Account:
    """budget: B, events a week. period: seconds a row.

    tightened: by how much an event raises an eased threshold again, in nats. most: by
    how much it is eased at all. dear: by how much an event of debt raises it. again:
    how many times as much what has stood is quietened before it begins another event.
    """

    budget: float
    period: float
    tightened: float = 1.0
    most: float = 1.0
    dear: float = 0.5
    again: float = 1.5

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
        """What a row earns: 1.5 B + 0.5 a week."""
        return (1.5 * self.budget + 0.5) * self.period / WEEK

    @property
    def standing(self) -> float:
        """What a further row of an event costs: an event an hour, and a row no more than one."""
        return min(1.0, self.period / 3600)

    @property
    def eased(self) -> float:
        """By how much a row without debt eases the threshold: B events a week take it back."""
        return self.tightened * self.budget * self.period / WEEK


def start_account(account: Account, channels: int, streams: int) -> AccountState:
    """Returns the account that nothing has been taken from."""
    nothing, calm = np.zeros(streams), np.full(streams, account.calm + 1.0)
    return AccountState(np.full(streams, account.cap), nothing, calm, np.zeros((channels, streams)))


def account_step(
    state: AccountState, level: Float64, parts: Float64, base: float | Float64, account: Account
) -> tuple[Paid, AccountState]:
    """Returns what a row's level (B,) comes to, and the account after it.

        k = min(cap, k + earned)     d = max(0, d - earned)     g = min(most, g + eased) where k > 0
        p = parts exp(-dear d), in calm exp(-again dear d)
        level += ln((sum of p + 0.001) / (sum of parts + 0.001))
        alarm where level > base - g + dear max(0, -k)
        after more than `calm` calm rows it begins an event: k -= 1, g = max(0, g - tightened)
        else it is one more row of the last one:  k -= standing where k > 0, else
                                                  d += standing p / (the largest p)

    parts: (C, B), what each channel added; 0 where that is not known. So events stay
    below what is earned: what is spent beyond it raises the threshold until it
    is earned again. Standing on credit, an alarm is everybody's; beyond it, it
    is the debt of the channels that stand, which count for less until that is
    earned, and a later event of another channel is heard.
    """
    credit = np.minimum(state.credit + account.earned, account.cap)
    solvent = credit > 0
    ease = np.where(solvent, np.minimum(state.ease + account.eased, account.most), state.ease)
    debt = state.debt
    if debt.any():  # few rows; without a debt the same figures come out
        debt = np.maximum(debt - account.earned, 0.0)
        dear = np.where(state.calm > account.calm, account.dear * account.again, account.dear)
        heard = parts * np.exp(debt * -dear)
        sums = (in_channel_order(each) + 1e-3 for each in (heard, parts))
        level, parts = level + np.log(np.divide(*sums)), heard
    alarm = level > base - ease + account.dear * np.maximum(-credit, 0.0)
    begins = alarm & (state.calm > account.calm)
    stands = alarm & ~begins
    cost = np.where(begins, 1.0, np.where(stands, account.standing, 0.0))
    owed = stands & ~solvent
    if owed.any():
        largest = np.maximum(parts.max(axis=0), LEAST_PART)
        debt = np.where(owed, debt + account.standing * (parts / largest), debt)
    ease = np.where(begins, np.maximum(ease - account.tightened, 0.0), ease)
    # A count without a bound would one day not fit a float32 graph; beyond the gap it says nothing.
    calm = np.where(alarm, 0.0, np.minimum(state.calm + 1, account.calm + 1.0))
    credit = np.where(owed, credit, credit - cost)
    return Paid(alarm, begins, cost, parts), AccountState(credit, ease, calm, debt)
