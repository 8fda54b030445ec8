"""Whether what a model gave can be read at all."""

from __future__ import annotations

import numpy as np

from builder.data.spec import DataSpec
from builder.errors import stop
from builder.training_plan.objective import wrong_output_words


def check_outputs(outputs: np.ndarray, spec: DataSpec) -> None:
    """Raise BuilderError where outputs are not finite or do not fit the task.

    Args:
        outputs: what the model gave, first axis the samples.
        spec: the data's description.
    """
    if not spec.fits(outputs.shape[1:]):
        raise stop("wrong_output", wrong_output_words(outputs.shape[1:], spec))
    bad = int(np.sum(~np.isfinite(outputs).all(axis=tuple(range(1, outputs.ndim)))))
    if bad:
        message = (
            f"The model's answer is not a number (NaN or infinite) for {bad} of {len(outputs)} samples. "
            "This happens when training diverged: lower the learning rate, or set a limit on the gradient's "
            "length (clip_norm), and train again."
        )
        raise stop("not_a_number", message)
