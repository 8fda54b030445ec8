"""The meaning of a model's output, for every kind of last layer."""

import keras
import numpy as np
import pytest

from builder.outputs import arrange, output_activation, predict_arrays
from builder.probabilities import probabilities

LAST_LAYERS = [
    (lambda x: keras.layers.Dense(3, activation="softmax")(x), "softmax"),
    (lambda x: keras.layers.Softmax()(keras.layers.Dense(3)(x)), "softmax"),
    (lambda x: keras.layers.Activation("sigmoid")(keras.layers.Dense(1)(x)), "sigmoid"),
    (lambda x: keras.layers.Dropout(0.5)(keras.layers.Dense(3, activation="softmax")(x)), "softmax"),
    (lambda x: keras.layers.Rescaling(2.0, 1.0)(keras.layers.Dense(1, activation="relu")(x)), "linear"),
    (lambda x: keras.layers.Dense(3)(x), "linear"),
    (lambda x: keras.Sequential([keras.layers.Dense(3, activation="softmax")])(x), "softmax"),
]


@pytest.mark.parametrize(("last", "expected"), LAST_LAYERS)
def test_the_last_activation_is_found(last, expected) -> None:
    inputs = keras.Input((4,))
    assert output_activation(keras.Model(inputs, last(inputs))) == expected


def test_logits_become_probabilities() -> None:
    given = np.array([[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0]])
    result = probabilities(given, "linear")
    assert np.allclose(result.sum(axis=1), 1)
    assert np.allclose(result[0], np.asarray(keras.ops.softmax(given[0])), atol=1e-6)


@pytest.mark.parametrize(("value", "activation", "positive"), [(0.25, "sigmoid", 0.25), (0.0, "linear", 0.5)])
def test_one_unit_gives_two_classes(value: float, activation: str, positive: float) -> None:
    assert probabilities(np.array([[value]]), activation).tolist() == [[1 - positive, positive]]


def test_several_sigmoid_units_add_up_to_one() -> None:
    assert np.allclose(
        probabilities(np.array([[0.2, 0.6], [0.0, 0.0]]), "sigmoid"), [[0.25, 0.75], [0.5, 0.5]]
    )


def test_arrays_are_found_by_name_whatever_their_order() -> None:
    first, second = keras.Input((2,), name="first"), keras.Input((3,), dtype="int32", name="second")
    joined = keras.layers.Concatenate()([first, keras.ops.cast(second, "float32")])
    model = keras.Model([second, first], joined)
    arrays = {"first": np.zeros((5, 2), np.uint8), "second": np.ones((5, 3), np.int64)}
    assert [item.dtype.name for item in arrange(model, arrays)] == ["int32", "float32"]
    assert predict_arrays(model, arrays, np.array([0, 3, 4]), batch_size=2).tolist() == [[0, 0, 1, 1, 1]] * 3
