"""The things found on a person's own pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.data.spec import DataSpec
from builder.detections import SHOWN_FROM, Detections, detections, plain_boxes


def found_things(outputs: np.ndarray, spec: DataSpec) -> list[dict[str, Any]]:
    """Return the boxes on each picture, surest first.

    Args:
        outputs: what the model gave, (samples, rows, columns, classes + 4).
        spec: the data's description.

    Returns:
        ``{"boxes": [{"label", "number", "score", "left", "top", "right", "bottom"}]}`` a sample, the sides as
        shares of the picture's size.
    """
    return [{"boxes": named_boxes(detections(output, SHOWN_FROM), spec.class_names)} for output in outputs]


def named_boxes(found: Detections, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return boxes as JSON-ready data: ``label``, ``number``, ``score`` and the sides as shares."""
    plain = plain_boxes(found.classes, found.boxes)
    return [
        {"label": names[box["number"]], "score": float(score), **box}
        for box, score in zip(plain, found.scores, strict=True)
    ]
