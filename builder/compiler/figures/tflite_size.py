"""The size of a model as a TFLite file, estimated from its layers.

What the export writes: float32 keeps every weight, float16 half of it, int8 a quarter. Embedding tables are
in 8 bits in both small forms, and so are recurrent weights in int8. In int8 biases stay in 32 bits, and
every filter brings a scale and a zero point. A batch normalization behind a convolution or a Dense layer
vanishes into it, up to an offset. The rest is operators, shapes and names. Measured against the untrained
presets' files the estimate lies within 4 %, or 2 KB for small ones. Biases that training has moved from zero
are kept instead of left out: trained files were up to 9 % larger (a small Transformer).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from builder.compiler.figures.layers import LayerFigures

_FILE_BYTES = 1_000
_OPERATOR_BYTES = 230
# Operators of one layer, where it becomes more than one, names and subgraphs of loops included.
_OPERATORS = {"MultiHeadAttention": 18, "GroupedQueryAttention": 22, "LayerNormalization": 8}
_OPERATORS |= {"GroupNormalization": 12, "LSTM": 55, "GRU": 60, "SimpleRNN": 40, "Bidirectional": 110}
_NO_OPERATOR = ("Dropout", "InputLayer", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "Identity")
_FOLDED_INTO = ("Conv1D", "Conv2D", "Dense", "DepthwiseConv2D", "SeparableConv2D", "SeparableConv1D")
# The converter computes these once and stores the result, one value for each that the layer gives.
_STORED = ("SinusoidalPositionalEncoding",)
# A scale of 4 bytes and a zero point of 8 for the weights, and the same for the bias.
_CHANNEL_BYTES = 24
_BIAS_BYTES = 4
FORMATS = ("float32", "float16", "int8")


def tflite_bytes(layers: Sequence[LayerFigures], packed: int = 0) -> dict[str, int]:
    """Return the estimated size of the TFLite file in each format: "float32", "float16", "int8".

    Args:
        layers: the model's layers, in the order in which they are computed.
        packed: the bytes of the words that travel in the file, see ``builder.data.packed_words``.
    """
    kept = _without_folded(layers)
    operators = sum(_OPERATORS.get(layer.kind, 0 if layer.kind in _NO_OPERATOR else 1) for layer in kept)
    base = _FILE_BYTES + packed + _OPERATOR_BYTES * operators
    return {
        "float32": base + sum(4 * (layer.matrices + layer.vectors + _stored(layer)) for layer in kept),
        "float16": base + _OPERATOR_BYTES * _casts(kept) + sum(_half(layer) for layer in kept),
        "int8": base + sum(_quarter(layer) for layer in kept),
    }


def _without_folded(layers: Sequence[LayerFigures]) -> list[LayerFigures]:
    """Return the layers as the converter leaves them: a folded normalization keeps one offset a channel."""
    kept = list(layers[:1])
    for before, layer in pairwise(layers):
        is_folded = layer.kind == "BatchNormalization" and before.kind in _FOLDED_INTO
        if not is_folded:
            kept.append(layer)
        elif kept and before.vectors == 0:
            kept[-1] = kept[-1].with_vectors(layer.vectors // 4)
    return kept


def _half(layer: LayerFigures) -> int:
    table = layer.kind == "Embedding"
    return (1 if table else 2) * layer.matrices + 2 * (layer.vectors + _stored(layer))


def _quarter(layer: LayerFigures) -> int:
    scales = _CHANNEL_BYTES * layer.channels if layer.vectors else _CHANNEL_BYTES // 2 * layer.channels
    return layer.matrices + _BIAS_BYTES * layer.vectors + scales + _stored(layer)


def _stored(layer: LayerFigures) -> int:
    return layer.values if layer.kind in _STORED else 0


def _casts(layers: Iterable[LayerFigures]) -> int:
    """Return how many operators bring 16-bit weights back to 32 bits: one for each tensor of weights."""
    return sum((layer.matrices > 0) + (layer.vectors > 0) for layer in layers)
