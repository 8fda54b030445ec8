"""The features in which made and real samples are compared: those of a small network of the data's own.

Where the data have classes, the network tells them apart; else it squeezes a sample into a few numbers and
restores it from them. It is trained once for prepared data and kept beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.data.preprocessing import model_input_tensors
from builder.runs.files import atomic_path

FILE = "features.keras"
FEATURES = 32
MOST_ROWS = 5000
EPOCHS = 6
_STEPS_AT_LEAST = 200
_BATCH = 64
_AT_ONCE = 256
_SEED = 7

Extractor = Callable[[np.ndarray], np.ndarray]


def extractor(prepared: Prepared) -> Extractor:
    """Return the function from samples in the unit of the data, (samples, …), to features, (samples, 32).

    The features have mean 0 and variance 1 over the training data.
    """
    file = prepared.folder / FILE
    if not file.exists():
        _write(_trained(prepared), file)
    model = keras.saving.load_model(file, compile=False)

    def features(samples: np.ndarray) -> np.ndarray:
        parts = _parts(np.arange(len(samples)))
        return np.concatenate([np.asarray(model(samples[rows].astype(np.float32))) for rows in parts])

    return features


def _trained(prepared: Prepared) -> keras.Model:
    spec = prepared.spec
    rows = np.random.default_rng(_SEED).permutation(np.asarray(prepared.indices["train"]))[:MOST_ROWS]
    sources, scaled = model_input_tensors(spec.inputs[0])
    described = _described(scaled)
    scaling = keras.Model(sources[0], scaled)
    has_classes = len(spec.class_names) > 1
    if has_classes:
        output = keras.layers.Dense(len(spec.class_names), "softmax", kernel_initializer=_start(9))(described)
    else:
        output = _restored(described, tuple(scaled.shape[1:]))
    whole = keras.Model(sources[0], output)
    loss = "sparse_categorical_crossentropy" if has_classes else "mean_squared_error"
    whole.compile(keras.optimizers.Adam(0.002), loss, jit_compile=False)
    for chosen in _batches(rows):
        samples = _read(prepared, chosen)
        wanted = np.asarray(prepared.targets[chosen]) if has_classes else np.asarray(scaling(samples))
        whole.train_on_batch(samples, wanted)
    plain = keras.Model(sources[0], described)
    found = np.concatenate([np.asarray(plain(_read(prepared, part))) for part in _parts(rows)])
    means, variances = found.mean(axis=0).tolist(), (found.var(axis=0) + 1e-6).tolist()
    normalized = keras.layers.Normalization(mean=means, variance=variances)(described)
    return keras.Model(sources[0], normalized, name="features")


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows of every training step, each epoch in another order."""
    size = min(_BATCH, len(rows))
    steps = max(len(rows) // size, 1)
    for epoch in range(max(EPOCHS, -(-_STEPS_AT_LEAST // steps))):
        order = np.random.default_rng((_SEED, epoch)).permutation(rows)
        yield from (order[start : start + size] for start in range(0, steps * size, size))


def _parts(rows: np.ndarray) -> Iterator[np.ndarray]:
    yield from (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))


def _read(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    # Batch by batch: all pictures as floats could fill the memory.
    return np.asarray(prepared.arrays[prepared.spec.arrays[0].name][rows], np.float32)


def _described(x: Any) -> Any:
    """Return a few numbers that describe a sample."""
    is_image = len(x.shape) == 4
    convolution = keras.layers.Conv2D if is_image else keras.layers.Conv1D
    for number, filters in enumerate((16, 32, 64)):
        x = convolution(filters, 3, 2, "same", activation="relu", kernel_initializer=_start(number))(x)
    x = keras.layers.Flatten()(x) if max(x.shape[1:-1]) <= 8 else _averaged(x, is_image)
    return keras.layers.Dense(FEATURES, "tanh", kernel_initializer=_start(5))(x)


def _averaged(x: Any, is_image: bool) -> Any:
    pooling = keras.layers.GlobalAveragePooling2D if is_image else keras.layers.GlobalAveragePooling1D
    return pooling()(x)


def _restored(x: Any, shape: tuple[int, ...]) -> Any:
    x = keras.layers.Dense(128, "relu", kernel_initializer=_start(6))(x)
    x = keras.layers.Dense(int(np.prod(shape)), kernel_initializer=_start(7))(x)
    return keras.layers.Reshape(shape)(x)


def _start(number: int) -> keras.initializers.Initializer:
    # A seed of its own, so that neither a run's random numbers nor these depend on each other.
    return keras.initializers.GlorotUniform(seed=_SEED + number)


def _write(model: keras.Model, file: Path) -> None:
    with atomic_path(file) as temporary:
        model.save(temporary)
