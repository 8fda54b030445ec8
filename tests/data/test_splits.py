"""Parts are disjoint, complete, the same for the same seed, and as the method says."""

import numpy as np
import pandas as pd
import pytest

from builder.data.split_values import TimeReader
from builder.data.splits import split_problems, split_rows
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


GROUPS = np.repeat(np.arange(50), 20)


@pytest.mark.parametrize("classes", [CLASSES, None])
@pytest.mark.parametrize("folds", [0, 5])
def test_no_group_is_in_two_parts(classes, folds):
    chosen = settings(method="group", group_column="g", folds=folds, fold=2)
    parts = split_rows(chosen, 1000, classes, NAMES, groups=GROUPS)
    found = [set(GROUPS[rows]) for rows in parts.values()]
    assert sum(map(len, found)) == 50 and set.union(*found) == set(range(50))
    assert 0.1 < len(parts["test"]) / 1000 < 0.25


def test_groups_keep_the_shares_of_the_classes_where_they_can():
    random = np.random.default_rng(1)
    groups = random.integers(0, 200, 2000)
    classes = (random.random(2000) < 0.1).astype(int)
    parts = split_rows(settings(method="group", group_column="g"), 2000, classes, ("a", "b"), groups=groups)
    for rows in parts.values():
        assert abs(classes[rows].mean() - classes.mean()) < 0.02


def test_few_groups_are_told():
    assert (
        refusal(settings(method="group", group_column="g"), 100, None, groups=np.arange(100) % 2)
        == "too_few_groups"
    )
    assert refusal(settings(method="group", group_column="g"), 100, None) == "no_split_column"


@pytest.mark.parametrize(("folds", "fold"), [(0, 1), (4, 1), (4, 3)])
def test_time_never_runs_backwards(folds, fold):
    random = np.random.default_rng(1)
    # Many rows of one moment, among them at every cut.
    times = np.sort(random.integers(0, 60, 1000)).astype(float)[random.permutation(1000)]
    chosen = settings(method="time", time_column="t", folds=folds, fold=fold)
    parts = split_rows(chosen, 1000, None, times=times)
    assert times[parts["train"]].max() < times[parts["validation"]].min()
    assert times[parts["validation"]].max() < times[parts["test"]].min()


def test_rows_without_a_time_are_in_no_part_and_said():
    times = np.where(np.arange(100) % 10 == 0, np.nan, np.arange(100.0))
    chosen = settings(method="time", time_column="t")
    parts = split_rows(chosen, 100, None, times=times)
    assert sum(map(len, parts.values())) == 90
    assert "10 row(s)" in split_problems(chosen, parts, 100)[0].message


@pytest.mark.parametrize("method", ["stratified", "random", "group"])
def test_folds_test_every_row_once(method):
    chosen = [settings(method=method, group_column="g", folds=4, fold=fold) for fold in range(1, 5)]
    parts = [split_rows(item, 1000, CLASSES, NAMES, groups=GROUPS) for item in chosen]
    tested = np.concatenate([item["test"] for item in parts])
    assert sorted(tested) == list(range(1000))
    for item in parts:
        assert sorted(np.concatenate(list(item.values()))) == list(range(1000))


@pytest.mark.parametrize("count", [3, 6])
def test_every_group_can_be_the_test_part_of_a_fold_of_its_own(count):
    groups = np.arange(600) % count
    chosen = [
        settings(method="group", group_column="g", folds=count, fold=fold) for fold in range(1, count + 1)
    ]
    parts = [split_rows(item, 600, None, groups=groups) for item in chosen]
    tested = [set(groups[item["test"]].tolist()) for item in parts]
    assert sorted(tested, key=min) == [{group} for group in range(count)]
    assert all(len(item["train"]) and len(item["validation"]) for item in parts)


def test_folds_with_given_test_rows_turn_the_validation_part():
    is_test = np.arange(1000) % 5 == 0
    chosen = [settings(method="given", folds=4, fold=fold) for fold in range(1, 5)]
    parts = [split_rows(item, 1000, CLASSES, NAMES, is_test) for item in chosen]
    assert sorted(np.concatenate([item["validation"] for item in parts])) == np.flatnonzero(~is_test).tolist()
    assert all(np.array_equal(item["test"], np.flatnonzero(is_test)) for item in parts)


def test_a_fold_that_is_not_there_is_told():
    assert refusal(settings(folds=3, fold=4), 1000, CLASSES, NAMES) == "no_such_fold"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["3", "1.5", "", "2"], [3, 1.5, np.nan, 2]),
        (["2024-05-02", "2024-05-01", "soon", "2024-05-03 12:00"], None),
        (["31/12/2023", "01/02/2024", "15/02/2024", "1/3/2024"], None),
        (["2024-5-3", "2024-5-13", "2024-6-1", "2024-12-1"], None),
        (["2024/4/30 8:05", "2024/5/3 23:00", "2024/5/13 8:00", "2024/11/2 8:00"], None),
        (["05.04.2021", "04.05.2021 8:00", "03.06.2021", "02.07.2021"], None),
        (["2023年12月31日", "2024年1月2日 8时5分", "2024年1月2日23时", "2024年11月1日", "2024年12月"], None),
    ],
)
def test_moments_are_read_as_numbers_or_dates(cells, expected):
    column = pd.Series(cells, dtype="str", name="t")
    found = TimeReader(column).read(column)
    if expected is not None:
        assert np.array_equal(found, expected, equal_nan=True)
    elif "soon" in cells:
        assert np.isnan(found[2]) and found[1] < found[0] < found[3]
    else:
        assert found.tolist() == sorted(found)


def test_a_column_that_is_no_time_is_told():
    with pytest.raises(BuilderError, match="cannot be read as time"):
        TimeReader(pd.Series(["red", "green", "blue"], dtype="str", name="color"))
