"""Operations against TensorFlow's profiler, weights against Keras's count, activations against tensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from real_models import PRESETS, layers_of, preset, profiled_flops

from builder.blocks.cumulative_link import CumulativeLink
from builder.blocks.learned_positional_encoding import LearnedPositionalEncoding
from builder.blocks.learned_tokens import LearnedTokens
from builder.blocks.reverse_channels import ReverseChannels
from builder.blocks.select_step import SelectStep
from builder.blocks.step_slice import StepSlice
from builder.blocks.weighted_average import WeightedAverage
from builder.compiler.figures.layers import layer_figures

# The profiler leaves out activation functions other than softmax, and counts some steps on constants.
TOLERANCE = 0.01


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_operations_are_those_that_tensorflow_profiles(name: str, cache: Path) -> None:
    _, analysis, model = preset(name, cache)
    counted = layers_of(analysis)
    assert sum(layer.flops for layer in counted) == pytest.approx(profiled_flops(model), rel=TOLERANCE)
    assert not any(layer.is_rough for layer in counted)


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_weights_are_those_that_keras_counts(name: str, cache: Path) -> None:
    _, analysis, model = preset(name, cache)
    assert sum(layer.parameters for layer in layers_of(analysis)) == model.count_params()
    assert sum(outcome.parameters for outcome in analysis.outcomes.values()) == model.count_params()


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_activations_are_the_bytes_that_its_layers_give(name: str, cache: Path) -> None:
    _, analysis, model = preset(name, cache)
    every = keras.Model(model.inputs, [layer.output for layer in model.layers])
    samples = [np.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs]
    real = sum(np.asarray(value).nbytes for value in keras.tree.flatten(every(samples, training=False)))
    assert sum(layer.activation_bytes for layer in layers_of(analysis)) == real


PICTURE, STEPS = (16, 16, 8), (12, 8)
# Layers beside those of the presets: input shape, the layer, how near the profiler has to be.
LAYERS: dict[str, tuple[tuple[int, ...], Callable[[], Any], float]] = {
    "Conv2D dilated": (PICTURE, lambda: layers.Conv2D(8, 3, dilation_rate=2), 0.01),
    "Conv1D": (STEPS, lambda: layers.Conv1D(6, 3), 0.02),
    "Conv3D": ((6, 6, 6, 2), lambda: layers.Conv3D(4, 3), 0.01),
    "Conv2DTranspose": (PICTURE, lambda: layers.Conv2DTranspose(4, 3, strides=2, padding="same"), 0.02),
    "DepthwiseConv2D": (PICTURE, lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), 0.01),
    "SeparableConv2D": (PICTURE, lambda: layers.SeparableConv2D(6, 3), 0.01),
    "AveragePooling2D": (PICTURE, lambda: layers.AveragePooling2D(2), 0.01),
    "EinsumDense": (STEPS, lambda: layers.EinsumDense("abc,cd->abd", (12, 5), bias_axes="d"), 0.01),
    "Dense on steps": (STEPS, lambda: layers.Dense(5), 0.01),
    "GRU": (STEPS, lambda: layers.GRU(16, unroll=True), 0.03),
    "SimpleRNN": (STEPS, lambda: layers.SimpleRNN(16, unroll=True), 0.08),
    "Bidirectional": (STEPS, lambda: layers.Bidirectional(layers.LSTM(16, unroll=True)), 0.03),
    "TimeDistributed": (STEPS, lambda: layers.TimeDistributed(layers.Dense(5)), 0.01),
    "LayerNormalization": (STEPS, lambda: layers.LayerNormalization(), 0.2),
    "BatchNormalization": (PICTURE, lambda: layers.BatchNormalization(), 0.02),
}


@pytest.mark.parametrize("case", LAYERS.values(), ids=LAYERS.keys())
def test_a_layers_operations_are_those_that_tensorflow_profiles(case: Any) -> None:
    shape, make, tolerance = case
    start = keras.Input(shape)
    model = keras.Model(start, make()(start))
    (figures,) = layer_figures(model, "")
    assert not figures.is_rough
    assert figures.flops == pytest.approx(profiled_flops(model), rel=tolerance)


@pytest.mark.parametrize("heads", ["multi", "grouped"])
def test_attention_over_another_sequence_counts_both_lengths(heads: str) -> None:
    query, value = keras.Input((7, 16)), keras.Input((11, 16))
    layer: Any = layers.MultiHeadAttention(4, 8)
    if heads == "grouped":
        layer = layers.GroupQueryAttention(8, num_query_heads=4, num_key_value_heads=2)
    model = keras.Model([query, value], layer(query, value))
    (figures,) = layer_figures(model, "")
    assert figures.flops == pytest.approx(profiled_flops(model), rel=0.03)


def test_a_grouped_convolution_sees_only_its_groups_channels() -> None:
    start = keras.Input(PICTURE)
    (figures,) = layer_figures(keras.Model(start, layers.Conv2D(6, 3, groups=2)(start)), "")
    # 14 x 14 positions, 6 filters, windows of 3 x 3 over 4 of the 8 channels, and a bias.
    assert figures.flops == 14 * 14 * 6 * (2 * 3 * 3 * 4 + 1)


def test_a_layer_used_twice_works_twice_and_weighs_once() -> None:
    start = keras.Input((8,))
    shared = layers.Dense(8)
    model = keras.Model(start, shared(shared(start)))
    first, second = layer_figures(model, "")
    assert first.flops == second.flops > 0
    assert (first.parameters, second.parameters) == (72, 0)


def test_the_layers_of_a_nested_model_count_one_by_one() -> None:
    inner_start = keras.Input((8,))
    inner = keras.Model(inner_start, layers.Dense(4)(layers.Dense(8)(inner_start)))
    start = keras.Input((8,))
    found = layer_figures(keras.Model(start, layers.Dense(2)(inner(start))), "")
    assert [figures.kind for figures in found] == ["Dense", "Dense", "Dense"]


# One operation a value that is added or put through a function, none for values that are moved.
SIMPLE: dict[str, tuple[tuple[int, ...], Callable[[], Any], int]] = {
    "PReLU": (PICTURE, layers.PReLU, 16 * 16 * 8),
    "LearnedPositionalEncoding": (STEPS, LearnedPositionalEncoding, 12 * 8),
    "LearnedTokens": (STEPS, LearnedTokens, 0),
    "SelectStep": (STEPS, SelectStep, 0),
    "StepSlice": (STEPS, lambda: StepSlice(0, 3), 0),
    "ReverseChannels": (PICTURE, ReverseChannels, 0),
    # A difference from each of three thresholds, a sigmoid of it, and four differences of these.
    "CumulativeLink": ((1,), lambda: CumulativeLink(4), 3 + 3 + 4),
}


@pytest.mark.parametrize("case", SIMPLE.values(), ids=SIMPLE.keys())
def test_what_multiplies_no_matrix_is_counted_by_its_values(case: Any) -> None:
    shape, make, expected = case
    start = keras.Input(shape)
    (figures,) = layer_figures(keras.Model(start, make()(start)), "")
    assert (figures.flops, figures.is_rough) == (expected, False)


def test_a_learned_average_weighs_every_tensor_and_adds_them() -> None:
    starts = [keras.Input((5,)) for _ in range(3)]
    (figures,) = layer_figures(keras.Model(starts, WeightedAverage()(starts)), "")
    assert (figures.flops, figures.is_rough) == (5 * (3 + 2), False)


def test_a_layer_without_a_rule_is_guessed_from_its_weights_and_marked() -> None:
    class Mixing(layers.Layer):
        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[-1], shape[-1]), name="kernel")

        def call(self, inputs: Any) -> Any:
            return keras.ops.matmul(inputs, self.kernel)

    start = keras.Input((5, 8))
    (figures,) = layer_figures(keras.Model(start, Mixing()(start)), "")
    assert figures.is_rough
    assert figures.flops == 2 * 8 * 8 * 5
