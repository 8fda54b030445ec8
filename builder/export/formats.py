"""The export formats: names, labels, files. Plain data, so that any process may read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """One export format.

    ``file`` is the model's file or folder, or the program that runs it, inside the format's own folder;
    ``runtime`` names the library that verification loads it with: ``"keras"``, ``"tensorflow"`` or
    ``"litert"``.
    ``quantized`` formats round weights, so small differences from the Keras model are expected.
    """

    name: str
    label: str
    file: str
    runtime: str
    use: str
    quantized: bool = False


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
    ),
    Format(
        "tflite_float16",
        "TFLite, float16 weights",
        "model.tflite",
        "litert",
        "About half the size; hardly any difference in the predictions.",
        quantized=True,
    ),
    Format(
        "tflite_dynamic",
        "TFLite, dynamic range",
        "model.tflite",
        "litert",
        "About a quarter of the size: weights in 8 bits, activations rounded while running.",
        quantized=True,
    ),
    Format(
        "tflite_int8",
        "TFLite, int8",
        "model.tflite",
        "litert",
        "Weights and activations in 8 bits, ranges measured on training samples. Inputs and outputs stay "
        "float, so that a client needs no scales.",
        quantized=True,
    ),
    Format(
        "server",
        "Prediction server",
        "serve.py",
        "litert",
        "A folder that answers over HTTP as TensorFlow Serving does, with a page to try it, and a container "
        "file. Needs neither Keras nor this studio.",
    ),
    Format(
        "script",
        "Python script",
        "model.py",
        "keras",
        "The project as readable Keras code, to train again or to change by hand.",
    ),
)
FORMATS: dict[str, Format] = {item.name: item for item in _ALL}
