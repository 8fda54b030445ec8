"""New hidden words for every batch of every epoch: what a masked language model is trained on."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from builder.data.masking import FIRST_WORD, hidden, shown
from builder.data.pipeline import Change
from builder.data.spec import DataSpec


def hide_anew(spec: DataSpec) -> Change | None:
    """Return the change that shows what the data have hidden and hides other words, drawn from the seed.

    Args:
        spec: the data's description; without hidden words there is nothing to change.

    Reference:
        Liu et al., RoBERTa (2019), section 4.1, for hiding anew instead of once.
    """
    if spec.task != "masked_language_model":
        return None
    name, size = spec.arrays[0].name, spec.class_count

    def change(
        arrays: dict[str, tf.Tensor], targets: Any, weights: Any, seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any, Any]:
        first, *others = targets if isinstance(targets, tuple) else (targets,)
        tokens = shown(tf.where, arrays[name], first)
        draws = tf.random.stateless_uniform((2, *tf.unstack(tf.shape(tokens))), seed)
        words = tf.random.stateless_uniform(
            tf.shape(tokens), tf.random.fold_in(seed, 1), FIRST_WORD, max(size, FIRST_WORD + 1), tf.int32
        )
        tokens, first = hidden(tf.where, tokens, draws[0], draws[1], words)
        return {**arrays, name: tokens}, (first, *others) if others else first, weights

    return change
