"""The features in which made and real samples are compared: those of a small network of the data's own.

It is trained once for prepared data and kept beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from builder.adversarial.feature_network import feature_network, features_of
from builder.data.prepare import Prepared
from builder.data.preprocessing import model_input_tensors
from builder.runs.files import atomic_path

FILE = "features.keras"

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
        return np.asarray(features_of(model, samples))

    return features


def _trained(prepared: Prepared) -> keras.Model:
    spec = prepared.spec
    sources, scaled = model_input_tensors(spec.inputs[0])
    return feature_network(
        keras.Model(sources[0], scaled),
        prepared.arrays[spec.arrays[0].name],
        prepared.indices["train"],
        prepared.targets,
        len(spec.class_names),
    )


def _write(model: keras.Model, file: Path) -> None:
    with atomic_path(file) as temporary:
        model.save(temporary)
