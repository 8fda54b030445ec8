"""Whether a model's answers are numbers."""

from __future__ import annotations

import numpy as np

from builder.errors import stop


def check_finite(outputs: np.ndarray) -> None:
    """Raise BuilderError where an output, first axis the samples, is not finite."""
    bad = int(np.sum(~np.isfinite(outputs).all(axis=tuple(range(1, outputs.ndim)))))
    if bad:
        message = (
            f"The model's answer is not a number (NaN or infinite) for {bad} of {len(outputs)} samples. "
            "This happens when training diverged: lower the learning rate, or set a limit on the gradient's "
            "length (clip_norm), and train again."
        )
        raise stop("not_a_number", message)
