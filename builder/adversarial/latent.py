"""Noise for a generator: drawn from a seed, on the way between two draws, and in the place of data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from builder.blocks.latent_input import latent_node, latent_shape
from builder.data.prepare import Prepared
from builder.data.spec import ArraySpec, ModelInput
from builder.project import Project

LATENT_ROWS = {"train": 256, "validation": 0, "test": 300}
_LOOKED_AT = 200


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


def latent_data(prepared: Prepared, project: Project) -> Prepared:
    """Return noise in the place of data, for what asks a generator as other models are asked about samples.

    Anything else than a generator's data is returned as it is.
    """
    node = latent_node(project.model)
    if prepared.spec.task != "generation" or node is None:
        return prepared
    shape, total = latent_shape(node.parameters), sum(LATENT_ROWS.values())
    ends = np.cumsum(list(LATENT_ROWS.values()))
    indices = {
        part: np.arange(end - rows, end)
        for (part, rows), end in zip(LATENT_ROWS.items(), ends.tolist(), strict=True)
    }
    spec = replace(
        prepared.spec,
        inputs=(ModelInput(node.name, "latent", (ArraySpec(node.name, shape, "float32"),)),),
        target_shape=prepared.spec.sample_shape,
        # What is too small a difference to matter is told by how much the real samples vary.
        target_variance=_variance(prepared),
        class_names=(),
        rows=dict(LATENT_ROWS),
    )
    arrays = {node.name: draw(shape, total, seed=0)}
    return replace(
        prepared, spec=spec, arrays=arrays, targets=np.zeros((total, 0), np.float32), indices=indices
    )


def _variance(prepared: Prepared) -> float:
    """Return the variance of the values of some real samples."""
    rows = np.asarray(prepared.indices["train"])[:_LOOKED_AT]
    return float(np.var(prepared.arrays[prepared.spec.arrays[0].name][rows], dtype=np.float64))
