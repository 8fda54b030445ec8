"""How each kind of layer goes on step by step: new steps in, what it puts out for them, and a state.

Of a call of a layer, some arguments grow step by step ("moving"), the others are known from the beginning
("fixed"), such as what an encoder has read. A step gives for the new steps alone what the layer would give
for them, had it been called on all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from builder.blocks.learned_positional_encoding import LearnedPositionalEncoding
from builder.blocks.sinusoidal_positional_encoding import SinusoidalPositionalEncoding

Values = Mapping[int, Any]
State = dict[str, Any]


class CannotStep(Exception):
    """A call that cannot go on step by step."""


def plain_inputs(node: Any) -> list[Any]:
    """Return the symbolic tensors that a call reads, but for masks.

    What is written has no padding, so that masks of it say nothing.
    """
    kwargs = {name: value for name, value in node.arguments.kwargs.items() if not name.endswith("mask")}
    given = keras.tree.flatten((node.arguments.args, kwargs))
    return [value for value in given if isinstance(value, keras.KerasTensor)]


class Step:
    """One call of a layer whose output follows from the new steps alone.

    Args:
        node: the call, a node of a functional model.
        moving: the ids of the symbolic tensors that grow step by step.

    Raises:
        CannotStep: where this call needs more than the new steps.
    """

    def __init__(self, node: Any, moving: set[int]) -> None:
        self.node, self.layer = node, node.operation
        self.tensors = plain_inputs(node)
        self.moves = [id(tensor) in moving for tensor in self.tensors]
        self.check()

    def check(self) -> None:
        """Refuse what mixes steps, or joins new steps with what is there from the beginning."""
        rank = max(len(tensor.shape) for tensor in self.tensors)
        axis = getattr(self.layer, "axis", -1)
        axes = axis if isinstance(axis, (list, tuple)) else [axis]
        if not all(self.moves) or any(item not in (-1, rank - 1) for item in axes):
            raise CannotStep

    def prepare(self, values: Values, masks: Values) -> State:
        """Return what follows from the fixed arguments alone; values and masks go by symbolic tensor."""
        return {}

    def begin(self, rows: int, fixed: State) -> State:
        """Return the state before the first step."""
        return {}

    def run(self, values: Values, fixed: State, state: State, before: Any) -> tuple[Any, State]:
        """Return the output for the new steps, and the next state; ``before`` counts the steps before."""
        args, kwargs = self.node.arguments.fill_in(values)
        return self.layer(*args, **kwargs), state


class _Positions(Step):
    def run(self, values: Values, fixed: State, state: State, before: Any) -> tuple[Any, State]:
        x = values[id(self.tensors[0])]
        return x + _rows(ops.cast(self.table(), x.dtype), before, ops.shape(x)[1]), state

    def table(self) -> Any:
        return self.layer.positions


class _Waves(_Positions):
    def table(self) -> Any:
        # Added to zeros, the waves are seen themselves.
        return self.layer(np.zeros((1, *self.tensors[0].shape[1:]), np.float32))[0]


class _Attention(Step):
    """Multi-head attention: to the steps so far, whose keys and values are kept, or to a fixed memory.

    Reference: Shazeer, Fast Transformer Decoding (2019), section 2.4.
    """

    def check(self) -> None:
        kwargs = self.node.arguments.kwargs
        query_moves, *others = self.moves
        known = {"use_causal_mask", "key", "value", "training", "query_mask", "value_mask", "key_mask"}
        unknown = [name for name, value in kwargs.items() if name not in known and value not in (None, False)]
        ranks = {len(tensor.shape) for tensor in self.tensors}
        self.looks_back = all(others)
        causal_self = self.looks_back and kwargs.get("use_causal_mask") and len(self._others()) == 1
        if unknown or ranks != {3} or not query_moves or not (causal_self or not any(others)):
            raise CannotStep

    def _others(self) -> set[int]:
        return {id(tensor) for tensor in self.tensors[1:]}

    def prepare(self, values: Values, masks: Values) -> State:
        if self.looks_back:
            return {}
        value, key = self.tensors[1], self.tensors[-1]
        found = {
            # Copies carry no masks, which the projections would warn of.
            "key": self.layer._key_dense(ops.copy(values[id(key)])),
            "value": self.layer._value_dense(ops.copy(values[id(value)])),
        }
        seen = [masks[id(tensor)] for tensor in (value, key) if masks.get(id(tensor)) is not None]
        given = self.node.arguments.kwargs.get("value_mask")
        seen += [] if given is None else [values[id(given)]]
        return {**found, "mask": seen[0][:, None, :]} if seen else found

    def begin(self, rows: int, fixed: State) -> State:
        if not self.looks_back:
            return {}
        length = self.tensors[0].shape[1]
        heads, dtype = self.layer._num_heads, self.layer.compute_dtype
        return {
            "key": ops.zeros((rows, length, heads, self.layer._key_dim), dtype),
            "value": ops.zeros((rows, length, heads, self.layer._value_dim), dtype),
        }

    def run(self, values: Values, fixed: State, state: State, before: Any) -> tuple[Any, State]:
        x = values[id(self.tensors[0])]
        memory = fixed
        if self.looks_back:
            new = values[id(self.tensors[1])]
            start = (0, before, 0, 0)
            state = {
                "key": ops.slice_update(state["key"], start, self.layer._key_dense(new)),
                "value": ops.slice_update(state["value"], start, self.layer._value_dense(new)),
            }
            places = ops.arange(state["key"].shape[1])[None, :]
            own = before + ops.arange(ops.shape(x)[1])[:, None]
            memory = {**state, "mask": (places <= own)[None]}
        found, _ = self.layer._compute_attention(
            self.layer._query_dense(x), memory["key"], memory["value"], memory.get("mask"), training=False
        )
        return self.layer._output_dense(found), state


class _LookUp(Step):
    """Dot-product or additive attention to a fixed memory."""

    def check(self) -> None:
        query_moves, *others = self.moves
        if not query_moves or any(others) or not others or self.node.arguments.kwargs.get("use_causal_mask"):
            raise CannotStep

    def prepare(self, values: Values, masks: Values) -> State:
        others = self.tensors[1:]
        found = {str(place): values[id(tensor)] for place, tensor in enumerate(others)}
        given = self.node.arguments.kwargs.get("mask") or [None, None]
        mask = masks.get(id(others[0])) if given[1] is None else values.get(id(given[1]))
        return found if mask is None else {**found, "mask": mask}

    def run(self, values: Values, fixed: State, state: State, before: Any) -> tuple[Any, State]:
        others = [fixed[str(place)] for place in range(len(self.moves) - 1)]
        asked = [values[id(self.tensors[0])], *others]
        mask = [None, fixed.get("mask"), *[None] * (len(asked) - 2)]
        return self.layer(asked, mask=mask if "mask" in fixed else None), state


class _Recurrent(Step):
    """A recurrent layer, which carries a state anyway."""

    def check(self) -> None:
        only_output = len(self.node.outputs) == 1 and not self.layer.return_state
        fits = only_output and self.layer.return_sequences and not self.layer.go_backwards
        if not fits or not self.moves[0] or any(self.moves[1:]) or self.layer.stateful:
            raise CannotStep

    def prepare(self, values: Values, masks: Values) -> State:
        return {str(place): values[id(tensor)] for place, tensor in enumerate(self.tensors[1:])}

    def begin(self, rows: int, fixed: State) -> State:
        states = [fixed[str(place)] for place in range(len(fixed))]
        states = states or list(_flat(self.layer.cell.get_initial_state(batch_size=rows)))
        return {str(place): value for place, value in enumerate(states)}

    def run(self, values: Values, fixed: State, state: State, before: Any) -> tuple[Any, State]:
        states = [state[str(place)] for place in range(len(state))]
        x = values[id(self.tensors[0])]
        _, outputs, states = self.layer.inner_loop(x, states, None, training=False)
        return outputs, {str(place): value for place, value in enumerate(_flat(states))}


class _CausalConvolution(Step):
    """A convolution that looks back: the steps within its reach are kept."""

    def check(self) -> None:
        layer = self.layer
        if not all(self.moves) or layer.padding != "causal" or layer.strides[0] != 1:
            raise CannotStep
        self.reach = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)

    def begin(self, rows: int, fixed: State) -> State:
        features = self.tensors[0].shape[-1]
        return {"seen": ops.zeros((rows, self.reach, features), self.layer.compute_dtype)}

    def run(self, values: Values, fixed: State, state: State, before: Any) -> tuple[Any, State]:
        x = ops.concatenate([state["seen"], values[id(self.tensors[0])]], axis=1)
        layer = self.layer
        found = ops.conv(x, layer.kernel, strides=1, padding="valid", dilation_rate=layer.dilation_rate[0])
        found = layer.activation(found + layer.bias if layer.use_bias else found)
        return found, {"seen": x[:, ops.shape(x)[1] - self.reach :]}


def _rows(table: Any, before: Any, count: Any) -> Any:
    return ops.take(table, before + ops.arange(count), axis=0)


def _flat(states: Any) -> list[Any]:
    return list(keras.tree.flatten(states))


_STEP_BY_ITSELF = (
    *(layers.Embedding, layers.Dense, layers.Activation, layers.Identity, layers.Rescaling),
    *(layers.LayerNormalization, layers.RMSNormalization, layers.BatchNormalization),
    *(layers.Dropout, layers.SpatialDropout1D, layers.GaussianDropout, layers.GaussianNoise),
    *(layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum),
    *(layers.Concatenate, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Softmax, layers.InputLayer),
)
_STEPS: dict[type, Callable[[Any, set[int]], Step]] = {
    **dict.fromkeys(_STEP_BY_ITSELF, Step),
    LearnedPositionalEncoding: _Positions,
    SinusoidalPositionalEncoding: _Waves,
    layers.MultiHeadAttention: _Attention,
    layers.Attention: _LookUp,
    layers.AdditiveAttention: _LookUp,
    layers.LSTM: _Recurrent,
    layers.GRU: _Recurrent,
    layers.SimpleRNN: _Recurrent,
    layers.Conv1D: _CausalConvolution,
}


def step_of(node: Any, moving: set[int]) -> Step:
    """Return how a call goes on step by step.

    Raises:
        CannotStep: where that is not known.
    """
    made = _STEPS.get(type(node.operation))
    if made is None:
        raise CannotStep
    return made(node, moving)
