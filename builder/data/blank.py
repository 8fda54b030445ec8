"""What stands for an input that is not there: a black picture, silence, no words, the usual row."""

from __future__ import annotations

import numpy as np

from builder.data.spec import ModelInput

# A text needs one token at least: a model that masks padding would have nothing left to average.
_UNKNOWN = 1


def blank(item: ModelInput) -> dict[str, np.ndarray]:
    """Return the arrays, by name, of one sample whose input is not there, in the dtypes of the model."""
    settings = item.settings
    values: dict[str, np.ndarray] = {array.name: np.zeros(array.shape, array.dtype) for array in item.arrays}
    if item.kind == "text":
        values["tokens"][0] = _UNKNOWN
    elif item.kind == "series":
        values["series"][:] = settings["means"]
    elif item.kind == "table":
        if "numeric" in values:
            values["numeric"][:] = settings["means"]
        if "categorical" in values:
            values["categorical"][:] = [settings["offsets"][name] for name in settings["categorical_columns"]]
    return values
