"""Where every head of every attention layer looks, for one sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from builder.data.spec import DataSpec
from builder.data.tokenizers import text_of
from builder.errors import stop
from builder.explain.ancestors import inputs_of
from builder.explain.calls import calls_of
from builder.explain.preview.attention import attention_layers, recorded_attention
from builder.outputs import arrange

MOST_PLACES = 64
_PADDING = 0
# The tokens of a text, and their words.
Text = tuple[np.ndarray, list[str]]


def attention_maps(model: keras.Model, spec: DataSpec, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the attention of a model for one sample, exactly as its layers compute it.

    Args:
        model: any model with attention layers, inner ones too.
        spec: the description of its data.
        arrays: the sample's arrays, with a batch axis of 1, in the dtypes of the model.

    Returns:
        ``layers``, in order: ``name`` (its path), ``queries`` and ``keys`` (the labels of both sides: words,
        patches or places), ``grid`` (rows and columns, where the keys are the patches of a picture; else
        None), ``heads`` (for each the rounded ``scores``, queries by keys, and its ``focus``: 0 where it
        looks everywhere alike, 1 where each query looks at one place) and ``cut`` (whether more places than
        ``MOST_PLACES`` were left out). Padding is left out.

    Raises:
        BuilderError: ``no_attention``.

    Reference: Vaswani et al., Attention Is All You Need (2017), section 3.2.
    """
    layers = attention_layers(model)
    if not layers:
        message = (
            "This model has no attention layers. Its activations and its Grad-CAM explanations show where it "
            "looks."
        )
        raise stop("no_attention", message)
    with recorded_attention(layers) as seen:
        model(arrange(model, arrays), training=False)
    texts = _texts(spec, arrays)
    return {
        "layers": [
            _told(path, seen[path], texts, _read(model, layer))
            for path, layer in layers.items()
            if path in seen
        ]
    }


def focus(scores: np.ndarray) -> float:
    """Return how far attention, (queries, keys), is from looking everywhere alike: 1 minus its share of the
    largest entropy."""
    keys = scores.shape[-1]
    if keys < 2:
        return 1.0
    total = scores.sum(axis=-1, keepdims=True)
    shares = np.divide(scores, total, out=np.full_like(scores, 1 / keys), where=total > 0)
    entropy = -(shares * np.log(np.clip(shares, 1e-12, 1))).sum(axis=-1)
    return float(1 - entropy.mean() / np.log(keys))


def _texts(spec: DataSpec, arrays: Mapping[str, np.ndarray]) -> dict[str, Text]:
    """Return the tokens and the words of the texts among the inputs, by the names of their arrays."""
    found = {}
    for item in spec.inputs:
        if item.kind in ("text", "target_text"):
            name = item.arrays[0].name
            tokens = np.asarray(arrays[name][0])
            found[name] = tokens, [text_of(item.settings, [int(token)]) or "·" for token in tokens]
    return found


def _read(model: keras.Model, layer: keras.Layer) -> tuple[set[str], set[str]]:
    """Return the names of the inputs that a layer's queries, and its keys, are made from."""
    calls = calls_of(model, layer)
    if calls:
        # Of a layer that is used several times, the last call is the one that was recorded.
        queries, *others = calls[-1].input_tensors
        keys = others[0] if others else queries
        return inputs_of(model, queries), inputs_of(model, keys)
    # A layer inside another one is not seen among the calls.
    every = {tensor.name for tensor in model.inputs}
    return every, every


def _told(
    name: str, scores: np.ndarray, texts: Mapping[str, Text], read: tuple[set[str], set[str]]
) -> dict[str, Any]:
    scores = scores.reshape(scores.shape[0], scores.shape[1], -1)
    looking, looked_at = (
        _text_of_size(size, texts, names) for size, names in zip(scores.shape[1:], read, strict=True)
    )
    queries, query_names = _side(scores.shape[1], looking)
    keys, key_names = _side(scores.shape[2], looked_at)
    kept = scores[:, queries][:, :, keys]
    return {
        "name": name,
        "queries": query_names,
        "keys": key_names,
        "grid": None if looked_at is not None else _grid(scores.shape[2]),
        "heads": [{"scores": np.round(head, 4).tolist(), "focus": focus(head)} for head in kept],
        "cut": any(len(side) >= MOST_PLACES for side in (queries, keys)),
    }


def _text_of_size(size: int, texts: Mapping[str, Text], read: set[str]) -> Text | None:
    """Return the text whose words a side of attention is about; None where it is about something else."""
    fitting = [text for name, text in texts.items() if name in read and len(text[0]) == size]
    # What is written comes last among the inputs, and whatever has read it stands for its words.
    return fitting[-1] if fitting else None


def _side(size: int, text: Text | None) -> tuple[np.ndarray, list[str]]:
    """Return which places of a side are shown, and their labels."""
    if text is not None:
        places = np.flatnonzero(text[0] != _PADDING)[:MOST_PLACES]
        return places, [text[1][place] for place in places]
    places = np.arange(min(size, MOST_PLACES))
    return places, [str(place + 1) for place in places]


def _grid(keys: int) -> list[int] | None:
    side = int(round(keys**0.5))
    return [side, side] if side * side == keys and 1 < side and keys <= MOST_PLACES else None
