"""The loss follows from task and output; what does not fit together is refused in words."""

import keras
import numpy as np
import pytest
from train_case import settings

from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.train.objective import objective
from builder.training_plan.class_weights import balanced_class_weights


def model(units, activation=None):
    features = keras.Input((3,))
    return keras.Model(features, keras.layers.Dense(units, activation=activation)(features))


def classes(count):
    return DataSpec("classification", (), tuple(f"c{number}" for number in range(count)))


@pytest.mark.parametrize(
    ("units", "activation", "name", "logits"),
    [
        (3, "softmax", "sparse_categorical_crossentropy", False),
        (3, None, "sparse_categorical_crossentropy", True),
        (2, "softmax", "sparse_categorical_crossentropy", False),
        (1, "sigmoid", "binary_crossentropy", False),
        (1, None, "binary_crossentropy", True),
    ],
)
def test_classification(units, activation, name, logits):
    goal = objective(settings(), classes(max(units, 2)), model(units, activation))
    assert (goal.loss.name, goal.loss.get_config()["from_logits"]) == (name, logits)
    assert [metric.name for metric in goal.metrics] == ["accuracy"]


@pytest.mark.parametrize("loss", ["auto", "mean_absolute_error", "huber"])
def test_a_regression_that_gives_the_mean_scores_about_one(loss):
    targets = np.random.default_rng(1).normal(5000, 200, 4000).astype("float32")
    spec = DataSpec("regression", (), target_variance=float(targets.var()))
    goal = objective(settings(loss=loss), spec, model(1))
    score = float(goal.loss(targets[:, None], np.full((4000, 1), targets.mean()))) * goal.loss_weights
    assert 0.3 < score < 1.01


@pytest.mark.parametrize(
    ("spec", "units", "loss", "word"),
    [
        (classes(3), 4, "auto", "needs 3"),
        (classes(3), 1, "auto", "needs 3"),
        (classes(3), 3, "mean_squared_error", "does not fit"),
        (classes(2), 1, "sparse_categorical_crossentropy", "does not fit"),
        (DataSpec("regression", ()), 2, "auto", "needs 1"),
        (DataSpec("regression", ()), 1, "binary_crossentropy", "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused(spec, units, loss, word):
    with pytest.raises(BuilderError, match=word):
        objective(settings(loss=loss), spec, model(units))


def test_balanced_weights_are_inverse_to_frequency_and_average_one():
    targets = np.array([0] * 90 + [1] * 10)
    weights = balanced_class_weights(targets, 3)
    assert weights[1] / weights[0] == pytest.approx(9)
    assert weights[2] == 0
    assert weights[targets].mean() == pytest.approx(1)
