"""The things found on a person's own pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.data.spec import DataSpec
from builder.detections import SHOWN_FROM, detections
from builder.explain.box_scores import named_boxes


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
