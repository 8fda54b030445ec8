"""Labels, ranks and counts are read from tables as people write them."""

import json

import numpy as np
import pandas as pd
import pytest
from making import csv_source, image_source, picture

from builder.data.labels import holds_labels, labels_of, separator_of
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.errors import BuilderError
from builder.project import DataRecipe

TAGS = ["red; round", "blue", "red", "round; blue; red", "[]", '["blue", "round"]']


def table(csv_file, column, cells, task, **preprocessing):
    rows = "".join(f"{number},{number % 7},{cell}\n" for number, cell in enumerate(cells))
    file = csv_file(f"id,x,{column}\n{rows}")
    roles = {"id": "ignore", "x": "numeric", column: "target"}
    return DataRecipe(csv_source(file), task, roles, preprocessing, {"method": "random"})


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize(
    ("cell", "mark", "labels"),
    [
        ("red; round", ";", ["red", "round"]),
        ("red|round|red", "|", ["red", "round"]),
        ("red, round", ",", ["red", "round"]),
        ("Paris, France; Rome", ";", ["Paris, France", "Rome"]),
        ('["a", 2, ""]', ";", ["a", "2"]),
        ("['a', 'b']", ",", ["a", "b"]),
        ("[]", ";", []),
        ("lone", ";", ["lone"]),
    ],
)
def test_a_cell_holds_labels(cell, mark, labels):
    assert labels_of(cell, mark) == labels


def test_a_column_says_what_separates_its_labels():
    assert separator_of(["a, b", "c"]) == ","
    assert separator_of(["a, b; c", "d"]) == ";"
    assert holds_labels(pd.Series(["red; round", "red", "round; blue", "blue"] * 10, dtype="str"))
    assert not holds_labels(pd.Series(["Smith, John", "Doe, Jane"], dtype="str"))
    assert not holds_labels(pd.Series(["red", "blue"] * 10, dtype="str"))


def test_a_column_of_lists_becomes_one_answer_a_label(csv_file, tmp_path):
    recipe = table(csv_file, "tags", map(quoted, [*TAGS * 5, ""]), "multi_label")
    prepared = prepare(recipe, tmp_path / "cache")
    assert prepared.spec.class_names == ("blue", "red", "round")
    assert prepared.spec.target_shape == (3,) and prepared.spec.output_shapes == ((3,),)
    assert prepared.targets[:6].tolist() == [
        [0, 1, 1],
        [1, 0, 0],
        [0, 1, 0],
        [1, 1, 1],
        [0, 0, 0],
        [1, 0, 1],
    ]
    assert len(prepared.targets) == 30
    assert any("no usable value" in problem.message for problem in prepared.problems)
    told = profile(recipe)
    assert told["class_balance"] == {"blue": 15, "red": 15, "round": 15}
    assert propose(recipe.source).task == "multi_label"


def test_several_columns_of_0_and_1_are_one_target(csv_file, tmp_path):
    rows = "".join(f"{n % 7},{n % 2},{int(n % 3 == 0)}\n" for n in range(40))
    file = csv_file(f"x,odd,third\n{rows}")
    roles = {"x": "numeric", "odd": "target", "third": "target"}
    recipe = DataRecipe(csv_source(file), "multi_label", roles, split={"method": "random"})
    prepared = prepare(recipe, tmp_path / "cache")
    assert prepared.spec.class_names == ("odd", "third")
    assert prepared.targets[:4].tolist() == [[0, 1], [1, 0], [0, 0], [1, 1]]
    assert profile(recipe)["class_balance"] == {"odd": 20, "third": 14}
    wrong = DataRecipe(csv_source(file), "multi_label", {**roles, "x": "target"}, split={"method": "random"})
    with pytest.raises(BuilderError, match="No column is left to learn from"):
        prepare(wrong, tmp_path / "cache")
    file.write_text(file.read_text().replace("0,1,0\n", "0,2,0\n"))
    with pytest.raises(BuilderError, match="'odd' holds other numbers than 0 and 1"):
        prepare(recipe, tmp_path / "cache")


def test_a_folder_may_be_named_after_several_labels(zip_file, tmp_path):
    members = {
        f"{name}/{n}.png": picture((n * 20, 0, 9)) for name in ("cat", "cat, dog", "bird") for n in range(8)
    }
    recipe = DataRecipe(image_source(zip_file(members)), "multi_label")
    prepared = prepare(recipe, tmp_path / "cache")
    assert prepared.spec.class_names == ("bird", "cat", "dog")
    assert prepared.targets.sum(axis=0).tolist() == [8, 16, 8]
    assert profile(recipe)["class_balance"] == {"bird": 8, "cat": 16, "dog": 8}


def test_one_label_alone_is_told(csv_file, tmp_path):
    with pytest.raises(BuilderError, match="holds the label 'a' alone"):
        prepare(table(csv_file, "tags", ["a"] * 20, "multi_label"), tmp_path)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", "0", "-1", "2"], ("-2", "-1", "0", "1", "2")),
        (["0.5", "0.25", "0.75", "1.5"], ("0.25", "0.5", "0.75", "1.5")),
        (["10", "9"], ("9", "10")),
        (["level 10", "level 9"], ("level 9", "level 10")),
    ],
)
def test_ranks_that_are_numbers_are_ordered_by_size(cells, expected, csv_file, tmp_path):
    found = prepare(table(csv_file, "grade", cells * 10, "ordinal"), tmp_path)
    assert found.spec.class_names == expected
    assert [expected[number] for number in found.targets[: len(cells)]] == cells


def test_ranks_are_in_the_order_that_a_person_gives(csv_file, tmp_path):
    cells = ["low", "high", "medium"] * 10
    natural = prepare(table(csv_file, "grade", cells, "ordinal"), tmp_path)
    assert natural.spec.class_names == ("high", "low", "medium")
    given = prepare(table(csv_file, "grade", cells, "ordinal", class_order="low, medium, high"), tmp_path)
    assert given.spec.class_names == ("low", "medium", "high")
    assert given.targets[:3].tolist() == [0, 2, 1]
    with pytest.raises(BuilderError, match="the column 'grade' holds high, low, medium"):
        prepare(table(csv_file, "grade", cells, "ordinal", class_order="low, high"), tmp_path)


@pytest.mark.parametrize("bad", ["-1", "2.5"])
def test_counts_are_whole_and_not_negative(csv_file, tmp_path, bad):
    cells = [str(number % 4) for number in range(30)]
    prepared = prepare(table(csv_file, "visits", cells, "count"), tmp_path)
    assert prepared.spec.target_mean == pytest.approx(np.mean(prepared.targets[prepared.indices["train"]]))
    with pytest.raises(BuilderError, match=f"holds {bad}, which is no count"):
        prepare(table(csv_file, "visits", [*cells, bad], "count"), tmp_path)


def test_the_quality_of_labels_is_looked_at(csv_file, tmp_path):
    from builder.data.quality import quality, shown

    prepared = prepare(table(csv_file, "tags", map(quoted, TAGS * 5), "multi_label"), tmp_path)
    found = {item.kind: item for item in quality(prepared)}
    assert "duplicates" in found
    assert json.dumps(shown(prepared, found["duplicates"]))
