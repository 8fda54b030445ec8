"""The export formats: names, labels, files. Plain data, so that any process may read it."""

from __future__ import annotations

from dataclasses import dataclass

from builder.data.spec import DataSpec
from builder.writing_settings import SETTINGS_OF_TASK

# What a file takes that begins behind the spectrogram, and the file beside it that makes that of a sound.
SPECTROGRAM, FRONT_FILE = "spectrogram", "spectrogram.tflite"


@dataclass(frozen=True)
class Format:
    """One export format.

    ``file`` is the model's file or folder, or the program that runs it, inside the format's own folder;
    ``runtime`` names the library that verification loads it with: ``"keras"``, ``"tensorflow"``,
    ``"litert"`` or ``"onnxruntime"``.
    A ``prepared`` format takes the numeric arrays that the model was trained on, the others raw data.
    Where ``tasks`` are named, only models for these have the format; where ``of_spectrogram``, only those
    that hear sound as a spectrogram, which the file takes in the sound's place.
    ``quantized`` formats round weights, so small differences from the Keras model are expected.
    """

    name: str
    label: str
    file: str
    runtime: str
    use: str
    prepared: bool = False
    quantized: bool = False
    of_spectrogram: bool = False
    tasks: tuple[str, ...] = ()


_ALL = (
    Format(
        "keras",
        "Keras (.keras)",
        "model.keras",
        "keras",
        "Opens in Keras. Takes raw data: texts and table values are prepared inside the model.",
    ),
    Format(
        "saved_model",
        "SavedModel",
        "saved_model",
        "tensorflow",
        "Runs in TensorFlow and TensorFlow Serving without Keras. Endpoint 'serve' takes raw data, "
        "'serve_prepared' the numeric arrays.",
    ),
    Format(
        "tflite_float32",
        "TFLite, float32",
        "model.tflite",
        "litert",
        "Runs on phones and small computers, one sample a call, exactly as the Keras model.",
        prepared=True,
    ),
    Format(
        "tflite_float16",
        "TFLite, float16 weights",
        "model.tflite",
        "litert",
        "About half the size; hardly any difference in the predictions.",
        prepared=True,
        quantized=True,
    ),
    Format(
        "tflite_dynamic",
        "TFLite, dynamic range",
        "model.tflite",
        "litert",
        "About a quarter of the size: weights in 8 bits, activations rounded while running.",
        prepared=True,
        quantized=True,
    ),
    Format(
        "tflite_int8",
        "TFLite, int8",
        "model.tflite",
        "litert",
        "Weights and activations in 8 bits, ranges measured on training samples. Inputs and outputs stay "
        "float, so that a client needs no scales.",
        prepared=True,
        quantized=True,
    ),
    Format(
        "tflite_int8_spectrogram",
        "TFLite, int8, behind the spectrogram",
        "model.tflite",
        "litert",
        "For microcontrollers, which hear sound piece by piece: takes the spectrogram, with C code beside it "
        "that computes one. TensorFlow Lite Micro lacks what a model needs that hears the sound itself.",
        prepared=True,
        quantized=True,
        of_spectrogram=True,
    ),
    Format(
        "tflite_step",
        "TFLite, one step of writing",
        "model.tflite",
        "litert",
        "Writes token by token on phones: what the model has seen is kept between the calls, so that a step "
        "costs one token alone.",
        prepared=True,
        tasks=tuple(SETTINGS_OF_TASK),
    ),
    Format(
        "onnx",
        "ONNX",
        "model.onnx",
        "onnxruntime",
        "Runs in ONNX Runtime (Windows, servers, browsers, phones) and in many other tools, any number of "
        "samples a call. Takes the numeric arrays.",
        prepared=True,
    ),
    Format(
        "weights",
        "Weights (.weights.h5)",
        "model.weights.h5",
        "keras",
        "The trained numbers alone, for the model that the Python script builds.",
        prepared=True,
    ),
    Format(
        "server",
        "Prediction server",
        "serve.py",
        "litert",
        "A folder that answers over HTTP as TensorFlow Serving does, with a page to try it, and a container "
        "file. Needs neither Keras nor this studio.",
        prepared=True,
    ),
    Format(
        "script",
        "Python script",
        "model.py",
        "keras",
        "The project as readable Keras code, to train again or to change by hand.",
        prepared=True,
    ),
)
# Weights and arithmetic in 8 bits, in ranges that training samples tell.
INT8 = tuple(item.name for item in _ALL if item.name.startswith("tflite_int8"))
FORMATS: dict[str, Format] = {item.name: item for item in _ALL}
# The files that answer a whole sample in one call, as the Keras model does.
WHOLE_TFLITE = tuple(item.name for item in _ALL if item.file == "model.tflite" and not item.tasks)


def formats_for(spec: DataSpec) -> tuple[str, ...]:
    """Return the names of the formats that a model for some data can have."""
    return tuple(
        item.name
        for item in _ALL
        if (not item.tasks or spec.task in item.tasks) and (spec.has_spectrogram or not item.of_spectrogram)
    )
