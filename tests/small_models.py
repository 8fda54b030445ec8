"""Small models of every family on real data, trained for a moment, with the projects they belong to."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

from builder.blocks.sinusoidal_positional_encoding import SinusoidalPositionalEncoding
from builder.data.prepare import Prepared, prepare
from builder.data.preprocessing import model_input_tensors
from builder.graph import Graph, Node
from builder.outputs import arrange
from builder.project import DataRecipe, Project

layers = keras.layers
_FOLDER = tempfile.TemporaryDirectory(prefix="kerablocks-tests-")
SAMPLES = {
    "cnn": "digits",
    "residual": "digits",
    "lstm": "sms_spam",
    "bidirectional": "sms_spam",
    "transformer": "sms_spam",
    "table": "adult_income",
    "regression": "california_housing",
    "sound": "spoken_digits",
}


@cache
def small(kind: str) -> tuple[keras.Model, Project, Prepared]:
    """Return a model of a kind, trained for a moment on its sample, with its project and data.

    It is made once for all tests: leave it as it is.
    """
    task = "regression" if kind == "regression" else "classification"
    preprocessing = {"vocabulary_size": 2000, "sequence_length": 30}
    recipe = DataRecipe(
        {"kind": "sample", "name": SAMPLES[kind]}, task=task, preprocessing=preprocessing, split={"seed": 3}
    )
    prepared = prepare(recipe, Path(_FOLDER.name))
    keras.utils.set_random_seed(1)
    model = build(kind, prepared)
    train(model, prepared, steps=60)
    names = [layer.name for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    graph = Graph(tuple(Node(name, "dense.v1") for name in names if name.isidentifier()), ())
    return model, Project(f"Small {kind}", recipe, graph), prepared


def build(kind: str, prepared: Prepared) -> keras.Model:
    """Return an untrained model that begins as the product's models begin."""
    inputs, x = model_input_tensors(prepared.spec.inputs[0])
    x = BODIES[kind](x)
    if prepared.spec.task == "regression":
        x = layers.Dense(1, name="head_dense")(x)
        scale = prepared.spec.target_variance**0.5
        output = layers.Rescaling(scale, offset=prepared.spec.target_mean, name="head")(x)
    elif kind == "bidirectional":
        output = layers.Dense(1, activation="sigmoid", name="head")(x)
    else:
        # The residual model speaks in logits, so that this case is walked through as well.
        last = "linear" if kind == "residual" else "softmax"
        output = layers.Dense(prepared.spec.class_count, activation=last, name="head")(x)
    return keras.Model({tensor.name: tensor for tensor in inputs}, output, name=kind)


def train(model: keras.Model, prepared: Prepared, steps: int) -> None:
    """Take a few steps, so that predictions differ from sample to sample."""
    rows = np.random.default_rng(1).permutation(prepared.indices["train"])
    weight = None
    if prepared.spec.task == "regression":
        loss, weight = "mean_squared_error", [1 / prepared.spec.target_variance]
    elif model.output_shape[-1] == 1:
        loss = "binary_crossentropy"
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=model.name == "residual")
    model.compile(keras.optimizers.Adam(0.003), loss, loss_weights=weight)
    for step in range(steps):
        batch = np.sort(np.take(rows, range(step * 64, step * 64 + 64), mode="wrap"))
        inputs = arrange(model, {name: array[batch] for name, array in prepared.arrays.items()})
        model.train_on_batch(inputs, np.asarray(prepared.targets[batch]))


def _cnn(x: Any) -> Any:
    x = layers.Conv2D(8, 3, activation="relu", name="conv_1")(x)
    x = layers.BatchNormalization(name="normalize_1")(x)
    x = layers.MaxPooling2D(name="pool_1")(x)
    x = layers.Conv2D(16, 3, activation="relu", name="conv_2")(x)
    x = layers.MaxPooling2D(name="pool_2")(x)
    return layers.Dropout(0.2, name="dropout")(layers.Flatten(name="flatten")(x))


def _residual(x: Any) -> Any:
    x = layers.Conv2D(8, 3, padding="same", name="conv_1")(x)
    y = layers.Conv2D(8, 3, padding="same", activation="relu", name="residual_conv_1")(x)
    y = layers.BatchNormalization(name="residual_normalization")(y)
    x = layers.MaxPooling2D(4, name="pool")(layers.Add(name="residual_add")([x, y]))
    return layers.Flatten(name="flatten")(x)


def _lstm(x: Any) -> Any:
    x = layers.Embedding(2000, 16, mask_zero=True, name="words")(x)
    x = layers.GRU(16, return_sequences=True, name="gru")(x)
    return layers.LSTM(16, recurrent_dropout=0.2, name="lstm")(x)


def _bidirectional(x: Any) -> Any:
    x = layers.Embedding(2000, 16, mask_zero=True, name="words")(x)
    return layers.Bidirectional(layers.LSTM(8), name="both_ways")(x)


def _transformer(x: Any) -> Any:
    x = layers.Embedding(2000, 16, name="words")(x)
    x = SinusoidalPositionalEncoding(name="positions")(x)
    y = layers.MultiHeadAttention(2, 8, name="encoder_attention")(x, x)
    x = layers.LayerNormalization(name="encoder_normalization")(layers.Add(name="encoder_add")([x, y]))
    y = layers.Dense(32, activation="gelu", name="encoder_dense")(x)
    return layers.GlobalAveragePooling1D(name="average")(y)


def _dense(x: Any) -> Any:
    x = layers.Dense(32, activation="relu", name="dense_1")(x)
    return layers.Dense(16, activation="relu", name="dense_2")(x)


def _sound(x: Any) -> Any:
    x = layers.Conv2D(16, (10, 4), (4, 2), padding="same", use_bias=False, name="stem")(x)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(momentum=0.9, name="normalize")(x))
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise")(x)
    return layers.GlobalAveragePooling2D(name="average")(x)


BODIES = {
    "cnn": _cnn,
    "residual": _residual,
    "lstm": _lstm,
    "bidirectional": _bidirectional,
    "transformer": _transformer,
    "table": _dense,
    "regression": _dense,
    "sound": _sound,
}
