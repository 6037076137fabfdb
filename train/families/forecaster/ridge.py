"""The linear half: a map from recent rows to the horizon, solved in closed form.

Ridge regression, X'X + penalty * n * I, the bias unpenalised; channels share
one map. Both sides have the window's last value taken off, as NLinear does
(Zeng et al., AAAI 2023).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import Float32, Float64

__all__ = ["PENALTIES", "Linear", "fit_linear"]

PENALTIES = (1e-5, 3e-5, 1e-4, 3e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Linear:
    """weight (H, L) or, of a low rank r, factors (H, r) and (r, L); bias (H,)."""

    factors: tuple[Float64, ...]
    bias: Float64
    penalty: float

    def forecast(self, windows: Float64) -> Float64:
        """Returns what follows windows (N, L), (N, H), both without the last value."""
        answer = windows
        for factor in reversed(self.factors):
            answer = answer @ factor.T
        return answer + self.bias


def fit_linear(
    training: Sequence[Float32],
    validation: Sequence[Float32],
    *,
    lookback: int,
    horizon: int,
    rank: int = 0,
) -> Linear:
    """Returns the map whose penalty the validation series choose.

    training, validation: scaled channels (T, C); the latter with the rows
    before them that a window needs.
    """
    gram = _Gram(lookback, horizon)
    for series in training:
        gram.add(*_pairs(series, lookback, horizon))
    held_out = [_pairs(series, lookback, horizon) for series in validation]
    best: tuple[float, Linear] | None = None
    for penalty in PENALTIES:
        result = gram.solve(penalty, rank)
        squares = [np.square(result.forecast(x) - y) for x, y in held_out]
        loss = sum(part.sum() for part in squares) / sum(part.size for part in squares)
        if best is None or loss < best[0]:
            best = (loss, result)
    assert best is not None  # noqa: S101  (there are penalties)
    return best[1]


class _Gram:
    """Sums over samples, so that no matrix of all of them is ever made."""

    def __init__(self, lookback: int, horizon: int) -> None:
        self._count = 0
        self._x, self._y = np.zeros(lookback), np.zeros(horizon)
        self._xx, self._xy = np.zeros((lookback, lookback)), np.zeros((lookback, horizon))

    def add(self, x: Float64, y: Float64) -> None:
        self._count += len(x)
        self._x += x.sum(axis=0)
        self._y += y.sum(axis=0)
        self._xx += x.T @ x
        self._xy += x.T @ y

    def solve(self, penalty: float, rank: int) -> Linear:
        n = self._count
        x, y = self._x / n, self._y / n
        covariance = self._xx / n - np.outer(x, x)
        cross = self._xy / n - np.outer(x, y)
        regular = covariance + penalty * np.eye(len(x))
        weight: Float64 = np.linalg.solve(regular, cross).T  # (H, L)
        factors: tuple[Float64, ...] = (weight,)
        if rank:
            # Reduced-rank regression: the leading directions of what the full map answers.
            _, vectors = np.linalg.eigh(weight @ regular @ weight.T)
            leading: Float64 = vectors[:, ::-1][:, :rank]
            factors = (leading, leading.T @ weight)
        bias = y - weight @ x if not rank else y - factors[0] @ (factors[1] @ x)
        return Linear(factors, bias, penalty)


def _pairs(series: Float32, lookback: int, horizon: int) -> tuple[Float64, Float64]:
    """Returns windows (N * C, L) and what follows (N * C, H), without the windows' last values."""
    view = np.lib.stride_tricks.sliding_window_view(series, lookback + horizon, axis=0)
    samples = view.reshape(-1, lookback + horizon).astype(np.float64)
    last = samples[:, lookback - 1 : lookback]
    return samples[:, :lookback] - last, samples[:, lookback:] - last
