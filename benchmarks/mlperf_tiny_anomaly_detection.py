"""The anomaly detection of MLPerf Tiny: the benchmark's autoencoder, on spoken digits instead of toy cars.

PATH is the Free Spoken Digit Dataset, as for keyword spotting. The normal sound is one word, all others are
anomalies; each word is the normal one once. Learned from are recordings 10 to 49 of the normal word by
each speaker, tested are its recordings 0 to 9 and all of the others. As in the benchmark, a network sees
five frames of 128 log-mel bands, 64 ms every 32 ms, and a recording is as unusual as its frames are on
average; the measure is the area under the ROC curve.

The reference's own recipe: Adam and batches of 512 for 100 epochs. The benchmark's target is 0.85.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mlperf_tiny_keyword_spotting import recordings
from mlperf_tiny_task import Task

WORDS = range(10)
_TESTED = 10
_RATE, _WINDOW, _STEP, _LENGTH = 8000, 512, 256, 1024
_BANDS, _FRAMES = 128, 5
_LOWEST, _HIGHEST = 20.0, 4000.0


def _pack(source: Path, folder: Path, rows: int) -> Path:
    import numpy as np

    parts: dict[str, list[Any]] = {f"{name}_{part}": [] for name in "xyr" for part in ("train", "test")}
    for number, (name, content) in enumerate(recordings(source)[:rows]):
        word, _, take = Path(name).stem.split("_")
        part = "test" if int(take) < _TESTED else "train"
        for window in _windows(content):
            parts[f"x_{part}"].append(window)
            parts[f"y_{part}"].append(int(word))
            parts[f"r_{part}"].append(number)
    file = folder / "words.npz"
    np.savez(file, **{name: np.array(values) for name, values in parts.items()})
    return file


def _windows(content: bytes) -> Iterator[Any]:
    """Yield every five neighboring frames of a recording, decibels of shape (640,)."""
    import numpy as np
    import soundfile
    from scipy.signal.windows import hann

    sound, _ = soundfile.read(io.BytesIO(content), dtype="float32")
    pieces = (
        np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_STEP] if len(sound) >= _WINDOW else []
    )
    power = np.abs(np.fft.rfft(pieces * hann(_WINDOW, sym=False), _LENGTH)) ** 2
    frames = 10 * np.log10(power @ _mel_matrix() + np.finfo(np.float64).eps)
    for start in range(len(frames) - _FRAMES + 1):
        yield frames[start : start + _FRAMES].ravel().astype(np.float32)


@cache
def _mel_matrix() -> Any:
    import tensorflow as tf

    bins = _LENGTH // 2 + 1
    return tf.signal.linear_to_mel_weight_matrix(_BANDS, bins, _RATE, _LOWEST, _HIGHEST).numpy()


def _with_normal(word: int) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["data"]["preprocessing"]["normal_class"] = str(word)

    return change


def _features(prepared: Any, rows: Any) -> Any:
    return prepared.arrays["numeric"][rows]


def _reference() -> Any:
    """Return the benchmark's autoencoder, 267,928 weights."""
    import keras
    from keras import layers

    inputs = keras.Input((_FRAMES * _BANDS,))
    x = inputs
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(x)))
    return keras.Model(inputs, layers.Dense(_FRAMES * _BANDS)(x))


def _train(model: Any, features: Any, wanted: Any, epochs: int) -> None:
    model.compile("adam", "mean_squared_error")
    model.fit(features, wanted, 512, epochs, verbose=0)


def _area(outputs: Any, wanted: Any, prepared: Any, rows: Any, data: Path) -> float:
    """Return the area under the ROC curve of the recordings' mean squared errors."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    from builder.data.reconstruction import ANOMALIES_FILE

    with np.load(data) as packed:
        recording = np.concatenate([packed["r_train"], packed["r_test"]])[rows]
    errors = ((outputs - wanted) ** 2).mean(axis=1)
    unusual = np.load(prepared.folder / ANOMALIES_FILE)[rows]
    counts = np.maximum(np.bincount(recording), 1)
    whole, truth = (np.bincount(recording, values) / counts for values in (errors, unusual))
    there = np.unique(recording)
    return float(roc_auc_score(truth[there] > 0, whole[there]))


ANOMALY_DETECTION = Task(
    project=Path(__file__).with_suffix(".json"),
    epochs=100,
    pack=_pack,
    features=_features,
    reference=_reference,
    train=_train,
    score=_area,
    gives_back=True,
    rounds={f"word {word}": _with_normal(word) for word in WORDS},
)
