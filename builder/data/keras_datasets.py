"""The data sets of ``keras.datasets``: downloaded once by Keras, read from its cache ever after."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from builder.data.array_files import class_indices
from builder.data.images import ImageSource
from builder.data.table_source import TableSource
from builder.errors import BuilderError, stop
from builder.params import suggestion

_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# The file or folder in Keras's cache, and the names of the classes where they are more than numbers.
_IMAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "mnist": ("mnist.npz", ()),
    "fashion_mnist": ("fashion-mnist", _CLOTHES),
    "cifar10": ("cifar-10-batches-py-target", _THINGS),
    "cifar100": ("cifar-100-python-target", ()),
}
_TABLES = {"california_housing": "california_housing.npz"}
_TEXTS = {"imdb": "imdb.npz", "reuters": "reuters.npz"}
NAMES = (*_IMAGES, *_TABLES, *_TEXTS)
_HOUSING = ("longitude", "latitude", "age", "rooms", "bedrooms", "population", "households", "income")
# Keras counts words from here; lower numbers mark the start and unknown words.
_FIRST_WORD = 3


def read_keras_dataset(name: Any) -> ImageSource | TableSource:
    """Return a data set of ``keras.datasets`` by its name; the network is needed the first time.

    Raises:
        BuilderError: where there is none of this name, or it cannot be downloaded.
    """
    if name not in NAMES:
        message = (
            f"Keras has no data set '{name}' that can be used here.{suggestion(str(name), list(NAMES))} "
            f"There are: {', '.join(NAMES)}."
        )
        raise stop("unknown_dataset", message, field="source")
    (x_train, y_train), (x_test, y_test) = _load(name)
    is_test = np.repeat([False, True], [len(y_train), len(y_test)])
    files = _files(name)
    if name in _IMAGES:
        labels, words = class_indices(np.concatenate([y_train, y_test]), name)
        pixels = np.concatenate([x_train, x_test])
        names = [f"image {number}" for number in range(1, len(labels) + 1)]
        class_names = _IMAGES[name][1] or words
        return ImageSource(
            name, names, labels, class_names, lambda row: Image.fromarray(pixels[row]), files, is_test
        )
    if name in _TEXTS:
        columns = _text_columns(name, [*x_train, *x_test], np.concatenate([y_train, y_test]))
        roles = {"text": "text", "label": "target"}
    else:
        values = np.concatenate([x_train, x_test])
        columns = {column: values[:, place].astype(str) for place, column in enumerate(_HOUSING)}
        columns["price"] = np.concatenate([y_train, y_test]).astype(str)
        roles = {"price": "target"}
    frame = pd.DataFrame({column: pd.Series(words, dtype="str") for column, words in columns.items()})
    return TableSource(name, frame, np.arange(len(frame)) + 1, files, is_test=is_test, roles=roles)


def cached_files(name: Any) -> tuple[Path, ...]:
    """Return where Keras keeps a data set; nothing may be there yet."""
    known = {**{key: value[0] for key, value in _IMAGES.items()}, **_TABLES, **_TEXTS}
    return (_cache() / known[name],) if name in known else ()


def _cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"


def _files(name: str) -> tuple[Path, ...]:
    found = []
    for path in cached_files(name):
        found += sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return tuple(file for file in found if file.exists())


def _load(name: str) -> Any:
    # Keras takes seconds to import, and only these data need it.
    import keras

    module = getattr(keras.datasets, name)
    # An archive that Keras keeps itself is read without running anything in it.
    try:
        return module.load_data()
    except Exception as error:
        raise _offline(name) from error


def _text_columns(name: str, encoded: list[Any], labels: np.ndarray) -> dict[str, Any]:
    import keras

    try:
        index = getattr(keras.datasets, name).get_word_index()
    except Exception as error:
        raise _offline(name) from error
    words = {number + _FIRST_WORD: word for word, number in index.items()}
    texts = [" ".join(words.get(number, "") for number in numbers).strip() for numbers in encoded]
    return {"text": texts, "label": [f"{int(label)}" for label in labels]}


def _offline(name: str) -> BuilderError:
    message = (
        f"The data set '{name}' is not on this machine yet, and could not be downloaded: there seems to be "
        "no connection to the network. Connect it once, or copy the file into "
        f"{_cache()} from a machine that has it, or choose a file of your own."
    )
    return stop("dataset_offline", message, field="source")
