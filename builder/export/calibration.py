"""Whether the samples that tell the 8-bit ranges can tell them."""

from __future__ import annotations

import numpy as np

from builder.data.prepare import Prepared
from builder.export.job import chosen_rows

_FEW = 20


def doubts(prepared: Prepared, count: int) -> list[str]:
    """Return what is doubtful about the first ``count`` calibration samples, in sentences.

    Args:
        prepared: the data; the samples are those of the training part.
        count: how many samples there are.
    """
    found = []
    if count < _FEW:
        found.append(
            f"Only {count} training sample{'' if count == 1 else 's'} told the 8-bit ranges: values outside "
            "them are cut off. Take 100 or more."
        )
    spec = prepared.spec
    if spec.task == "classification" and spec.class_count > 1:
        classes = np.unique(np.asarray(prepared.targets[chosen_rows(prepared, "train", count)]))
        if len(classes) == 1:
            found.append(
                f"All calibration samples are of the class '{spec.class_names[int(classes[0])]}': the ranges "
                "of the others are not known. Take more samples, or mix the training part."
            )
    return found
