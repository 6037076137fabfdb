"""Whether a validation loss has settled, or training ended while it still fell."""

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["unsettled"]

_LAST = 0.2  # of the epochs
_STILL = 0.02  # of the loss: what a run that has settled does not gain in its last fifth


def unsettled(curve: Mapping[str, Sequence[float]]) -> list[str]:
    """Returns what to say of a run whose best epoch is its last and that still gained: a line.

    curve: "validation", the loss of each epoch. None is said of fewer than five
    epochs with nothing to compare.
    """
    losses = np.asarray(curve.get("validation", ()), np.float64)
    before = len(losses) - max(1, int(_LAST * len(losses)))
    if len(losses) < 5 or int(losses.argmin()) != len(losses) - 1:
        return []
    reached = float(losses[:before].min())
    gained = (reached - float(losses[-1])) / reached if reached > 0 else 0.0
    if not gained > _STILL:  # also for losses that are no numbers
        return []
    return [
        f"the validation loss has not settled: it fell by {gained:.0%} in the last "
        f"{len(losses) - before} of {len(losses)} epochs; train longer, with more --epochs"
    ]
