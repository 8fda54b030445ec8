"""A trained model of sound, cut in two where its spectrogram is.

A microcontroller lacks the operators and the memory for the whole sound at once: it computes the spectrogram
itself, window by window, and asks the network behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from builder.data.spec import SPECTROGRAM_KIND, ArraySpec, DataSpec, ModelInput
from builder.errors import stop
from builder.export.formats import FRONT_FILE, SPECTROGRAM
from builder.export.log_mel_header import log_mel_header
from builder.export.tflite import float32

HEADER_FILE = "log_mel.h"
# The last layers of the input; see ``builder.data.preprocessing.audio_input``.
_LAST_LAYERS = {"log_mel_image": "image", "log_mel_sequence": "frames"}
Samples = list[dict[str, np.ndarray]]


@dataclass(frozen=True)
class Cut:
    """The two parts of a model; the weights are shared with it.

    ``front`` makes the spectrogram of the sound; ``network`` answers, and takes it as ``"spectrogram"``
    beside the model's other inputs. ``spec`` describes the data as the network sees them.
    """

    front: keras.Model
    network: keras.Model
    spec: DataSpec

    def samples(self, samples: Samples) -> Samples:
        """Return samples, each with a batch axis, with the spectrogram in the sound's place."""
        (sound,) = self.front.inputs
        return [
            {
                SPECTROGRAM: np.asarray(self.front(sample[sound.name], training=False)),
                **{name: values for name, values in sample.items() if name != sound.name},
            }
            for sample in samples
        ]

    def write_front(self, folder: Path) -> None:
        """Write the files that make the spectrogram beside the network's."""
        (folder / FRONT_FILE).write_bytes(float32(self.front))
        (folder / HEADER_FILE).write_text(log_mel_header(self.front), encoding="utf-8")


def cut(model: keras.Model, spec: DataSpec) -> Cut:
    """Return the parts of a model.

    Raises:
        BuilderError: ``no_spectrogram`` where the model's blocks see no spectrogram of sound.
    """
    item = next((item for item in spec.inputs if item.is_spectrogram), None)
    if item is None:
        message = (
            "Only a model of sound whose blocks see its log-mel spectrogram can begin there. Choose another "
            "format; or, for sound, set 'Sound as' on the Data page to a log-mel form and train again."
        )
        raise stop("no_spectrogram", message)
    sound = item.arrays[0].name
    tensor = model.get_layer(f"{sound}_{_LAST_LAYERS[item.settings['features']]}").output
    others = [other for other in model.inputs if other.name != sound]
    behind = keras.Model([tensor, *others], model.outputs)
    inputs = [keras.Input(tensor.shape[1:], name=SPECTROGRAM)]
    inputs += [keras.Input(other.shape[1:], dtype=other.dtype, name=other.name) for other in others]
    network = keras.models.clone_model(behind, input_tensors=inputs, clone_function=_same)
    front = keras.Model(next(one for one in model.inputs if one.name == sound), tensor)
    return Cut(front, network, _seen(spec, item, tensor.shape[1:]))


def _same(layer: keras.Layer) -> keras.Layer:
    return layer


def _seen(spec: DataSpec, item: ModelInput, shape: tuple[int, ...]) -> DataSpec:
    array = ArraySpec(SPECTROGRAM, tuple(shape), "float32")
    seen = replace(item, kind=SPECTROGRAM_KIND, arrays=(array,))
    return replace(spec, inputs=tuple(seen if other is item else other for other in spec.inputs))
