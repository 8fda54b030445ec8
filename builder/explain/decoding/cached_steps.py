"""A functional model run step by step: each step costs the layers over the new tokens alone.

What an encoder has read is worked out once, and what attention and recurrent layers have seen is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from builder.explain.calls import every_call
from builder.explain.decoding.layer_steps import CannotStep, State, Step, plain_inputs, step_of


@dataclass(frozen=True)
class Seen:
    """What is kept of some texts: what the fixed inputs give, the layers' states, the steps so far."""

    fixed: dict[str, State]
    state: dict[str, State]
    steps: int = 0


class CachedSteps:
    """The part of a model that depends on what is written, step by step; the rest, once.

    Args:
        model: a functional model with one output of shape (batch, steps, …).
        written: the name of the input that grows step by step, (batch, steps), token ids.

    Raises:
        CannotStep: where the model has layers between this input and the output of which it is not known how
            they go on.
    """

    def __init__(self, model: keras.Model, written: str) -> None:
        self._model, self._written = model, written
        self._inputs = {tensor.name: id(tensor) for tensor in model.inputs}
        moving = {self._inputs[written]}
        self._fixed_calls: list[Any] = []
        self._steps: dict[str, Step] = {}
        needed = _needed(model)
        for number, node in enumerate(_calls(model)):
            if not any(id(tensor) in moving for tensor in node.input_tensors):
                self._fixed_calls.append(node)
                continue
            moving |= {id(tensor) for tensor in node.outputs}
            if id(node) in needed:
                self._steps[str(number)] = step_of(node, moving)
        if id(model.outputs[0]) not in moving:
            raise CannotStep
        self._prepare = tf.function(self.prepared, autograph=False, reduce_retracing=True)
        self._advance = tf.function(self.advanced, autograph=False, reduce_retracing=True)

    @property
    def names(self) -> list[str]:
        """What the layers' states are called."""
        return list(self._steps)

    def begin(self, fixed: Mapping[str, np.ndarray], rows: int) -> Seen:
        """Read the inputs that are known from the beginning, before anything is written.

        Args:
            fixed: arrays by input name, one row a text that is written.
            rows: how many texts are written at once.
        """
        known = self._prepare({name: tf.constant(values) for name, values in fixed.items()})
        return Seen(known, self.initial(rows, known))

    def feed(self, seen: Seen, tokens: np.ndarray) -> tuple[np.ndarray, Seen]:
        """Go on with new tokens, (rows, new); return the last step's output, (rows, …), and what is kept."""
        given = tf.constant(np.asarray(tokens, np.int32))
        output, state = self._advance(given, seen.fixed, seen.state, tf.constant(seen.steps))
        return output.numpy(), Seen(seen.fixed, state, seen.steps + tokens.shape[1])

    def keep(self, seen: Seen, rows: np.ndarray) -> Seen:
        """Return what is kept where each new row goes on from the old row that it names, of the same text."""
        chosen = tf.constant(np.asarray(rows, np.int32))
        return replace(seen, state=tf.nest.map_structure(lambda value: tf.gather(value, chosen), seen.state))

    def initial(self, rows: int, known: Mapping[str, State]) -> dict[str, State]:
        """Return the layers' states before the first step, from what ``prepared`` gives."""
        return {name: step.begin(rows, known[name]) for name, step in self._steps.items()}

    def prepared(self, fixed: Mapping[str, Any]) -> dict[str, State]:
        """Return what the layers take from the fixed inputs, (rows, …) by name; for ``tf.function``."""
        values = {self._inputs[name]: value for name, value in fixed.items()}
        for node in self._fixed_calls:
            args, kwargs = node.arguments.fill_in(values)
            _take(values, node, node.operation(*args, **kwargs))
        masks = {name: getattr(value, "_keras_mask", None) for name, value in values.items()}
        return {name: step.prepare(values, masks) for name, step in self._steps.items()}

    def advanced(
        self, tokens: Any, fixed: dict[str, State], state: dict[str, State], before: Any
    ) -> tuple[Any, dict[str, State]]:
        """Return the last of the new steps' outputs, (rows, …), and the next states; for ``tf.function``.

        Args:
            tokens: new token ids, (rows, new).
            fixed: what ``prepared`` gave.
            state: what ``initial`` or the step before gave.
            before: how many tokens came before, a scalar.
        """
        values = {self._inputs[self._written]: tokens}
        following = {}
        for name, step in self._steps.items():
            output, following[name] = step.run(values, fixed[name], state[name], before)
            _take(values, step.node, output)
        return values[id(self._model.outputs[0])][:, -1], following


def _take(values: dict[int, Any], node: Any, output: Any) -> None:
    for symbolic, value in zip(node.outputs, keras.tree.flatten(output), strict=True):
        values[id(symbolic)] = value


def _needed(model: keras.Model) -> set[int]:
    """Return the ids of the calls whose values reach the output otherwise than as masks."""
    wanted = {id(model.outputs[0])}
    needed = set()
    for node in reversed(_calls(model)):
        if wanted & {id(tensor) for tensor in node.outputs}:
            needed.add(id(node))
            wanted |= {id(tensor) for tensor in plain_inputs(node)}
    return needed


def _calls(model: keras.Model) -> list[Any]:
    """Return the calls that make a model's output, each after those that it needs."""
    if not isinstance(model, keras.Model) or not hasattr(model, "_nodes_by_depth"):
        raise CannotStep
    return every_call(model)
