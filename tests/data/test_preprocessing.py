"""The Keras beginning of a model sees the same numbers as the prepared data hold."""

import ast
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from builder.data.encode import encode
from builder.data.preprocessing import (
    INPUT_FUNCTIONS,
    input_call,
    model_input_tensors,
    with_raw_inputs,
)
from builder.data.spec import raw_input_names
from builder.data.text import words_of
from builder.data.tokenizers import padded_tokens

# Keras reads its variables in a way that NumPy 2 warns about when a model is saved.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ODD_TEXTS = [
    "Élan ÉTÉ naïve İstanbul ß ſ",
    "a\u00a0b c\u2003d\x1ce\x1df\x1eg\x1fh\x85i\u3000j\u200bk",
    "tab\tline\nvertical\x0bform\x0creturn\rend",
    "don't STOP!!! #1 £100 — “quoted” ‘x’ … a-b_c/d\\e [f]{g}|h~i`j^k",
    "",
    "   ",
    "...",
    "日本語 テスト 😀x",
]
ROWS = 40


def raw_of(prepared, row):
    shown = prepared.sample(row)
    return shown.get("row") or ({"text": shown["text"]} if "text" in shown else {"image": shown["array"]})


def small_model(spec):
    inputs, features = model_input_tensors(spec.inputs[0])
    if spec.inputs[0].kind == "text":
        features = keras.layers.Embedding(spec.vocabulary_size, 3)(features)
    if len(features.shape) > 2:
        features = keras.layers.Flatten()(features)
    return keras.Model(inputs, keras.layers.Dense(max(spec.class_count, 1))(features), name="small")


def raw_tensors(spec, raw):
    """Write samples as the end-to-end model takes them: one column an input."""
    numeric = {name for item in spec.inputs for name in item.settings.get("numeric_columns", ())}
    tensors = {}
    for column, name in raw_input_names(spec).items():
        values = [sample[column] for sample in raw]
        missing = np.nan if column in numeric else ""
        filled = [[missing if value is None else value] for value in values]
        tensors[name] = tf.constant(filled, dtype=tf.float32 if column in numeric else tf.string)
    return tensors


@pytest.mark.parametrize("name", ["sms_spam", "shakespeare_genres"])
def test_texts_are_encoded_as_keras_does(prepared_sample, name):
    prepared = prepared_sample(name)
    texts = ODD_TEXTS + [prepared.sample(row)["text"] for row in range(0, len(prepared.targets), 5)]
    settings = prepared.spec.inputs[0].settings
    odd_words = [word for text in ODD_TEXTS for word in words_of(text)]
    vocabulary = list(dict.fromkeys([*settings["vocabulary"], *odd_words]))
    layer = keras.layers.TextVectorization(
        vocabulary=vocabulary[2:], output_sequence_length=settings["sequence_length"]
    )
    ours = padded_tokens({**settings, "vocabulary": vocabulary}, texts)
    assert np.array_equal(ours, layer(tf.constant(texts)))


def test_numbers_are_scaled_and_categories_become_features(prepared_sample):
    prepared = prepared_sample("adult_income")
    features = prepared.spec.inputs[0]
    inputs, output = model_input_tensors(features)
    train = prepared.indices["train"]
    arrays = [prepared.arrays[tensor.name][train] for tensor in inputs]
    encoded = keras.ops.convert_to_numpy(keras.Model(inputs, output)(arrays))
    numbers = len(features.settings["numeric_columns"])
    assert encoded.shape == (len(train), numbers + features.category_count)
    assert np.allclose(encoded[:, :numbers].mean(axis=0), 0, atol=1e-3)
    assert np.allclose(encoded[:, :numbers].std(axis=0), 1, atol=1e-3)
    assert (encoded[:, numbers:].sum(axis=1) == len(features.settings["categorical_columns"])).all()


@pytest.mark.parametrize("name", ["sms_spam", "adult_income", "california_housing"])
def test_an_end_to_end_model_gives_the_same_and_survives_saving(prepared_sample, tmp_path, name):
    prepared = prepared_sample(name)
    spec = prepared.spec
    model = small_model(spec)
    raw = [raw_of(prepared, row) for row in range(ROWS)]
    unseen = {column: None for column in raw[0]} if spec.inputs[0].kind == "table" else {"text": "zzz qqq"}
    raw.append(unseen)
    encoded = encode(spec, raw)
    expected = model([encoded[tensor.name] for tensor in model.inputs])
    whole = with_raw_inputs(model, spec)
    assert {tensor.name: tensor.shape for tensor in whole.inputs} == {
        column: (None, 1) for column in raw_input_names(spec).values()
    }
    whole.save(tmp_path / "whole.keras")
    again = keras.saving.load_model(tmp_path / "whole.keras")
    tensors = raw_tensors(spec, raw)
    assert np.allclose(whole(tensors), expected, rtol=1e-5, atol=1e-5)
    assert np.array_equal(again(tensors), whole(tensors))


def test_a_model_of_pictures_takes_raw_values_already(prepared_sample):
    spec = prepared_sample("digits").spec
    model = small_model(spec)
    assert with_raw_inputs(model, spec) is model
    assert [tensor.dtype for tensor in model.inputs] == ["float32"]


@pytest.mark.parametrize("function", INPUT_FUNCTIONS.values(), ids=lambda function: function.__name__)
def test_input_functions_can_stand_in_a_script_of_their_own(function):
    tree = ast.parse(inspect.getsource(function))
    names = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    made = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assert names - made - arguments <= {"keras", "len"}


@pytest.mark.parametrize("name", ["digits", "sms_spam", "adult_income"])
def test_the_call_of_an_input_function_is_plain_data(prepared_sample, name):
    function, arguments = input_call(prepared_sample(name).spec.inputs[0])
    assert function in INPUT_FUNCTIONS
    assert ast.literal_eval(repr(arguments)) == arguments
