"""What every block of a trained model makes of one sample, as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.data.prepare import Prepared
from builder.explain.pictures import png_text
from builder.explain.preview import Previewer, RunWeights
from builder.explain.preview.png import pictures
from builder.graph import Graph

# Long enough for every block of a large model.
_SECONDS = 120.0


def activation_maps(
    graph: Graph, prepared: Prepared, part: str, index: int, weights: RunWeights
) -> dict[str, Any]:
    """Return what the blocks of a model make of a sample, with the weights of a run.

    Args:
        graph: the model.
        prepared: its data.
        part: ``"train"``, ``"validation"`` or ``"test"``.
        index: the sample's number within the part, from 0.
        weights: those of the run.

    Returns:
        ``label`` (of the sample) and ``blocks``, in order: ``id``, ``shape`` (of the first output), ``marks``
        (what looks wrong), ``failure`` and ``pictures``, each with ``name`` and ``png``.
    """
    answer = Previewer().preview(graph, prepared, part, index, weights, seconds=_SECONDS)
    order = [node.id for node in graph.in_order()]
    return {
        "label": answer["sample"]["label"],
        "blocks": [_told(name, answer["blocks"][name]) for name in order if name in answer["blocks"]],
    }


def _told(name: str, block: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "shape": block["outputs"][0]["shape"] if block["outputs"] else [],
        "marks": [mark["message"] for mark in block["marks"]],
        "failure": block["failure"],
        "pictures": [
            {"name": label, "png": png_text(np.asarray(picture))} for label, picture in pictures(block)
        ],
    }
