"""Models with everything that a functional model can have, and files that mean harm."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops


def many_ways() -> keras.Model:
    """Return a model with shared layers, an inner model used twice, operations, and named outputs."""
    first = keras.Input((8, 6), name="first")
    second = keras.Input((6,), name="Second input")
    shared = layers.Dense(6, name="Shared")
    entry = keras.Input((6,))
    inner = keras.Model(entry, layers.Dense(6, activation="relu")(entry), name="inner")
    x = ops.mean(shared(first) + 1, axis=1)
    y = inner(inner(shared(second)))
    kept = ops.where(x > 0, x, 0.0)
    joined = ops.concatenate([ops.softmax(kept), y], axis=-1)
    attended, scores = layers.MultiHeadAttention(2, 3)(
        first, first, return_attention_scores=True, use_causal_mask=True
    )
    states = layers.LSTM(4, return_state=True)(first, initial_state=[second[:, :4], second[:, 2:]])
    masked = layers.GRU(3)(first, mask=ops.any(first > 0.5, axis=-1))
    normal = layers.BatchNormalization(trainable=False)(second, training=True)
    outputs = {
        "joined": joined,
        "parts": [ops.split(joined, 2, axis=-1)[1], x[:, 0]],
        "attention": [attended, scores],
        "rest": [*states, masked, normal, ops.einsum("bi,bi->b", second, second)],
    }
    return keras.Model({"first": first, "Second input": second}, outputs, name="many_ways")


def masked() -> keras.Model:
    """Return a model whose padding is masked by Keras itself."""
    tokens = keras.Input((7,), dtype="int32")
    x = layers.Embedding(20, 8, mask_zero=True)(tokens)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x)
    return keras.Model(tokens, layers.Dense(2)(layers.GRU(3)(x)))


def frozen_base() -> keras.Model:
    """Return a model on top of an inner one that never trains, as in transfer learning."""
    entry = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(entry))
    base = keras.Model(entry, layers.GlobalAveragePooling2D()(x), name="base")
    base.trainable = False
    picture = keras.Input((8, 8, 3))
    return keras.Model([picture], [layers.Dense(3, activation="softmax")(base(picture, training=False))])


def sequential_inside() -> keras.Model:
    """Return a model with sequential ones inside, one in the other."""
    picture = keras.Input((None, None, 3), batch_size=2)
    stem = keras.Sequential([layers.Conv2D(4, 3), layers.ReLU()], name="stem")
    body = keras.Sequential([stem, layers.Conv2D(4, 3, dtype="float64")], name="body")
    return keras.Model(picture, layers.GlobalMaxPooling2D()(body(picture)))


def passing_through() -> keras.Model:
    """Return a model that hands an input on as it is, twice, beside an unused one."""
    x, unused = keras.Input((3,), name="x"), keras.Input((2,), name="unused")
    return keras.Model([x, unused], [x, x, layers.Add()([x, x])])


def odd_settings() -> keras.Model:
    """Return a model whose layers have settings that few models have."""
    x = entry = keras.Input((12, 4), name="Größe 1")
    x = layers.Conv1D(
        4,
        3,
        padding="causal",
        kernel_initializer=keras.initializers.RandomNormal(0.0, 0.3, seed=4),
        kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
        bias_constraint="non_neg",
        name="1st",
    )(x)
    x = layers.TimeDistributed(layers.Dense(3, activation=keras.activations.gelu), name="dense")(x)
    x = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], name="DENSE")(x)
    x = layers.Dense(2, dtype="mixed_bfloat16", name="output")(x)
    return keras.Model(entry, [x], trainable=True)


MODELS = (many_ways, masked, frozen_base, sequential_inside, passing_through, odd_settings)


def arrays_for(model: keras.Model, rows: int = 2) -> Any:
    """Return random arrays in the structure of a model's inputs."""
    random = np.random.default_rng(0)

    def array(tensor: Any) -> np.ndarray:
        shape = (rows, *(9 if size is None else size for size in tensor.shape[1:]))
        if str(tensor.dtype).startswith("int"):
            return random.integers(0, 5, shape).astype(tensor.dtype)
        return random.uniform(0, 1, shape).astype("float32")

    structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return keras.tree.map_structure(array, structure)


def small_file(folder: Path) -> Path:
    """Save a small model and return its file."""
    entry = keras.Input((4,), name="entry")
    model = keras.Model(entry, layers.Dense(3, name="dense")(entry))
    file = folder / "small.keras"
    model.save(file)
    return file


def changed(file: Path, target: Path, **members: bytes | None) -> Path:
    """Copy an archive with other contents of members, named with ``__`` for a dot; None leaves one out."""
    others = {name.replace("__", "."): data for name, data in members.items()}
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w") as sink:
        for name in source.namelist():
            data = others.pop(name, source.read(name))
            if data is not None:
                sink.writestr(name, data)
        for name, data in others.items():
            if data is not None:
                sink.writestr(name, data)
    return target


def with_layer(file: Path, target: Path, **changes: Any) -> Path:
    """Copy an archive with the saved layer "dense" changed."""
    with zipfile.ZipFile(file) as source:
        config = json.loads(source.read("config.json"))
    layer = config["config"]["layers"][1]
    for key, value in changes.items():
        if key == "config":
            layer["config"].update(value)
        else:
            layer[key] = value
    return changed(file, target, config__json=json.dumps(config).encode())
