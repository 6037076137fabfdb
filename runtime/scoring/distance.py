"""Scores from values and their reconstructions; higher is more anomalous."""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32, Float64

__all__ = ["Mahalanobis", "fit_mahalanobis", "shared_by_error", "squared_error"]


def squared_error(scaled: AnyArray, reconstruction: AnyArray) -> AnyArray:
    """Returns the squared error of each step (..., T), summed over channels.

    scaled, reconstruction: (..., T, C), scaled units.
    """
    error: AnyArray = np.square(scaled - reconstruction).sum(axis=-1)
    return error


def shared_by_error(score: AnyArray, error: AnyArray) -> Float32:
    """Returns the score (...) shared out among channels by their errors (..., C).

    What stands for the contribution where a capsule of schema 1 gives none.
    """
    channels = error.shape[-1]
    with np.errstate(all="ignore"):  # an error may be infinite, and all may be zero
        total = error.sum(axis=-1, keepdims=True)
        share = np.where(total > 0, error / total, 1 / channels)
        parts: Float32 = (score[..., None] * share).astype(np.float32)
    return parts


@dataclass(frozen=True)
class Mahalanobis:
    """A Mahalanobis distance: mean (F,), whitening (F, F), the symmetric root of Sigma^-1.

    With this root each whitened feature stays closest to its own feature, and
    the squares of all of them sum to the distance: each is a feature's part
    of it. Source: A. Kessy, A. Lewin and K. Strimmer, Optimal whitening and
    decorrelation, The American Statistician 72 (2018). condition: the
    condition number of the regularised Sigma.
    """

    mean: Float64
    whitening: Float64
    condition: float

    def parts(self, features: AnyArray) -> Float64:
        """Returns what each of the features (..., F) adds to their score, (..., F), never below 0.

        Any other root of Sigma^-1 gives the same score, of parts that are no feature's own.
        """
        white = (features - self.mean) @ self.whitening
        squared: Float64 = np.square(white)
        return squared

    def score(self, features: AnyArray) -> Float64:
        """Returns (f - mean)^T Sigma^-1 (f - mean) of features (..., F)."""
        score: Float64 = self.parts(features).sum(axis=-1)
        return score


def fit_mahalanobis(features: Float64, shrinkage: float) -> Mahalanobis:
    """Returns the distance fitted on the features (T, F) of normal data.

    Sigma gets `shrinkage` times its mean variance on the diagonal (Ledoit and
    Wolf's target, with a fixed weight), so that a feature that never varied,
    or fewer rows than features, leave it invertible.
    """
    mean = features.mean(axis=0)
    centred = features - mean
    sigma = centred.T @ centred / len(features)
    average = float(np.trace(sigma)) / len(sigma)
    sigma += np.eye(len(sigma)) * (shrinkage * average if average > 0 else 1.0)
    eigenvalues, eigenvectors = np.linalg.eigh(sigma)
    return Mahalanobis(
        mean=mean,
        whitening=eigenvectors / np.sqrt(eigenvalues) @ eigenvectors.T,
        condition=float(eigenvalues[-1] / eigenvalues[0]),
    )
