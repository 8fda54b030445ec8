"""The classes of the pixels of a person's own pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from builder.data.overlays import png_text
from builder.data.spec import DataSpec


def masked(outputs: np.ndarray, spec: DataSpec) -> list[dict[str, Any]]:
    """Return each picture's mask and how much of it each class takes.

    Args:
        outputs: what the model gave, (samples, height, width, classes).
        spec: the data's description.

    Returns:
        ``{"mask": a gray PNG file in base64, its values the places of the classes, at the size that the model
        reads; "classes": names; "shares": {name: share of the pixels}}`` a sample.
    """
    found = []
    for output in outputs:
        mask = output.argmax(axis=-1)
        shares = np.bincount(mask.ravel(), minlength=spec.class_count) / mask.size
        named = dict(zip(spec.class_names, shares.tolist(), strict=True))
        found.append({"mask": png_text(mask), "classes": list(spec.class_names), "shares": named})
    return found
