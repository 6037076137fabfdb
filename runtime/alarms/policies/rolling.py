"""`rolling(Q,N)`: a quantile of the scores just before, which follows a drift.

Until N scores have come, it goes by the trained threshold.
"""

import numpy as np

from stillwatch.runtime.alarms.policies.rule import AlarmRule, Policy, Rolling, number_in
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError

__all__ = ["POLICY", "rolling_thresholds"]

_LONGEST = 10**6
_BLOCK = 2**20  # scores whose histories are held in memory at once


def _rule(policy: str, inner: str, info: CapsuleInfo) -> AlarmRule:
    quantile, _, length = inner.partition(",")
    short = length.isdecimal() and len(length) <= len(str(_LONGEST))  # int() of a long text fails
    if not short or not 2 <= int(length) <= _LONGEST:
        raise InputError(
            f"expected rolling(q,n), n scores from 2 to {_LONGEST}, as in rolling(0.99,2016), "
            f"got {policy!r}"
        )
    q = number_in(policy, quantile)
    if not 0 < q <= 1:
        raise InputError(f"expected a quantile above 0 and up to 1, got {policy!r}")
    return AlarmRule(policy, float(info.threshold.value), 0, Rolling(q, int(length)))


POLICY = Policy(
    name="rolling",
    form="rolling(Q,N)",
    example="rolling(0.99,2016)",
    meaning="the 0.99 quantile of the 2,016 scores before it: follows a drift, and always calls "
    "about 1 %",
    rule=_rule,
)


def rolling_thresholds(
    scores: AnyArray, past: AnyArray, rolling: Rolling, start: float
) -> AnyArray:
    """Returns the threshold of each score (N, T), from those before it.

    past: (N, P), the up to `length` scores before the first. A score with
    fewer before it than `length` has the threshold `start`.
    """
    seen = np.concatenate([past, scores], axis=1)[:, :-1]
    thresholds = np.full(scores.shape, start, scores.dtype)
    first = rolling.length - past.shape[1]  # of the scores to have a whole history
    if first >= scores.shape[1]:
        return thresholds
    histories = np.lib.stride_tricks.sliding_window_view(seen, rolling.length, axis=1)
    step = max(1, _BLOCK // (rolling.length * len(scores)))
    for begin in range(0, histories.shape[1], step):
        block = histories[:, begin : begin + step]
        ordered = np.partition(block, rolling.rank, axis=2)
        thresholds[:, first + begin : first + begin + step] = ordered[..., rolling.rank]
    return thresholds
