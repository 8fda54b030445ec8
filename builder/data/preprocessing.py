"""The beginning of every model, in Keras: from prepared arrays, and from raw values for end-to-end models.

The source of ``image_input``, ``text_input`` and ``table_input`` also stands, word for word, in the
generated scripts: they use ``keras`` and nothing else.
"""

from __future__ import annotations

from typing import Any

import keras

from builder.data.spec import DataSpec, ModelInput, raw_input_names


def image_input(name, shape, rescale):  # type: ignore[no-untyped-def]
    """Return ([input], output) for pictures of ``shape``, 0 to 255; rescaled to 0 to 1 if wanted."""
    image = keras.Input(shape, name=name, dtype="float32")
    output = keras.layers.Rescaling(1 / 255, name=f"{name}_rescaling")(image) if rescale else image
    return [image], output


def text_input(name, sequence_length):  # type: ignore[no-untyped-def]
    """Return ([input], output) for token ids of shape (sequence_length,); 0 is the padding."""
    tokens = keras.Input((sequence_length,), name=name, dtype="int32")
    return [tokens], tokens


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
    if model_input.kind == "text":
        return "text_input", {"name": array.name, "sequence_length": settings["sequence_length"]}
    return "table_input", {
        "means": settings["means"],
        "variances": settings["variances"],
        "normalize": settings["normalize"],
        "categorical_columns": len(settings["categorical_columns"]),
        "category_count": model_input.category_count,
    }


INPUT_FUNCTIONS = {function.__name__: function for function in (image_input, text_input, table_input)}


def model_input_tensors(model_input: ModelInput) -> tuple[list[Any], Any]:
    """Return the ``keras.Input`` tensors of a model input, one an array, and the tensor for the blocks."""
    name, arguments = input_call(model_input)
    return INPUT_FUNCTIONS[name](**arguments)


def with_raw_inputs(model: Any, spec: DataSpec) -> Any:
    """Return an end-to-end model that takes raw values and gives what ``model`` gives.

    A text becomes a string input of shape (1,), and every column of a table an input of shape (1,):
    float32, where NaN is a missing number, or string, where ``""`` is a missing category. They are
    named by ``raw_input_names(spec)``: the columns' names, with other characters than letters, digits
    and underscores replaced. A model of pictures is returned as it is: its input is raw already.

    Args:
        model: a functional model whose inputs are named like the specification's arrays.
        spec: the description of the prepared data.
    """
    if all(item.kind == "image" for item in spec.inputs):
        return model
    names = raw_input_names(spec)
    raw: list[Any] = []
    encoded: dict[str, Any] = {}
    for item in spec.inputs:
        if item.kind == "text":
            _add_text(item, names, raw, encoded)
        else:
            _add_table(item, names, raw, encoded)
    outputs = model(keras.tree.map_structure(lambda tensor: encoded[tensor.name], model.input))
    return keras.Model({tensor.name: tensor for tensor in raw}, outputs, name=f"{model.name}_end_to_end")


def _add_text(item: ModelInput, names: dict[str, str], raw: list[Any], encoded: dict[str, Any]) -> None:
    text = keras.Input((1,), name=names[item.settings["column"]], dtype="string")
    vectorize = keras.layers.TextVectorization(
        vocabulary=item.settings["vocabulary"][2:],
        output_sequence_length=item.settings["sequence_length"],
        name="text_vectorization",
    )
    raw.append(text)
    encoded["tokens"] = keras.ops.cast(vectorize(text), "int32")


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
