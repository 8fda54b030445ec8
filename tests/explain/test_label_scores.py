"""Scores of labels, ranks and counts, by the field's definitions."""

import numpy as np
import pytest
from sklearn import metrics

from builder.explain.label_scores import best_thresholds, label_scores
from builder.explain.rank_scores import poisson_deviance, rank_scores

RANDOM = np.random.default_rng(1)
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def labels():
    """Probabilities and truth of 200 rows; the third label is only told by low probabilities."""
    truth = (RANDOM.random((200, 3)) < [0.7, 0.3, 0.2]).astype(np.float32)
    chances = np.clip(truth * 0.5 + RANDOM.random((200, 3)) * 0.6, 0, 1)
    chances[:, 2] *= 0.5
    return chances, truth


def test_labels_are_scored_together_and_one_by_one(labels):
    chances, truth = labels
    report = label_scores(chances, truth, truth, np.arange(200), NAMES, labels)
    answers = chances > 0.5
    assert report["micro_f1"] == pytest.approx(metrics.f1_score(truth, answers, average="micro"))
    assert report["macro_f1"] == pytest.approx(metrics.f1_score(truth, answers, average="macro"))
    assert report["subset_accuracy"] == pytest.approx(metrics.accuracy_score(truth, answers))
    assert report["baseline"]["rule"] == "always 'a'"
    assert report["baseline"]["micro_f1"] == pytest.approx(
        metrics.f1_score(truth, np.tile([1, 0, 0], (200, 1)), average="micro")
    )
    assert report["learned"]
    third = report["classes"][2]
    assert third["threshold"] < 0.5 and third["f1_at_threshold"] > third["f1"]
    assert report["micro_f1_at_thresholds"] > report["micro_f1"]
    worst = report["worst_errors"][0]
    assert set(worst) == {"row", "true", "predicted"} and worst["true"] != worst["predicted"]


def test_a_threshold_stays_at_a_half_where_no_other_is_better():
    truth = np.array([[1.0], [0.0]] * 10)
    assert best_thresholds(np.where(truth > 0, 0.9, 0.1), truth).tolist() == [0.5]


def test_ranks_are_scored_by_how_far_off_they_are():
    targets = np.array([0, 1, 2, 3, 2, 1])
    chances = np.eye(4)[[0, 1, 2, 0, 3, 1]]
    report = rank_scores(chances, targets, targets, ("low", "fair", "good", "best"))
    assert report["mean_absolute_error"] == pytest.approx(4 / 6)
    assert report["quadratic_weighted_kappa"] == pytest.approx(
        metrics.cohen_kappa_score(targets, chances.argmax(axis=1), weights="quadratic")
    )
    assert report["baseline"]["rule"] == "always 'fair', the median"
    assert report["baseline"]["mean_absolute_error"] == pytest.approx(5 / 6)


def test_the_deviance_of_counts_is_that_of_scikit_learn():
    truth, expected = RANDOM.poisson(3, 500), RANDOM.uniform(0.5, 5, 500)
    assert poisson_deviance(truth, expected) == pytest.approx(metrics.mean_poisson_deviance(truth, expected))
    assert poisson_deviance(truth, truth + 1e-12) == pytest.approx(0, abs=1e-6)
