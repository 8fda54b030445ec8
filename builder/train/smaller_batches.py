"""A checkpoint for a run that goes on with smaller batches, because memory ran out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from builder.adversarial.model import optimizers_of
from builder.train.optimizers import changes_weights

_ACCUMULATOR = "gradient_accumulator"


def resized(
    groups: Mapping[str, list[np.ndarray]],
    state: Mapping[str, Any],
    model: keras.Model,
    batch: Mapping[str, int],
    rows: int,
) -> tuple[dict[str, list[np.ndarray]], dict[str, Any]]:
    """Return a checkpoint as a run with smaller batches would have written it.

    Args:
        groups: the checkpoint's arrays.
        state: its state, whose "batch" says with which batches it was written.
        model: the compiled model that goes on.
        batch: the smaller batches.
        rows: the training samples of an epoch.
    """
    before = state["batch"]
    times = batch["accumulation_steps"] // before["accumulation_steps"]
    position = dict(state["position"])
    samples = min(position["step"] * before["batch_size"], rows)
    at_end = samples == rows
    position["step"] = -(-rows // batch["batch_size"]) if at_end else samples // batch["batch_size"]
    position["global_step"] *= times
    left, found = list(groups["optimizer"]), []
    for optimizer in optimizers_of(model):
        found += _optimizer_arrays(left, optimizer, before, times)
    return {**groups, "optimizer": found}, {**state, "position": position, "batch": dict(batch)}


def _optimizer_arrays(
    left: list[np.ndarray], optimizer: keras.optimizers.Optimizer, before: Mapping[str, int], times: int
) -> list[np.ndarray]:
    """Return the arrays of one optimizer, taken from the front of those that are left."""
    found = []
    for variable in optimizer.variables:
        if _ACCUMULATOR in variable.path and before["accumulation_steps"] == 1:
            found.append(np.zeros(variable.shape, np.float32))
            continue
        array = left.pop(0)
        if variable is changes_weights(optimizer)._iterations or _ACCUMULATOR in variable.path:
            # A sum of gradients counts as many batches as there are now, of the same samples.
            array = array * np.asarray(times, array.dtype)
        found.append(array)
    return found
