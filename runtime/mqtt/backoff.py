"""How long to wait before a broker is tried again."""

import random

__all__ = ["Backoff"]


class Backoff:
    """Waits that double, from `first` to `most` seconds, each drawn from its upper half.

    The draw keeps a fleet of boxes from coming back to their broker all at once
    (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
    """

    def __init__(self, first: float = 0.5, most: float = 60.0) -> None:
        """first, most: seconds."""
        self._first, self._most = first, most
        self._next = first
        self._draw = random.Random()  # noqa: S311  (no secret)

    def wait(self) -> float:
        """Returns the seconds to wait before the next try."""
        longest, self._next = self._next, min(2 * self._next, self._most)
        return self._draw.uniform(longest / 2, longest)

    def reset(self) -> None:
        """Begins anew, after a connection that held."""
        self._next = self._first
