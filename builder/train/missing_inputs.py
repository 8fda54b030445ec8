"""Training with inputs that are sometimes missing, so that a model learns to do without."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from builder.data.blank import blank
from builder.data.pipeline import Change
from builder.data.spec import DataSpec


def missing_inputs(spec: DataSpec, share: float) -> Change | None:
    """Return the change that takes an input from a share of the samples; None where nothing is taken.

    At most one input of a sample is taken, each with the same chance. What stands for it is
    ``builder.data.blank.blank``.

    Reference: Neverova et al., ModDrop (2016), section 4.
    """
    if len(spec.inputs) < 2 or not share:
        return None
    nothing = [{name: tf.constant(row) for name, row in blank(item).items()} for item in spec.inputs]

    def change(
        arrays: dict[str, tf.Tensor], targets: Any, weights: Any, seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any, Any]:
        rows = tf.shape(next(iter(arrays.values())))[0]
        drawn = tf.random.stateless_uniform((rows,), seed)
        # Below the share, the interval is cut into as many equal pieces as there are inputs.
        taken = tf.where(drawn < share, tf.cast(drawn / share * len(nothing), tf.int32), -1)
        changed = dict(arrays)
        for number, item in enumerate(nothing):
            for name, row in item.items():
                is_gone = tf.reshape(taken == number, (-1, *[1] * row.shape.rank))
                changed[name] = tf.where(is_gone, row, arrays[name])
        return changed, targets, weights

    return change
