"""The beginning of every model, in Keras: from prepared arrays, and from raw values for end-to-end models.

The source of the functions that make an input also stands, word for word, in the
generated scripts: they use ``keras`` and nothing else.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from builder.data.spec import ARRAY_KINDS, TARGET_TEXT, DataSpec, ModelInput, raw_input_names
from builder.data.tokenizers import UNKNOWN_TOKEN, takes_ids


def image_input(name, shape, rescale):  # type: ignore[no-untyped-def]
    """Return ([input], output) for pictures of ``shape``, 0 to 255; rescaled to 0 to 1 if wanted."""
    image = keras.Input(shape, name=name, dtype="float32")
    output = keras.layers.Rescaling(1 / 255, name=f"{name}_rescaling")(image) if rescale else image
    return [image], output


def text_input(name, sequence_length):  # type: ignore[no-untyped-def]
    """Return ([input], output) for token ids of shape (sequence_length,); 0 is the padding."""
    tokens = keras.Input((sequence_length,), name=name, dtype="int32")
    return [tokens], tokens


def audio_input(name, samples, rate, features, mel_bins):  # type: ignore[no-untyped-def]
    """Return ([input], output) for sound of shape (samples,), 16-bit values -32768 to 32767.

    The output is the waveform (samples, 1), or the log-mel spectrogram, windows of 32 ms every 10 ms:
    (frames, mel_bins) as a sequence, (frames, mel_bins, 1) as an image. Its values are bels around the
    middle of the 60 decibels below the loudest one, -3 to 3, so that the volume does not matter.
    """
    audio = keras.Input((samples,), name=name, dtype="float32")
    waveform = keras.layers.Rescaling(1 / 32768, name=f"{name}_rescaling")(audio)
    if features == "waveform":
        return [audio], keras.layers.Reshape((samples, 1), name=f"{name}_steps")(waveform)
    window = rate * 32 // 1000
    decibels = keras.layers.MelSpectrogram(
        fft_length=2 ** (window - 1).bit_length(),
        sequence_stride=rate // 100,
        sequence_length=window,
        sampling_rate=rate,
        num_mel_bins=mel_bins,
        min_freq=20.0,
        max_freq=rate / 2,
        # Keras counts top_db from the loudest sample of the whole batch; none may depend on its neighbors.
        top_db=1000.0,
        name=f"{name}_mel_spectrogram",
    )(waveform)
    loudest = keras.ops.max(decibels, axis=(1, 2), keepdims=True)
    decibels = keras.ops.maximum(decibels, loudest - 60.0) - loudest
    bels = keras.layers.Rescaling(1 / 10, offset=3.0, name=f"{name}_bels")(decibels)
    output = keras.layers.Permute((2, 1), name=f"{name}_frames")(bels)
    if features == "log_mel_image":
        output = keras.layers.Reshape((*output.shape[1:], 1), name=f"{name}_image")(output)
    return [audio], output


def series_input(name, shape, means, variances, normalize):  # type: ignore[no-untyped-def]
    """Return ([input], output) for series of ``shape`` (steps, channels), scaled by channel if wanted."""
    series = keras.Input(shape, name=name, dtype="float32")
    scale = keras.layers.Normalization(mean=means, variance=variances, name=f"{name}_normalization")
    return [series], scale(series) if normalize else series


def table_input(means, variances, normalize, categorical_columns, category_count):  # type: ignore[no-untyped-def]
    """Return ([inputs], output) for a table's columns.

    Numbers (one mean and variance a column) are scaled to mean 0 and variance 1 if wanted. Categories,
    as indices below ``category_count``, become one 0-or-1 feature each. The output joins both.
    """
    inputs, features = [], []
    if means:
        numeric = keras.Input((len(means),), name="numeric", dtype="float32")
        inputs.append(numeric)
        scale = keras.layers.Normalization(mean=means, variance=variances, name="numeric_normalization")
        features.append(scale(numeric) if normalize else numeric)
    if categorical_columns:
        categorical = keras.Input((categorical_columns,), name="categorical", dtype="int32")
        inputs.append(categorical)
        encoding = keras.layers.CategoryEncoding(
            num_tokens=category_count, output_mode="multi_hot", name="categorical_encoding"
        )
        features.append(encoding(categorical))
    output = features[0] if len(features) == 1 else keras.layers.Concatenate(name="features_joined")(features)
    return inputs, output


def input_call(model_input: ModelInput) -> tuple[str, dict[str, Any]]:
    """Return the name of the function above that makes this input, and its arguments."""
    settings = model_input.settings
    array = model_input.arrays[0]
    if model_input.kind == "image":
        return "image_input", {"name": array.name, "shape": array.shape, "rescale": settings["rescale"]}
    if model_input.kind in ("text", TARGET_TEXT):
        return "text_input", {"name": array.name, "sequence_length": settings["sequence_length"]}
    if model_input.kind == "audio":
        described = {key: settings[key] for key in ("rate", "features", "mel_bins")}
        return "audio_input", {"name": array.name, "samples": array.shape[0], **described}
    if model_input.kind == "series":
        described = {key: settings[key] for key in ("means", "variances", "normalize")}
        return "series_input", {"name": array.name, "shape": array.shape, **described}
    return "table_input", {
        "means": settings["means"],
        "variances": settings["variances"],
        "normalize": settings["normalize"],
        "categorical_columns": len(settings["categorical_columns"]),
        "category_count": model_input.category_count,
    }


INPUT_FUNCTIONS = {
    function.__name__: function
    for function in (image_input, text_input, audio_input, series_input, table_input)
}


def model_input_tensors(model_input: ModelInput) -> tuple[list[Any], Any]:
    """Return the ``keras.Input`` tensors of a model input, one an array, and the tensor for the blocks."""
    name, arguments = input_call(model_input)
    return INPUT_FUNCTIONS[name](**arguments)


def sample_layer(model_input: ModelInput) -> tuple[str, dict[str, Any]] | None:
    """Return the name and the arguments of the Keras layer behind a generator; None where it needs none.

    It undoes what an input's layers do to a sample.

    Args:
        model_input: an image or series of the data.
    """
    settings = model_input.settings
    if model_input.kind == "image" and settings["rescale"]:
        return "Rescaling", {"scale": 255.0, "name": "sample_pixels"}
    if model_input.kind == "series" and settings["normalize"]:
        scale = {"mean": settings["means"], "variance": settings["variances"]}
        return "Normalization", {**scale, "invert": True, "name": "sample_units"}
    return None


def sample_output(model_input: ModelInput, tensor: Any) -> Any:
    """Return a generator's output in the unit of the data.

    Args:
        model_input: an image or series of the data.
        tensor: what the generator's blocks give, scaled as the discriminator's blocks see samples.
    """
    found = sample_layer(model_input)
    if found is None:
        return tensor
    name, arguments = found
    return getattr(keras.layers, name)(**arguments)(tensor)


def with_raw_inputs(model: Any, spec: DataSpec) -> Any:
    """Return an end-to-end model that takes raw values and gives what ``model`` gives.

    A text becomes a string input of shape (1,), and every column of a table an input of shape (1,):
    float32, where NaN is a missing number, or string, where ``""`` is a missing category. They are
    named by ``raw_input_names(spec)``: the columns' names, with other characters than letters, digits
    and underscores replaced. Tokens of byte-pair and WordPiece stay what they are, (sequence_length,) ids,
    since no layer can make them, and so does what a decoder has written so far. A model of pictures, sound or
    series is returned as it is: its input is raw already.

    Args:
        model: a functional model whose inputs are named like the specification's arrays.
        spec: the description of the prepared data.
    """
    if all(item.kind in ARRAY_KINDS for item in spec.inputs):
        return model
    names = raw_input_names(spec)
    raw: list[Any] = []
    encoded: dict[str, Any] = {}
    for item in spec.inputs:
        if item.kind in ARRAY_KINDS:
            array = item.arrays[0]
            encoded[array.name] = keras.Input(array.shape, name=array.name, dtype=array.dtype)
            raw.append(encoded[array.name])
        elif item.kind == "text":
            _add_text(item, names, raw, encoded)
        elif item.kind == TARGET_TEXT:
            _add_tokens(item, raw, encoded)
        else:
            _add_table(item, names, raw, encoded)
    outputs = model(keras.tree.map_structure(lambda tensor: encoded[tensor.name], model.input))
    return keras.Model({tensor.name: tensor for tensor in raw}, outputs, name=f"{model.name}_end_to_end")


def _add_text(item: ModelInput, names: dict[str, str], raw: list[Any], encoded: dict[str, Any]) -> None:
    kind = item.settings.get("tokenizer", "word")
    if takes_ids(item.settings):
        _add_tokens(item, raw, encoded)
        return
    text = keras.Input((1,), name=names[item.settings["column"]], dtype="string")
    is_word = kind == "word"
    vectorize = keras.layers.TextVectorization(
        vocabulary=item.settings["vocabulary"][2:],
        standardize="lower_and_strip_punctuation" if is_word else None,
        split="whitespace" if is_word else "character",
        output_sequence_length=item.settings["sequence_length"],
        name="text_vectorization",
    )
    raw.append(text)
    tokens = keras.ops.cast(vectorize(text), "int32")
    # A text without words is one unknown word, as in the prepared data.
    least = [UNKNOWN_TOKEN] + [0] * (item.settings["sequence_length"] - 1)
    encoded["tokens"] = keras.ops.maximum(tokens, np.array([least], dtype="int32"))


def _add_tokens(item: ModelInput, raw: list[Any], encoded: dict[str, Any]) -> None:
    array = item.arrays[0]
    tokens = keras.Input(array.shape, name=array.name, dtype="int32")
    raw.append(tokens)
    encoded[array.name] = tokens


def _add_table(item: ModelInput, names: dict[str, str], raw: list[Any], encoded: dict[str, Any]) -> None:
    settings = item.settings
    numbers, indices = [], []
    for column, mean in zip(settings["numeric_columns"], settings["means"], strict=True):
        value = keras.Input((1,), name=names[column], dtype="float32")
        raw.append(value)
        numbers.append(keras.ops.where(keras.ops.isnan(value), mean, value))
    for column in settings["categorical_columns"]:
        word = keras.Input((1,), name=names[column], dtype="string")
        raw.append(word)
        lookup = keras.layers.StringLookup(
            vocabulary=settings["categories"][column], name=f"{names[column]}_lookup"
        )
        indices.append(keras.ops.cast(lookup(word), "int32") + settings["offsets"][column])
    if numbers:
        encoded["numeric"] = _joined(numbers)
    if indices:
        encoded["categorical"] = _joined(indices)


def _joined(columns: list[Any]) -> Any:
    return columns[0] if len(columns) == 1 else keras.ops.concatenate(columns, axis=-1)
