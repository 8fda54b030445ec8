"""The loss follows from task and output; what does not fit together is refused in words."""

import keras
import numpy as np
import pytest
import sklearn.metrics as scores
from train_case import settings

from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.train.objective import objective
from builder.train.reporting import NO_MEANS, ROOTS
from builder.training_parameters import CLASSIFICATION_METRICS, REGRESSION_METRICS
from builder.training_plan.class_weights import balanced_class_weights
from builder.training_plan.metrics import classification_metrics, label_metrics, regression_metrics
from builder.training_plan.objective import (
    BINARY_LOSSES,
    CLASS_LOSSES,
    NEEDED_ACTIVATIONS,
    REGRESSION_LOSSES,
)
from builder.training_plan.token_loss import Perplexity


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


@pytest.mark.parametrize("loss", ["auto", "mean_absolute_error", "huber", "log_cosh"])
def test_a_regression_that_gives_the_mean_scores_about_one(loss):
    targets = np.random.default_rng(1).normal(5000, 200, 4000).astype("float32")
    spec = DataSpec("regression", (), target_variance=float(targets.var()))
    goal = objective(settings(loss=loss), spec, model(1))
    score = float(goal.loss(targets[:, None], np.full((4000, 1), targets.mean()))) * goal.loss_weights
    assert 0.3 < score < 1.01


@pytest.mark.parametrize("loss", [*CLASS_LOSSES, *BINARY_LOSSES, *REGRESSION_LOSSES])
def test_every_loss_falls_while_it_trains_and_survives_serialisation(loss):
    generator = np.random.default_rng(1)
    features = generator.normal(size=(60, 3)).astype("float32")
    units = 3 if loss in CLASS_LOSSES else 1
    activation = NEEDED_ACTIVATIONS.get(loss, (None if loss in REGRESSION_LOSSES else "sigmoid",))[0]
    if loss in REGRESSION_LOSSES:
        spec, targets = DataSpec("regression", ()), np.exp(features[:, 0])
    else:
        spec, targets = classes(max(units, 2)), features.argmax(axis=1) % max(units, 2)
    keras.utils.set_random_seed(1)
    trained = model(units, "softmax" if loss in CLASS_LOSSES else activation)
    goal = objective(settings(loss=loss, label_smoothing=0.1), spec, trained)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(goal.loss))
    before = float(goal.loss(targets, trained(features)))
    assert float(again(targets, trained(features))) == before
    trained.compile("adam", goal.loss, jit_compile=False)
    trained.optimizer.learning_rate = 0.05
    for _ in range(5):
        trained.train_on_batch(features, targets)
    assert float(goal.loss(targets, trained(features))) < before


def test_chosen_metrics_are_those_of_scikit_learn():
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 3, 200)
    logits = generator.normal(size=(200, 3)) + 1.5 * np.eye(3)[truth]
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    goal = objective(settings(metrics=list(CLASSIFICATION_METRICS), top_k=2), classes(3), model(3))
    for metric in goal.metrics:
        for part in np.array_split(np.arange(200), 3):
            metric.update_state(truth[part], logits[part].astype("float32"))
    found = {metric.name: float(metric.result()) for metric in goal.metrics}
    answers, macro = logits.argmax(axis=1), {"average": "macro"}
    assert found["precision"] == pytest.approx(scores.precision_score(truth, answers, **macro), abs=1e-5)
    assert found["recall"] == pytest.approx(scores.recall_score(truth, answers, **macro), abs=1e-5)
    assert found["f1_score"] == pytest.approx(scores.f1_score(truth, answers, **macro), abs=1e-5)
    assert found["auc"] == pytest.approx(scores.roc_auc_score(truth, chance, multi_class="ovr"), abs=0.01)
    assert found["top_k_accuracy"] == pytest.approx(scores.top_k_accuracy_score(truth, logits, k=2))


def test_metrics_of_two_classes_and_one_unit_count_the_second_class():
    truth, logits = np.array([0, 1, 1, 0, 1]), np.array([[-1.0], [2.0], [-0.5], [0.3], [1.0]], "float32")
    goal = objective(settings(metrics=list(CLASSIFICATION_METRICS)), classes(2), model(1))
    for metric in goal.metrics:
        metric.update_state(truth, logits)
    found = {metric.name: float(metric.result()) for metric in goal.metrics}
    assert found["precision"] == pytest.approx(2 / 3) and found["recall"] == pytest.approx(2 / 3)
    assert found["f1_score"] == pytest.approx(2 / 3) and found["auc"] == pytest.approx(5 / 6, abs=0.01)


def test_smoothed_labels_are_those_of_keras():
    truth, chance = np.array([0, 2]), np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]], "float32")
    goal = objective(settings(label_smoothing=0.2), classes(3), model(3, "softmax"))
    wanted = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)(np.eye(3)[truth], chance)
    assert float(goal.loss(truth, chance)) == pytest.approx(float(wanted))


@pytest.mark.parametrize(("loss", "activation"), [("hinge", "sigmoid"), ("squared_hinge", "sigmoid")])
def test_a_loss_that_the_activation_makes_senseless_is_refused(loss, activation):
    with pytest.raises(BuilderError, match="Set the activation of the last block to 'linear'"):
        objective(settings(loss=loss), classes(2), model(1, activation))


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


def test_what_is_no_mean_over_samples_is_not_told_as_one():
    chosen = settings(metrics=[*CLASSIFICATION_METRICS, *REGRESSION_METRICS])
    calls = [*label_metrics(False), *regression_metrics(chosen)]
    calls += classification_metrics(chosen, "classification", 3, 3, False)
    picture = keras.Input((4, 4, 1))
    pixels = keras.Model(picture, keras.layers.Conv2D(2, 1, activation="softmax")(picture))
    of_pixels = DataSpec("segmentation", (), ("ground", "thing"), target_shape=(4, 4))
    made = [*(call.run() for call in calls), *objective(settings(), of_pixels, pixels).metrics, Perplexity()]
    told_as_they_are = {metric.name for metric in made if metric.name.endswith((*NO_MEANS, *ROOTS))}
    assert told_as_they_are == {
        metric.name for metric in made if type(metric).result is not keras.metrics.Mean.result
    }
    assert {"perplexity", "mean_iou", "macro_f1"} < told_as_they_are
