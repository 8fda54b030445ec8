"""How much each class counts in the loss."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import numpy as np


def balanced_class_weights(targets, class_count):
    """Return one weight a class, inversely proportional to its frequency; the mean over samples is 1.

    ``targets`` are class indices of shape (samples,). A class without samples gets weight 0.

    Reference: King and Zeng, Logistic Regression in Rare Events Data (2001).
    """
    counts = np.bincount(targets, minlength=class_count).astype(np.float64)
    share = np.where(counts > 0, counts, np.inf) * np.count_nonzero(counts)
    return (len(targets) / share).astype(np.float32)
