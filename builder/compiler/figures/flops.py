"""Floating-point operations of one layer on one sample, when the model predicts.

Counted: 2 for each multiply-add of a matrix product or a convolution; 1 a value for a bias, an activation
function or a sum of tensors; 5 a value for softmax; 2 a value for a batch normalization and 8 for one that
measures mean and variance while predicting; the size of the window for each pooled value. Moving values
(reshaping, joining, looking up) and what happens only while training (dropout) count nothing. A recurrent
layer counts every step. The same conventions as TensorFlow's profiler, where it counts at all:
https://www.tensorflow.org/api_docs/python/tf/compat/v1/profiler/profile
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import keras

Shape = tuple[int | None, ...]
Shapes = list[Shape]

SOFTMAX = 5
BATCH_NORMALIZED = 2
NORMALIZED = 8
# Gates, state and output of one unit in one step: sums, products and functions beside the matrix products.
_CELL_WORK = {"LSTM": 17, "GRU": 17, "SimpleRNN": 3}


def values_of(shape: Shape) -> int:
    """Return the number of values of one sample; a size that is not known counts as 1."""
    return prod(size or 1 for size in shape[1:])


def flops(layer: Any, inputs: Shapes, outputs: Shapes) -> int | None:
    """Return the operations of a layer or a Keras operation for one sample, or None where no rule fits.

    Args:
        layer: a built layer, or an operation of ``keras.ops`` in a functional model.
        inputs: the shapes of the tensors that it is called on, batch included.
        outputs: the shapes of what it gives.
    """
    table = _LAYERS if isinstance(layer, keras.layers.Layer) else _OPERATIONS
    for cls in type(layer).__mro__:
        if cls.__name__ in table and cls.__module__.startswith(("keras.", "builder.")):
            return table[cls.__name__](layer, inputs, outputs)
    return None if getattr(layer, "weights", None) else _each_value(layer, inputs, outputs)


def rough_flops(layer: Any, outputs: Shapes) -> int:
    """Return a guess for a layer without a rule: each weight matrix applied at every position."""
    positions = max(values_of(shape[:-1]) for shape in outputs)
    return sum(2 * prod(weight.shape) * positions for weight in matrices_of(layer))


def matrices_of(layer: Any) -> list[Any]:
    """Return the weights that multiply what arrives; a GRU's bias has two axes, but is none of them."""
    return [weight for weight in layer.weights if len(weight.shape) > 1 and weight.name != "bias"]


def _nothing(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return 0


def _each_value(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return sum(values_of(shape) for shape in outputs)


def _weighted_average(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return _all_inputs(layer, inputs, outputs) + _sum_of_inputs(layer, inputs, outputs)


def _cumulative_link(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    # A difference and a sigmoid for each threshold, and a difference for each class.
    classes = values_of(outputs[0])
    return 2 * (classes - 1) + classes


def _activation(function: Any, values: int) -> int:
    name = getattr(function, "__name__", "linear") if function is not None else "linear"
    if name == "linear":
        return 0
    return (SOFTMAX if name in ("softmax", "log_softmax") else 1) * values


def _bias_and_activation(layer: Any, values: int) -> int:
    bias = values if getattr(layer, "use_bias", getattr(layer, "bias", None) is not None) else 0
    return bias + _activation(layer.activation, values)


def _dense(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    values = values_of(outputs[0])
    return 2 * values * (inputs[0][-1] or 1) + _bias_and_activation(layer, values)


def _einsum_dense(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    values = values_of(outputs[0])
    kernel = tuple(layer.kernel.shape)
    return einsum_flops(layer.equation, [inputs[0], kernel]) + _bias_and_activation(layer, values)


def einsum_flops(equation: str, shapes: list[Shape]) -> int:
    """Return two operations for every combination of the indices of an einsum, its batch counted as 1."""
    sizes: dict[str, int] = {}
    for term, shape in zip(equation.replace(" ", "").split("->")[0].split(","), shapes, strict=False):
        letters = term.replace("...", "")
        known = shape[-len(letters) :] if "..." in term else shape
        for letter, size in zip(letters, known, strict=False):
            sizes[letter] = size or 1
        spread = shape[1 : -len(letters)] if "..." in term else ()
        if spread:
            sizes["..."] = prod(size or 1 for size in spread)
    return 2 * prod(sizes.values())


def _convolution(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    values = values_of(outputs[0])
    # The last axis of the kernel is the filters: the others make one output value.
    return 2 * values * prod(layer.kernel.shape[:-1]) + _bias_and_activation(layer, values)


def _transposed_convolution(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    positions = values_of(inputs[0]) // (inputs[0][-1] or 1)
    return 2 * positions * prod(layer.kernel.shape) + _bias_and_activation(layer, values_of(outputs[0]))


def _depthwise_convolution(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    values = values_of(outputs[0])
    return 2 * values * prod(layer.kernel.shape[:-2]) + _bias_and_activation(layer, values)


def _separable_convolution(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    values = values_of(outputs[0])
    positions = values // (outputs[0][-1] or 1)
    depthwise = 2 * positions * prod(layer.depthwise_kernel.shape)
    pointwise = 2 * positions * prod(layer.pointwise_kernel.shape)
    return depthwise + pointwise + _bias_and_activation(layer, values)


def _pooling(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return values_of(outputs[0]) * prod(layer.pool_size)


def _all_inputs(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return sum(values_of(shape) for shape in inputs)


def _sum_of_inputs(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return values_of(outputs[0]) * max(len(inputs) - 1, 1)


def _dot(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    axes = layer.axes if isinstance(layer.axes, int) else layer.axes[0]
    return 2 * values_of(outputs[0]) * (inputs[0][axes] or 1)


def _batch_normalization(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return BATCH_NORMALIZED * values_of(outputs[0])


def _normalization(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return NORMALIZED * values_of(outputs[0])


def _activation_layer(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return _activation(layer.activation, values_of(outputs[0]))


def _softmax(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return SOFTMAX * values_of(outputs[0])


def _scores(heads: int, queries: int, keys: int, key_dim: int, value_dim: int) -> int:
    """Return the work of scaled scores, their softmax and the weighted values."""
    return heads * queries * (2 * keys * key_dim + SOFTMAX * keys + 2 * keys * value_dim + key_dim)


def _multi_head_attention(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    query, value, key = _attended(inputs)
    projections = (
        (layer.query_dense, query),
        (layer.key_dense, key),
        (layer.value_dense, value),
    )
    work = sum(_projection(dense, shape) for dense, shape in projections)
    heads = layer.num_heads
    context = (*query[:-1], heads, layer.value_dim)
    work += _projection(layer.output_dense, context)
    steps, seen = values_of(query[:-1]), values_of(key[:-1])
    return work + _scores(heads, steps, seen, layer.key_dim, layer.value_dim)


def _grouped_attention(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    query, value, key = _attended(inputs)
    heads, groups, width = layer.num_query_heads, layer.num_key_value_heads, layer.head_dim
    steps, seen = values_of(query[:-1]), values_of(key[:-1])
    projected = 2 * width * (steps * heads * (query[-1] or 1) + seen * groups * (key[-1] or 1))
    projected += 2 * width * (seen * groups * (value[-1] or 1) + steps * heads * (outputs[0][-1] or 1))
    biases = width * (steps * heads + 2 * seen * groups) + values_of(outputs[0]) if layer.use_bias else 0
    return projected + biases + _scores(heads, steps, seen, width, width)


def _attended(inputs: Shapes) -> tuple[Shape, Shape, Shape]:
    query, value = inputs[0], inputs[1] if len(inputs) > 1 else inputs[0]
    # A third tensor of three axes is the key; masks have other ranks or come after it.
    has_key = len(inputs) > 2 and len(inputs[2]) == len(value) and inputs[2][:-1] == value[:-1]
    return query, value, inputs[2] if has_key else value


def _projection(dense: Any, shape: Shape) -> int:
    kernel = tuple(dense.kernel.shape)
    work = einsum_flops(dense.equation, [shape, kernel])
    if dense.bias is None:
        return work
    return work + values_of(shape[:-1] if len(shape) == 3 else shape[:-2]) * prod(dense.bias.shape)


def _plain_attention(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    query, value, key = _attended(inputs)
    steps, seen = values_of(query[:-1]), values_of(key[:-1])
    per_score = 2 if type(layer).__name__ == "Attention" else 3
    width, depth = query[-1] or 1, value[-1] or 1
    return steps * seen * (per_score * width + SOFTMAX + 2 * depth)


def _recurrent(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    steps = inputs[0][1] or 1
    return steps * _cell_flops(layer.cell)


def _cell_flops(cell: Any) -> int:
    if hasattr(cell, "cells"):
        return sum(_cell_flops(part) for part in cell.cells)
    products = sum(2 * prod(weight.shape) for weight in matrices_of(cell))
    units = cell.state_size if isinstance(cell.state_size, int) else cell.state_size[0]
    return products + _CELL_WORK.get(type(cell).__name__.removesuffix("Cell"), 3) * units


def _convolutional_recurrent(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    steps, state = inputs[0][1] or 1, layer.cell.compute_output_shape((1, *inputs[0][2:]))
    shape = state[0] if isinstance(state[0], (tuple, list)) else state
    positions = values_of((*tuple(shape)[:-1], 1))
    kernels = prod(layer.cell.kernel.shape) + prod(layer.cell.recurrent_kernel.shape)
    return steps * positions * (2 * kernels + _CELL_WORK["LSTM"] * layer.cell.filters)


def _bidirectional(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    merge = 0 if layer.merge_mode in (None, "concat") else values_of(outputs[0])
    halves = (layer.forward_layer, layer.backward_layer)
    return merge + sum(flops(half, inputs, outputs) or 0 for half in halves)


def _time_distributed(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    steps = inputs[0][1] or 1
    one_in = [(shape[0], *shape[2:]) for shape in inputs]
    one_out = [(shape[0], *shape[2:]) for shape in outputs]
    return steps * (flops(layer.layer, one_in, one_out) or rough_flops(layer.layer, one_out))


def _wrapped(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return flops(layer.layer, inputs, outputs) or 0


def _matmul(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return 2 * values_of(outputs[0]) * (inputs[0][-1] or 1)


def _einsum(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    return einsum_flops(layer.subscripts, inputs)


Rule = Callable[[Any, Shapes, Shapes], int]


def _table(*rows: tuple[Rule, str]) -> dict[str, Rule]:
    return {name: rule for rule, names in rows for name in names.split()}


_LAYERS = _table(
    (_dense, "Dense"),
    (_einsum_dense, "EinsumDense"),
    (_transposed_convolution, "BaseConvTranspose"),
    (_depthwise_convolution, "BaseDepthwiseConv"),
    (_separable_convolution, "BaseSeparableConv"),
    (_convolution, "BaseConv"),
    (_pooling, "BasePooling"),
    (_all_inputs, "BaseGlobalPooling BaseAdaptivePooling"),
    (_dot, "Dot"),
    (_sum_of_inputs, "Merge"),
    (_batch_normalization, "BatchNormalization Normalization Rescaling"),
    (_normalization, "LayerNormalization GroupNormalization RMSNormalization UnitNormalization"),
    (_activation_layer, "Activation"),
    (_softmax, "Softmax"),
    (_each_value, "PReLU LearnedPositionalEncoding"),
    (_weighted_average, "WeightedAverage"),
    (_cumulative_link, "CumulativeLink"),
    (_nothing, "LearnedTokens SelectStep StepSlice ReverseChannels"),
    (_multi_head_attention, "MultiHeadAttention"),
    (_grouped_attention, "GroupedQueryAttention"),
    (_plain_attention, "Attention AdditiveAttention"),
    (_convolutional_recurrent, "ConvLSTM"),
    (_recurrent, "RNN"),
    (_bidirectional, "Bidirectional"),
    (_time_distributed, "TimeDistributed"),
    (_wrapped, "SpectralNormalization"),
    (_nothing, "InputLayer Flatten Reshape Permute RepeatVector Identity Masking Concatenate Embedding"),
    (_nothing, "Dropout GaussianDropout GaussianNoise AlphaDropout ActivityRegularization"),
    (_nothing, "ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D"),
    (_nothing, "UpSampling1D UpSampling2D UpSampling3D CategoryEncoding BaseImagePreprocessingLayer"),
)
_OPERATIONS = _table(
    (_matmul, "Matmul"),
    (_einsum, "Einsum"),
    (_softmax, "Softmax LogSoftmax"),
    (_all_inputs, "Mean Sum Max Min Var Std Argmax"),
    (_nothing, "Reshape Transpose Squeeze ExpandDims BroadcastTo Cast Stack Concatenate GetItem Take Slice"),
    (_nothing, "Pad Tile Split Arange Shape StopGradient OneHot Repeat Flip Roll"),
)
