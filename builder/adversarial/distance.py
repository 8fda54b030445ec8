"""How far made samples are from real ones, in the features of a network. Plain NumPy."""

from __future__ import annotations

import numpy as np


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the Fréchet distance of the normal distributions that fit two sets of features, 0 or more.

    Args:
        one: features, (samples, features).
        other: features of other samples, (samples, features).

    Reference: Heusel et al., GANs Trained by a Two Time-Scale Update Rule (2017), section 2. That article's
        FID takes the features of Inception-v3; its figures cannot be compared with other features'.
    """
    first, second = one.astype(np.float64), other.astype(np.float64)
    between = first.mean(axis=0) - second.mean(axis=0)
    covariances = [np.atleast_2d(np.cov(item, rowvar=False)) for item in (first, second)]
    root = square_root(covariances[0])
    # The trace of the root of a product is that of a symmetric matrix, whose eigenvalues are exact.
    shared = np.linalg.eigvalsh(root @ covariances[1] @ root)
    overlap = float(np.sqrt(np.clip(shared, 0, None)).sum())
    return max(float(between @ between) + sum(map(np.trace, covariances)) - 2 * overlap, 0.0)


def diversity(made: np.ndarray, real: np.ndarray) -> float:
    """Return how varied made samples are: the distance of two of them, 1 where it is that of real ones."""
    return spread(made) / max(spread(real), 1e-12)


def nearest(samples: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the distance of every sample to the nearest of the known ones, (samples,)."""
    squares = (samples**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)[None] - 2 * samples @ known.T
    return np.sqrt(np.clip(squares.min(axis=1), 0, None))


def spread(features: np.ndarray) -> float:
    """Return the root of the mean squared distance of two samples."""
    return float(np.sqrt(2 * np.var(features.astype(np.float64), axis=0).sum()))


def square_root(matrix: np.ndarray) -> np.ndarray:
    """Return the square root of a covariance matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
