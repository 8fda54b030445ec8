"""What stands for an input that is not there: a black picture, silence, no words, the usual row."""

from __future__ import annotations

import numpy as np

from builder.data.spec import ModelInput
from builder.data.tokenizers import UNKNOWN_TOKEN


def blank(item: ModelInput) -> dict[str, np.ndarray]:
    """Return the arrays, by name, of one sample whose input is not there, in the dtypes of the model."""
    settings = item.settings
    values: dict[str, np.ndarray] = {array.name: np.zeros(array.shape, array.dtype) for array in item.arrays}
    if item.kind == "text":
        # As of a text without words.
        values["tokens"][0] = UNKNOWN_TOKEN
    elif item.kind == "series":
        values["series"][:] = settings["means"]
    elif item.kind == "table":
        if "numeric" in values:
            values["numeric"][:] = settings["means"]
        if "categorical" in values:
            values["categorical"][:] = [settings["offsets"][name] for name in settings["categorical_columns"]]
    return values
