"""Whether what a model gave can be read at all."""

from __future__ import annotations

import numpy as np

from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.finite import check_finite
from builder.training_plan.objective import wrong_output_words


def check_outputs(outputs: np.ndarray, spec: DataSpec) -> None:
    """Raise BuilderError where outputs are not finite or do not fit the task.

    Args:
        outputs: what the model gave, first axis the samples.
        spec: the data's description.
    """
    if not spec.fits(outputs.shape[1:]):
        raise stop("wrong_output", wrong_output_words(outputs.shape[1:], spec))
    check_finite(outputs)
