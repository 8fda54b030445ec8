"""Noise in the place of data, for what asks a generator as other models are asked about samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from builder.adversarial.noise import draw
from builder.blocks.latent_input import latent_node, latent_shape
from builder.data.prepare import Prepared
from builder.data.some_rows import some_of
from builder.data.spec import ArraySpec, ModelInput
from builder.project import Project

LATENT_ROWS = {"train": 256, "validation": 0, "test": 300}
_LOOKED_AT = 200


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
    rows = some_of(prepared.indices["train"], _LOOKED_AT)
    return float(np.var(prepared.arrays[prepared.spec.arrays[0].name][rows], dtype=np.float64))
