"""Scores from values and their reconstructions; higher is more anomalous."""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float64

__all__ = ["Mahalanobis", "fit_mahalanobis", "squared_error"]


def squared_error(scaled: AnyArray, reconstruction: AnyArray) -> AnyArray:
    """Returns the squared error of each step (..., T), summed over channels.

    scaled, reconstruction: (..., T, C), scaled units.
    """
    error: AnyArray = np.square(scaled - reconstruction).sum(axis=-1)
    return error


@dataclass(frozen=True)
class Mahalanobis:
    """A Mahalanobis distance: mean (F,), whitening (F, F), Sigma^-1 = whitening whitening^T.

    condition: the condition number of the regularised Sigma.
    """

    mean: Float64
    whitening: Float64
    condition: float

    def score(self, features: AnyArray) -> Float64:
        """Returns (f - mean)^T Sigma^-1 (f - mean) of features (..., F)."""
        white = (features - self.mean) @ self.whitening
        score: Float64 = np.square(white).sum(axis=-1)
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
        whitening=eigenvectors / np.sqrt(eigenvalues),
        condition=float(eigenvalues[-1] / eigenvalues[0]),
    )
