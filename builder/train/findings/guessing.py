"""What a training's loss is where a model knows only how often each answer comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from builder.data.prepare import Prepared
from builder.data.some_rows import spread
from builder.data.spec import IGNORED
from builder.tasks import TASKS
from builder.training_plan.objective import fitting_losses

# So many samples tell how frequent the classes of their places are.
_ROWS_COUNTED = 2_000
_ENTROPIES = ("sparse_categorical_crossentropy", "binary_crossentropy")
# Its scale is the target's variance.
_OF_NUMBERS = "mean_squared_error"


def guessing_loss(settings: Mapping[str, Any], prepared: Prepared) -> float | None:
    """Return the loss of guessing without looking at the input; None where the loss has no such scale.

    Args:
        settings: the project's training settings, defaults filled in.
        prepared: the data.
    """
    spec = prepared.spec
    fitting = fitting_losses(spec.task, None)
    loss = (fitting or (None,))[0] if settings["loss"] == "auto" else settings["loss"]
    if spec.further_targets or loss not in (*_ENTROPIES, _OF_NUMBERS):
        return None
    if loss == _OF_NUMBERS:
        return 1.0
    if spec.predicts_labels:
        shares = np.asarray(prepared.targets[prepared.indices["train"]]).mean(axis=0)
        return float(np.mean([_entropy([share, 1 - share]) for share in shares]))
    return _entropy(answer_shares(prepared))


def answer_shares(prepared: Prepared) -> list[float]:
    """Return how often each class is the right answer in the training part, where answers are classes."""
    rows = np.asarray(prepared.indices["train"])
    if prepared.spec.target_shape:
        rows = rows[spread(len(rows), _ROWS_COUNTED)]
    targets = np.asarray(prepared.targets[rows]).ravel().astype(int)
    targets = targets[targets != (0 if TASKS[prepared.spec.task].padded else IGNORED)]
    counts = np.bincount(targets, minlength=prepared.spec.class_count)
    return [float(share) for share in counts / max(counts.sum(), 1)]


def _entropy(shares: Any) -> float:
    known = np.asarray(shares, np.float64)
    known = known[known > 0]
    return float(-(known * np.log(known)).sum())
