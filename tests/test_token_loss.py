"""Loss and metrics over tokens leave padding out, whatever the lengths."""

import keras
import numpy as np
import pytest

from builder.training_plan.token_loss import Perplexity, TokenAccuracy, TokenCrossentropy

TARGETS = np.array([[3, 1, 0, 0], [2, 4, 1, 3]], np.int32)
SCORES = np.random.default_rng(0).normal(size=(2, 4, 5)).astype(np.float32)


def chances() -> np.ndarray:
    weights = np.exp(SCORES)
    return weights / weights.sum(axis=-1, keepdims=True)


def each_loss() -> np.ndarray:
    return -np.log(np.take_along_axis(chances(), TARGETS[..., None], axis=-1)[..., 0])


@pytest.mark.parametrize(("values", "logits"), [(SCORES, True), (chances(), False)])
def test_the_loss_is_the_mean_over_what_counts(values: np.ndarray, logits: bool) -> None:
    wanted = each_loss()[TARGETS != 0].mean()
    assert float(TokenCrossentropy(logits)(TARGETS, values)) == pytest.approx(wanted, rel=1e-5)
    perplexity = Perplexity(logits)
    perplexity.update_state(TARGETS, values)
    assert float(perplexity.result()) == pytest.approx(np.exp(wanted), rel=1e-5)


@pytest.mark.parametrize(("values", "logits"), [(SCORES, True), (chances(), False)])
def test_label_smoothing_is_that_of_keras(values: np.ndarray, logits: bool) -> None:
    plain = keras.losses.CategoricalCrossentropy(from_logits=logits, label_smoothing=0.1, reduction=None)
    each = np.asarray(plain(np.eye(5, dtype=np.float32)[TARGETS], values))
    found = TokenCrossentropy(logits, label_smoothing=0.1)(TARGETS, values)
    assert float(found) == pytest.approx(each[TARGETS != 0].mean(), rel=1e-5)


def test_the_accuracy_is_that_of_what_counts() -> None:
    accuracy = TokenAccuracy(name="accuracy")
    accuracy.update_state(TARGETS, SCORES)
    right = SCORES.argmax(axis=-1) == TARGETS
    assert float(accuracy.result()) == pytest.approx(right[TARGETS != 0].mean())


def test_what_is_predicted_at_padding_changes_nothing() -> None:
    other = SCORES.copy()
    other[TARGETS == 0] += np.array([9.0, -9.0, 5.0, 0.0, 1.0])
    loss = TokenCrossentropy()
    assert float(loss(TARGETS, other)) == pytest.approx(float(loss(TARGETS, SCORES)))


def test_a_loss_comes_back_from_its_description() -> None:
    loss = TokenCrossentropy(label_smoothing=0.2)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert (again.label_smoothing, again.from_logits) == (0.2, True)
