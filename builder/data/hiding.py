"""New hidden words for every batch of every epoch: what a masked language model is trained on."""

# mypy: allow-untyped-defs

from __future__ import annotations

from typing import Any

import tensorflow as tf

from builder.data.masking import FIRST_WORD, hidden, shown
from builder.data.pipeline import Change
from builder.data.spec import DataSpec


# Generated scripts carry this function.
def hidden_anew(tokens, targets, size, seed):
    """Return tokens of which other words are hidden than before, and the targets that belong to them.

    Args:
        tokens: with hidden words, (rows, steps), int32.
        targets: what was hidden, 0 elsewhere, (rows, steps), int32.
        size: the size of the vocabulary.
        seed: of shape (2,), int32.
    """
    tokens = shown(tf.where, tokens, targets)
    draws = tf.random.stateless_uniform((2, *tf.unstack(tf.shape(tokens))), seed)
    words = tf.random.stateless_uniform(
        tf.shape(tokens), tf.random.fold_in(seed, 1), FIRST_WORD, max(size, FIRST_WORD + 1), tf.int32
    )
    return hidden(tf.where, tokens, draws[0], draws[1], words)


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
        tokens, first = hidden_anew(arrays[name], first, size, seed)
        return {**arrays, name: tokens}, (first, *others) if others else first, weights

    return change
