"""The code of targets where any number of labels may be right."""

from __future__ import annotations

from builder.codegen.layout import constant, source
from builder.codegen.loading import Reading
from builder.data.labels import SEPARATORS, labels_of, multi_hot, separator_of
from builder.data.spec import DataSpec


def label_reading(spec: DataSpec, in_lists: bool = True) -> Reading:
    """Return the code that turns lists of labels, such as "red; round", into 0 and 1 a label.

    Args:
        spec: the data's description; nothing is needed where it predicts no labels.
        in_lists: whether the labels of a row stand in one text.
    """
    if not spec.predicts_labels or not in_lists:
        return Reading((), ())
    return Reading(
        ("import json", "import numpy as np"),
        (source(separator_of), source(labels_of), source(multi_hot)),
        tuple(constant("SEPARATORS", SEPARATORS)),
    )
