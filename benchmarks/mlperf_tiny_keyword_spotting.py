"""The keyword spotting of MLPerf Tiny: the benchmark's DS-CNN, on spoken digits instead of Speech Commands.

PATH is the Free Spoken Digit Dataset: a zip of its recordings, DIGIT_SPEAKER_NUMBER.wav. Each of its speakers
is left out once, so that every word is told by networks that never heard its speaker.

The reference's own recipe: ten coefficients of the cepstrum every 20 ms of a second, Adam in three steps from
0.0005, batches of 100, dropout and a decay of 0.0001. Its noise is part of Speech Commands and not here. The
benchmark's targets are 90 % and 53 KB, for twelve classes.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from mlperf_tiny_task import Task, accuracy

SPEAKERS = 6
_RATE, _WINDOW, _STEP = 8000, 240, 160
_BANDS, _COEFFICIENTS = 40, 10
_LOWEST, _HIGHEST = 20.0, 4000.0


def recordings(source: Path) -> list[tuple[str, bytes]]:
    """Return the name, DIGIT_SPEAKER_NUMBER.wav, and the bytes of every recording, ordered by name."""
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".wav"))
        return [(Path(name).name, archive.read(name)) for name in names]


def _pack(source: Path, folder: Path, rows: int) -> Path:
    file = folder / "digits.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in recordings(source)[:rows]:
            archive.writestr(f"{name[0]}/{name}", content)
    return file


def _without_speaker(number: int) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["data"]["split"] |= {"folds": SPEAKERS, "fold": number}

    return change


def _features(prepared: Any, rows: Any) -> Any:
    """Return mel-frequency cepstral coefficients, shape (rows, 49, 10, 1)."""
    import tensorflow as tf

    sound = prepared.arrays["audio"][rows].astype("float32")
    loudest = sound.max(axis=1, keepdims=True)
    spectrum = tf.abs(tf.signal.stft(sound / loudest, _WINDOW, _STEP))
    bands = tf.signal.linear_to_mel_weight_matrix(_BANDS, spectrum.shape[-1], _RATE, _LOWEST, _HIGHEST)
    logarithms = tf.math.log(spectrum @ bands + 1e-6)
    found = tf.signal.mfccs_from_log_mel_spectrograms(logarithms)
    return found[..., :_COEFFICIENTS, None].numpy()


def _reference() -> Any:
    """Return the benchmark's DS-CNN: one convolution and four depthwise-separable ones of 64 filters."""
    import keras
    from keras import layers

    decay = keras.regularizers.L2(1e-4)

    def normalized(x: Any, convolution: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(convolution(x)))

    inputs = keras.Input((49, _COEFFICIENTS, 1))
    first = layers.Conv2D(64, (10, 4), 2, "same", kernel_regularizer=decay)
    x = layers.Dropout(0.2)(normalized(inputs, first))
    for _ in range(4):
        x = normalized(x, layers.DepthwiseConv2D(3, padding="same", depthwise_regularizer=decay))
        x = normalized(x, layers.Conv2D(64, 1, kernel_regularizer=decay))
    x = layers.Flatten()(layers.AveragePooling2D((24, 5))(layers.Dropout(0.4)(x)))
    return keras.Model(inputs, layers.Dense(10, "softmax")(x))


def _train(model: Any, features: Any, wanted: Any, epochs: int) -> None:
    import keras

    steps = (0.0005, 0.0001, 0.00002)
    slower = keras.callbacks.LearningRateScheduler(lambda epoch: steps[epoch * len(steps) // epochs])
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy())
    model.fit(features, wanted, 100, epochs, callbacks=[slower], verbose=0)


KEYWORD_SPOTTING = Task(
    project=Path(__file__).with_suffix(".json"),
    epochs=36,
    pack=_pack,
    features=_features,
    reference=_reference,
    train=_train,
    score=accuracy,
    format="tflite_int8_spectrogram",
    rounds={f"speaker {number}": _without_speaker(number) for number in range(1, SPEAKERS + 1)},
)
