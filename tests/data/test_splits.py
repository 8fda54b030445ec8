"""Parts are disjoint, complete, the same for the same seed, and as the method says."""

import numpy as np
import pytest

from builder.data.splits import split_rows
from builder.errors import BuilderError
from builder.project import DataRecipe

CLASSES = np.repeat([0, 1, 2], [700, 200, 100])
NAMES = ("a", "b", "c")


def settings(**values: object) -> dict[str, object]:
    return DataRecipe({}, split=values).split_settings()


def refusal(*arguments: object, **named: object) -> str:
    with pytest.raises(BuilderError) as caught:
        split_rows(*arguments, **named)
    return caught.value.problems[0].code


@pytest.mark.parametrize("method", ["stratified", "random", "ordered"])
@pytest.mark.parametrize("classes", [np.tile([0, 1, 2], 20), None])
def test_every_row_is_in_exactly_one_part(method, classes):
    parts = split_rows(settings(method=method), 60, classes, NAMES)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(60))
    assert [len(parts[part]) for part in ("train", "validation", "test")] == [42, 9, 9]


def test_stratified_keeps_the_shares_of_the_classes():
    parts = split_rows(settings(validation=0.2, test=0.1), 1000, CLASSES, NAMES)
    assert np.bincount(CLASSES[parts["test"]]).tolist() == [70, 20, 10]
    assert np.bincount(CLASSES[parts["validation"]]).tolist() == [140, 40, 20]


def test_a_seed_decides_the_parts():
    first, again = (split_rows(settings(seed=3), 1000, CLASSES, NAMES) for _ in range(2))
    other = split_rows(settings(seed=4), 1000, CLASSES, NAMES)
    assert all(np.array_equal(first[part], again[part]) for part in first)
    assert not np.array_equal(first["test"], other["test"])


def test_ordered_keeps_the_order_of_rows():
    parts = split_rows(settings(method="ordered"), 100, None)
    assert parts["train"].max() < parts["validation"].min() <= parts["validation"].max() < parts["test"].min()


def test_given_keeps_the_sources_own_test_rows():
    is_test = np.arange(1000) % 5 == 0
    parts = split_rows(settings(method="given", validation=0.25), 1000, CLASSES, NAMES, is_test)
    assert parts["test"].tolist() == list(range(0, 1000, 5))
    assert np.bincount(CLASSES[parts["validation"]]).tolist() == [140, 40, 20]


def test_given_needs_test_rows():
    assert refusal(settings(method="given"), 1000, CLASSES, NAMES) == "no_given_test"


def test_a_class_with_too_few_rows_is_named():
    classes = np.repeat([0, 1], [50, 2])
    with pytest.raises(BuilderError, match=r"at least 3 rows.*'rare' \(2\)"):
        split_rows(settings(), 52, classes, ("many", "rare"))


def test_a_class_with_three_rows_is_in_every_part():
    classes = np.repeat([0, 1], [50, 3])
    parts = split_rows(settings(validation=0.01, test=0.8), 53, classes, ("many", "rare"))
    assert all((classes[rows] == 1).sum() == 1 for rows in parts.values())


def test_a_class_that_training_never_sees_is_refused():
    classes = np.repeat([0, 1], [90, 10])
    assert refusal(settings(method="ordered"), 100, classes, ("a", "b")) == "class_not_in_training"


def test_a_handful_of_rows_is_refused():
    assert refusal(settings(), 5, None) == "too_few_rows"
