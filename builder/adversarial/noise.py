"""Noise for a generator: drawn from a seed, and on the way between two draws. Needs no Keras."""

from __future__ import annotations

import numpy as np


def draw(shape: tuple[int, ...], count: int, seed: int) -> np.ndarray:
    """Return ``count`` draws of noise, float32 (count, *shape); the same seed gives the same ones."""
    return np.random.default_rng(seed).standard_normal((count, *shape), dtype=np.float32)


def path_between(start: np.ndarray, end: np.ndarray, count: int) -> np.ndarray:
    """Return ``count`` vectors of noise on the way from one to another, both ends included.

    The way is the arc between their directions: on the straight line the noise would be shorter than what the
    generator knows.

    Args:
        start: one draw of noise, (…).
        end: another of the same shape.
        count: at least 2.

    Reference: White, Sampling Generative Networks (2016).
    """
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    cosine = np.clip(np.sum(start * end) / max(lengths[0] * lengths[1], 1e-12), -1, 1)
    angle = np.arccos(cosine)
    found = []
    for share in np.linspace(0, 1, count):
        if np.sin(angle) < 1e-6:
            found.append((1 - share) * start + share * end)
        else:
            found.append((np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle))
    return np.stack(found).astype(np.float32)
