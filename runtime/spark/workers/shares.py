"""How one long series is shared out so that no bit of a score changes.

A windowed model's windows begin every `stride` rows, a causal model's every `window` rows; with a
rolling scaling the rows before them are its history. A share begins where a window does and is
read with enough rows before it that each of its own rows is answered by the window that would
answer it in the whole series; the last share ends with the series, as the whole does.
"""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.alarms.policies.policy_table import alarm_rule
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.inputs import check_stride
from stillwatch.runtime.spark.options import SparkOptions

__all__ = ["Shares", "shares_of"]


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Which rows are whose: share k answers rows first + k * length and on, share 0 those before.

    overlap: rows that a share reads before its own; not more than `length`.
    """

    first: int
    length: int
    overlap: int

    def owner(self, row: AnyArray) -> AnyArray:
        """Returns the share that answers each row."""
        return np.maximum(0, (row - self.first) // self.length)

    def readers(self, row: str) -> str:
        """Returns, as Spark's SQL, the shares that read the row of a column: one or two."""
        owner = f"greatest(0, floor(({row} - {self.first}) / {self.length}))"
        beginning = f"{self.first} + ({owner} + 1) * {self.length} - {self.overlap}"
        return f"if({row} >= {beginning}, array({owner}, {owner} + 1), array({owner}))"


def shares_of(info: CapsuleInfo, options: SparkOptions) -> Shares:
    """Returns shares of about `options.share` rows; raises InputError where none are exact."""
    fixed = options.mean is not None
    if info.scaling.kind == "series" and not fixed:
        raise InputError(
            "a capsule with 'series' scaling wants the whole series: give mean and scale, or "
            "leave share out"
        )
    rule = alarm_rule(options.threshold, info)
    if rule.rolling is not None or rule.budget is not None:
        raise InputError(
            f"{rule.policy} judges a row by all that were before it: leave share out, or say "
            "threshold='trained' to have the scores alone"
        )
    if options.fill or info.training.missing == "forward":
        raise InputError("gaps are filled from row to row: fill them first, or leave share out")
    history = 0 if fixed else info.scaling.history
    stride = info.window if info.state else check_stride(options.stride, info)
    overlap = history + info.window
    asked = max(options.share or 0, overlap)
    length = -(-asked // stride) * stride
    return Shares(first=history + info.window - stride, length=length, overlap=overlap)
