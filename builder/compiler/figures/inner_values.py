"""Values inside a layer that training keeps for the gradient, beside what the layer gives."""

from __future__ import annotations

from typing import Any

from builder.compiler.figures.flops import Shapes, values_of

# Values of one unit at one step: the gates before and after their functions, and the states.
_KEPT_A_UNIT = {"LSTM": 10, "GRU": 8, "SimpleRNN": 2}


def inner_values(layer: Any, inputs: Shapes, outputs: Shapes) -> int:
    """Return how many values a layer keeps for one sample besides its output.

    Recurrent layers keep their gates at every step, attention keeps queries, keys, values, and the scores
    before and after the softmax, a layer with an activation function what goes into it.

    Args:
        layer: a built layer, or an operation of ``keras.ops``.
        inputs: the shapes of the tensors that it is called on.
        outputs: the shapes of what it gives.
    """
    kind = type(layer).__name__
    if kind == "Bidirectional":
        return 2 * inner_values(layer.forward_layer, inputs, outputs)
    if kind in _KEPT_A_UNIT:
        return _KEPT_A_UNIT[kind] * (inputs[0][1] or 1) * int(layer.units)
    if kind == "MultiHeadAttention":
        return _attention(layer.num_heads, layer.key_dim, layer.value_dim, inputs)
    if kind == "GroupedQueryAttention":
        return _attention(layer.num_query_heads, layer.head_dim, layer.head_dim, inputs)
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    has_function_inside = bool(getattr(layer, "weights", ())) and activation != "linear"
    return values_of(outputs[0]) if has_function_inside else 0


def _attention(heads: int, key_dim: int, value_dim: int, inputs: Shapes) -> int:
    steps = values_of(inputs[0][:-1])
    seen = values_of(inputs[min(1, len(inputs) - 1)][:-1])
    projected = heads * (2 * steps * key_dim + seen * (key_dim + value_dim) + steps * value_dim)
    return projected + 2 * heads * steps * seen
