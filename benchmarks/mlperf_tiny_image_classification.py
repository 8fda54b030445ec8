"""The image classification of MLPerf Tiny: CIFAR-10 and the benchmark's ResNet.

The reference's own recipe: Adam, 0.001 times 0.99 an epoch, batches of 32, a decay of 0.0001, pictures
turned, moved and mirrored. The benchmark's targets are 85 % and 96 KB.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cifar10 import pack
from mlperf_tiny_task import Task, accuracy


def _pack(source: Path, folder: Path, rows: int) -> Path:
    pack(source, folder / "cifar10.zip", rows)
    return folder / "cifar10.zip"


def _features(prepared: Any, rows: Any) -> Any:
    return prepared.arrays["image"][rows].astype("float32")


def _reference() -> Any:
    """Return the benchmark's ResNet: three stages of one residual block, 78,666 weights."""
    import keras
    from keras import layers

    decay = keras.regularizers.L2(1e-4)

    def convolution(x: Any, filters: int, size: int = 3, strides: int = 1) -> Any:
        layer = layers.Conv2D(
            filters, size, strides, "same", kernel_initializer="he_normal", kernel_regularizer=decay
        )
        return layer(x)

    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(convolution(x, 16)))
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        y = layers.ReLU()(layers.BatchNormalization()(convolution(x, filters, strides=strides)))
        y = layers.BatchNormalization()(convolution(y, filters))
        shortcut = x if strides == 1 else convolution(x, filters, 1, strides)
        x = layers.ReLU()(layers.Add()([shortcut, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(inputs, layers.Dense(10, "softmax", kernel_initializer="he_normal")(x))


def _train(model: Any, features: Any, wanted: Any, epochs: int) -> None:
    import keras

    moved = keras.Sequential(
        [
            keras.layers.RandomRotation(15 / 360),
            keras.layers.RandomTranslation(0.1, 0.1),
            keras.layers.RandomFlip("horizontal"),
        ]
    )
    training = keras.Sequential([keras.Input((32, 32, 3)), moved, model])
    training.compile(keras.optimizers.Adam(0.001), keras.losses.SparseCategoricalCrossentropy())
    slower = keras.callbacks.LearningRateScheduler(lambda epoch: 0.001 * 0.99**epoch)
    training.fit(features, wanted, 32, epochs, callbacks=[slower], verbose=0)


IMAGE_CLASSIFICATION = Task(
    project=Path(__file__).with_suffix(".json"),
    epochs=30,
    pack=_pack,
    features=_features,
    reference=_reference,
    train=_train,
    score=accuracy,
)
