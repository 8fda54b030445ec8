"""What is to stay in 32-bit floats does, and only that: loops, several outputs, names that look alike."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import pytest

from builder.export import quantize
from builder.export.flatbuffer_model import opened_model
from builder.export.preflight.operators import kept_patterns, made_by_part, operator_patterns
from builder.export.preflight.owners import Owners
from builder.export.tflite import float32

layers = keras.layers
pytestmark = [
    pytest.mark.slow,
    # TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # The calibrator looks at every tensor, as it must.
    pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`:UserWarning"),
]
STEPS = (6, 4)


class Rounded:
    """A model of steps, the blocks of its layers, and whose weights are rounded where others are kept."""

    def __init__(self, outputs: list[keras.KerasTensor], inputs: keras.KerasTensor, **blocks: str) -> None:
        # Named like one of its blocks, as a project may be.
        model = keras.Model({"steps": inputs}, outputs, name="head")
        owned = {layer.name: blocks.get(layer.name, layer.name) for layer in model.layers}
        inner = {layer.name for layer in model._flatten_layers(include_self=False)}
        last = tuple(owned[output._keras_history.operation.name] for output in outputs)
        self.tflite, self.owners = float32(model), Owners(owned, inner, last)
        traits = quantize.traits_of(model, self.tflite, regression=False)
        samples = np.random.default_rng(1).normal(size=(4, 1, *STEPS)).astype("float32")
        self._rounder = quantize.Rounder(self.tflite, traits, [{"steps": sample} for sample in samples])

    def keeping(self, *wanted: str) -> set[str]:
        return self._scopes(kept_patterns(self.tflite, self.owners, wanted))

    def alone(self, *parts: str) -> set[str]:
        every = operator_patterns(self.tflite, self.owners)
        return self._scopes([pattern for part, pattern in every if part not in parts])

    def _scopes(self, kept: Sequence[str]) -> set[str]:
        """Return the parts whose operators have rounded constants; a loop's body has the cell in its name."""
        found = set()
        model = opened_model(self._rounder.dynamic_range(kept))
        for number, graph in enumerate(model.subgraphs):
            for operator in graph.operators:
                made = graph.tensors[operator.outputs[0]]
                constants = [graph.tensors[index] for index in operator.inputs if index >= 0]
                if any(tensor.type == INT8 for tensor in constants):
                    found.add(self._part(made.name.decode(), number))
        return found

    def _part(self, name: str, graph: int) -> str:
        ends = {f"StatefulPartitionedCall_1:{place}": part for place, part in enumerate(self.owners.outputs)}
        return ends.get(name) or self.owners.part(name) or f"{graph}:{name}"


INT8 = 9


def test_layers_with_names_that_look_like_calls_of_each_other_are_told_apart() -> None:
    inputs = layers.Input(STEPS, name="steps")
    wide = layers.Dense(64, activation="relu", name="wide")
    x = layers.Dense(64, activation="relu", name="wide_1")(wide(layers.Flatten()(inputs)))
    model = Rounded([layers.Dense(32, name="left")(x), layers.Dense(48, name="right")(x)], inputs)
    made = made_by_part(model.tflite, model.owners)
    assert {"wide", "wide_1", "left", "right"} <= set(made)
    every = {"wide", "wide_1", "left", "right"}
    assert model.keeping() == every
    for block in every:
        assert model.keeping(block) == every - {block} and model.alone(block) == {block}


def test_an_operator_that_does_the_work_of_two_blocks_is_rounded_with_one_of_them() -> None:
    inputs = layers.Input(STEPS, name="steps")
    x = layers.BatchNormalization(name="norm")(layers.Conv1D(64, 3, name="conv")(inputs))
    x = layers.Flatten()(layers.ReLU(name="active")(x))
    model = Rounded([layers.Dense(32, name="head")(x)], inputs)
    assert len(model.keeping()) == 2
    for block in model.keeping():
        assert model.alone(block) == {block} and model.keeping(block) == model.keeping() - {block}


def test_the_loops_inside_of_a_block_are_kept_and_rounded_one_by_one() -> None:
    inputs = layers.Input(STEPS, name="steps")
    x = layers.LSTM(24, return_sequences=True, name="reader_1")(inputs)
    x = layers.Bidirectional(layers.GRU(24, name="gru"), name="reader_2")(x)
    blocks = {"reader_1": "reader", "reader_2": "reader"}
    model = Rounded([layers.Dense(32, name="head")(x)], inputs, **blocks)
    first, forward, backward = (
        "reader/reader_1/lstm_cell",
        "reader/reader_2/forward_gru/gru_cell",
        "reader/reader_2/backward_gru/gru_cell",
    )
    assert model.keeping() == {first, forward, backward, "head"}
    assert model.keeping("reader") == {"head"}
    assert model.keeping("reader/reader_1") == {forward, backward, "head"}
    assert model.keeping("reader/reader_2/forward_gru") == {first, backward, "head"}
    assert model.alone("reader/reader_1") == {first}
    assert model.alone("reader/reader_2/backward_gru") == {backward}


def test_what_attention_computes_itself_is_rounded_without_the_layers_inside_of_it() -> None:
    inputs = layers.Input(STEPS, name="steps")
    x = layers.MultiHeadAttention(2, 16, name="attention")(inputs, inputs)
    model = Rounded([layers.Dense(32, name="head")(layers.Flatten()(x))], inputs)
    parts = {"attention", "attention/query", "attention/key", "attention/value"}
    assert parts < set(made_by_part(model.tflite, model.owners))
    assert model.alone("attention/query") == {"attention/query"}
    assert not model.alone("attention") & parts
    assert not model.keeping("attention") & parts
