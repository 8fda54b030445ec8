"""Random changes of texts as token ids, drawn from a seed alone: the four operations of EDA.

Reference: Wei and Zou, EDA: Easy Data Augmentation Techniques for Text Classification (2019).
"""

# mypy: allow-untyped-defs

from __future__ import annotations

import numpy as np
import tensorflow as tf


def augmented_tokens(tokens, seed, settings, synonyms):
    """Return texts that are changed each in its own way; at least one token is left of each.

    Args:
        tokens: int32 of shape (batch, length); 0 is the padding, at the end.
        seed: of shape (2,), int32.
        settings: the augmentation settings, defaults filled in.
        synonyms: the ids that may take a token's place, int32 of shape (vocabulary, choices); the token
            itself where it has none.
    """
    seeds = [tf.random.fold_in(seed, number) for number in range(8)]
    if settings["synonym_replacement"]:
        other = _synonyms_of(tokens, synonyms, seeds[0])
        tokens = tf.where(_chosen(tokens, settings["synonym_replacement"], seeds[1]), other, tokens)
    if settings["word_insertion"]:
        tokens = _inserted(tokens, settings["word_insertion"], synonyms, seeds[2], seeds[3])
    if settings["word_swap"]:
        tokens = _swapped(tokens, settings["word_swap"], seeds[4], seeds[5])
    if settings["word_deletion"]:
        tokens = _shortened(tokens, settings["word_deletion"], seeds[6])
    return tokens


def synonym_table(vocabulary, groups):
    """Return the synonyms of every word that are in a vocabulary, as ``augmented_tokens`` takes them.

    Args:
        vocabulary: the word of every id.
        groups: lists of words with the same meaning.
    """
    number = {word: place for place, word in enumerate(vocabulary) if place > 1}
    others: dict[int, list[int]] = {}
    for group in groups:
        known = [number[word] for word in dict.fromkeys(group) if word in number]
        for word in known:
            others.setdefault(word, []).extend(other for other in known if other != word)
    most = max((len(found) for found in others.values()), default=1) or 1
    table = np.repeat(np.arange(len(vocabulary), dtype=np.int32)[:, np.newaxis], most, axis=1)
    for word, found in others.items():
        if found:
            # Repeated, so that every place holds one and each is about as likely.
            table[word] = np.resize(found, most)
    return table


def _chosen(tokens, share, seed):
    """Tell which tokens are meant: a share of those that are no padding."""
    return (tf.random.stateless_uniform(tf.shape(tokens), seed) < share) & (tokens > 0)


def _synonyms_of(tokens, synonyms, seed):
    choice = tf.random.stateless_uniform(tf.shape(tokens), seed, 0, synonyms.shape[1], tf.int32)
    return tf.gather_nd(synonyms, tf.stack([tokens, choice], axis=-1))


def _inserted(tokens, share, synonyms, place_seed, word_seed):
    """Put a word of the text, or a synonym of it, behind some words; what no longer fits is cut off."""
    shape = tf.shape(tokens)
    count = tf.reduce_sum(tf.cast(tokens > 0, tf.int32), axis=1, keepdims=True)
    place = tf.random.stateless_uniform(shape, word_seed, 0, 2**30, tf.int32) % tf.maximum(count, 1)
    words = tf.gather(tokens, place, batch_dims=1)
    words = _synonyms_of(words, synonyms, tf.random.fold_in(word_seed, 1))
    new = tf.where(_chosen(tokens, share, place_seed), words, 0)
    both = tf.reshape(tf.stack([tokens, new], axis=2), (shape[0], 2 * shape[1]))
    return tf.ensure_shape(_together(both, both > 0)[:, : shape[1]], tokens.shape)


def _swapped(tokens, share, choice_seed, order_seed):
    """Let the chosen words of a text change places with each other."""
    chosen = _chosen(tokens, share, choice_seed)
    length = tokens.shape[1]
    places = tf.broadcast_to(tf.range(length, dtype=tf.float32), tf.shape(tokens))
    by_chance = tf.random.stateless_uniform(tf.shape(tokens), order_seed)
    in_order = tf.argsort(tf.where(chosen, places, places + length), axis=1)
    mixed = tf.argsort(tf.where(chosen, by_chance, places + length), axis=1)
    found = tf.gather(tokens, mixed, batch_dims=1)
    return tf.gather(found, tf.argsort(in_order, axis=1), batch_dims=1)


def _shortened(tokens, share, seed):
    """Leave out some words, but never all of them."""
    kept = (tokens > 0) & ~_chosen(tokens, share, seed)
    first = tf.range(tokens.shape[1]) == 0
    kept |= first & ~tf.reduce_any(kept, axis=1, keepdims=True)
    return _together(tokens, kept)


def _together(tokens, kept):
    """Move the kept tokens to the beginning, in their order, and pad with 0."""
    order = tf.argsort(tf.cast(~kept, tf.int32), axis=1, stable=True)
    return tf.gather(tf.where(kept, tokens, 0), order, batch_dims=1)
