"""Scores are spoken of in their own unit, and a loss is one in that unit."""

import pytest

from builder.scores import is_loss, is_share, metric_value, number_words


@pytest.mark.parametrize(
    ("metric", "before", "change", "expected"),
    [
        ("accuracy", 0.97, -0.004, False),
        ("accuracy", 0.97, -0.02, True),
        ("accuracy", 0.97, 0.02, False),
        # Dollars, and a share of the target's spread: half a point says nothing of either.
        ("mean_absolute_error", 41_000.0, -12.0, False),
        ("mean_absolute_error", 41_000.0, -900.0, True),
        ("mean_absolute_error", 0.012, -0.004, True),
        ("bleu", 24.0, -0.1, False),
        ("bleu", 24.0, -2.0, True),
    ],
)
def test_a_loss_is_a_point_of_a_share_or_a_part_of_another_score(
    metric: str, before: float, change: float, expected: bool
) -> None:
    assert is_loss(metric, before, change) is expected


def test_numbers_are_told_as_people_write_them() -> None:
    told = [number_words(value) for value in (38_958.3, -313_092, 4973.5, 774.8, 0.75671, 3, 1e-7)]
    assert told == ["38,958", "-313,092", "4,974", "774.8", "0.7567", "3", "1e-07"]
    assert number_words(4973.5, 6) == "4,973.5" and number_words(999.96) == "1,000"
    assert metric_value("accuracy", 0.939) == "93.9%" and metric_value("r2", None) == "–"


def test_shares_are_known_by_name() -> None:
    assert all(map(is_share, ("sparse_categorical_accuracy", "character_error_rate", "mean_iou")))
    assert not any(map(is_share, ("bleu", "perplexity", "mean_absolute_error", "r2")))
