"""Evaluation tells whether a model learned anything, and where it is wrong."""

import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score
from small_models import build, small

from builder.errors import BuilderError
from builder.explain.evaluation import evaluate
from builder.outputs import predict_arrays

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def digits():
    model, _, prepared = small("cnn")
    return model, prepared, evaluate(model, prepared)


def test_scores_are_those_of_the_predictions(digits) -> None:
    model, prepared, result = digits
    rows = prepared.indices["test"]
    predicted = predict_arrays(model, prepared.arrays, rows).argmax(axis=1)
    assert result["accuracy"] == pytest.approx(accuracy_score(prepared.targets[rows], predicted))
    matrix = np.array(result["confusion_matrix"])
    assert matrix.sum() == result["rows"] == len(rows)
    assert np.trace(matrix) / len(rows) == pytest.approx(result["accuracy"])
    assert [item["support"] for item in result["classes"]] == matrix.sum(axis=1).tolist()


def test_a_trained_model_beats_the_simplest_guess_and_an_untrained_one_does_not(digits) -> None:
    _, prepared, result = digits
    assert result["learned"] and result["accuracy"] > 0.7 > result["baseline"]["accuracy"]
    assert not evaluate(flat_model(prepared, 10, kernel_initializer="zeros"), prepared)["learned"]


def test_worst_errors_are_errors_and_in_order(digits) -> None:
    _, prepared, result = digits
    names = prepared.spec.class_names
    for key, order in (("worst_errors", "true_probability"), ("confident_errors", "confidence")):
        errors = result[key]
        assert errors and all(error["true"] != error["predicted"] for error in errors)
        assert all(names[prepared.targets[error["row"]]] == error["true"] for error in errors)
        values = [error[order] for error in errors]
        assert values == sorted(values, reverse=key == "confident_errors")


def test_calibration_counts_every_sample(digits) -> None:
    _, _, result = digits
    assert sum(item["count"] for item in result["calibration"]["bins"]) == result["rows"]
    assert 0 <= result["calibration"]["expected_error"] <= 1


def test_two_classes_from_one_unit_have_a_roc_curve() -> None:
    model, _, prepared = small("bidirectional")
    result = evaluate(model, prepared)
    assert len(result["curves"]) == len(result["confusion_matrix"]) == 2
    for curve in result["curves"]:
        assert 0.8 < curve["roc_auc"] <= 1 and curve["roc"]["true_positive_rate"][-1] == 1


def test_regression_is_judged_in_the_targets_unit() -> None:
    model, _, prepared = small("regression")
    result = evaluate(model, prepared)
    assert result["learned"] and 0 < result["r2"] < 1
    assert result["mean_absolute_error"] < result["baseline"]["mean_absolute_error"]
    assert sum(result["residual_histogram"]["counts"]) == result["rows"]
    assert len(result["points"]) <= 500
    gaps = [abs(item["true"] - item["predicted"]) for item in result["worst_errors"]]
    assert gaps == sorted(gaps, reverse=True)


def test_a_diverged_model_is_reported_in_words(digits) -> None:
    _, prepared, _ = digits
    model = build("cnn", prepared)
    model.get_layer("head").bias.assign(np.full(10, np.nan))
    with pytest.raises(BuilderError, match="not a number .* lower the learning rate"):
        evaluate(model, prepared)


def test_a_model_with_a_wrong_number_of_outputs_is_reported_in_words(digits) -> None:
    _, prepared, _ = digits
    with pytest.raises(BuilderError, match="gives 7 numbers a sample, but this classification needs 10"):
        evaluate(flat_model(prepared, 7), prepared)


def flat_model(prepared, units: int, **settings) -> keras.Model:
    inputs = keras.Input(prepared.spec.arrays[0].shape, name="image")
    outputs = keras.layers.Dense(units, activation="softmax", **settings)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, outputs)
