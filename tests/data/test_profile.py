"""What a person is shown before anything is prepared, and the recipe that is proposed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from making import csv_source, image_source, picture, sample_source, two_classes

from builder.data.profile import profile, propose
from builder.data.sources import samples
from builder.project import DataRecipe
from builder.tasks import TASKS


def codes(found: dict[str, object]) -> list[str]:
    return [problem["code"] for problem in found["problems"]]


@pytest.mark.parametrize("item", samples(), ids=lambda item: item.name)
def test_the_proposal_for_a_sample_is_right_and_its_profile_clean(item):
    recipe = propose(sample_source(item.name))
    found = profile(recipe)
    json.dumps(found, allow_nan=False)
    assert recipe.task == item.task and recipe.check() == []
    # A table that names pictures or recordings is shown as the table that it is.
    assert found["kind"] == {"mixed": "table"}.get(item.kind, item.kind) and found["rows"] == item.rows
    assert found["problems"] == []
    assert 8 <= len(found["examples"]) <= 12
    if TASKS[item.task].in_order:
        # How many windows a part has is known when they are cut.
        assert found["parts"] is None and recipe.split["method"] == "ordered"
        return
    assert sum(found["parts"].values()) == item.rows
    is_of_classes = item.task in ("classification", "ordinal")
    by_chance = "stratified" if is_of_classes else "random"
    assert recipe.split["method"] == ("given" if item.has_given_test else by_chance)


def test_a_column_that_never_changes_is_told_beside_what_is_wrong_without_it(tmp_path):
    file = tmp_path / "alike.csv"
    file.write_text("size,kind\n" + "".join(f"{number},yes\n" for number in range(60)), encoding="utf-8")
    found = profile(propose({"kind": "csv", "path": str(file)}))
    assert codes(found) == ["one_value", "no_inputs"]
    assert "'kind' is 'yes' in every row" in found["problems"][0]["message"]


def test_columns_are_described():
    found = profile(propose(sample_source("california_housing")))
    columns = {column["name"]: column for column in found["columns"]}
    rooms, coast = columns["total_bedrooms"], columns["ocean_proximity"]
    assert rooms["type"] == "number" and rooms["role"] == "numeric" and rooms["missing"] == 207
    assert rooms["minimum"] == 1 and rooms["maximum"] == 6445
    assert sum(rooms["histogram"]["counts"]) == 20640 - 207
    assert coast["distinct"] == 5 and coast["top_values"][0] == {"value": "<1H OCEAN", "count": 9136}
    assert columns["median_house_value"]["role"] == "target"
    assert found["class_balance"] is None


def test_numbers_that_differ_by_rounding_alone_are_described(csv_file):
    rows = "".join(f"{0.1 + 0.2},yes\n0.3,no\n" for _ in range(20))
    found = profile(propose(csv_source(csv_file("size,kind\n" + rows))))
    assert found["columns"][0]["mean"] == pytest.approx(0.3) and found["columns"][0]["histogram"] is None


def test_classes_are_counted():
    assert profile(propose(sample_source("sms_spam")))["class_balance"] == {"ham": 4827, "spam": 747}


def test_pictures_are_shown_as_small_pngs_of_every_class():
    examples = profile(propose(sample_source("sign_language")))["examples"]
    assert {example["label"] for example in examples} == set("0123456789")
    assert all(example["image"].startswith("data:image/png;base64,") for example in examples)


def test_the_form_of_pictures_is_proposed(zip_file):
    pictures = {name: picture(9, "L", side=200) for name in two_classes()}
    assert propose(image_source(zip_file(pictures))).preprocessing == {
        "image_height": 128,
        "image_width": 128,
        "color_mode": "grayscale",
    }


def test_the_length_of_texts_is_proposed():
    assert propose(sample_source("shakespeare_genres")).preprocessing["sequence_length"] == 130


def test_problems_of_the_recipe_and_of_the_data_stand_in_the_profile(csv_file):
    rows = "".join(f"{n},{'ab'[n % 2] if n else ''}\n" for n in range(30)) + "1\n"
    recipe = DataRecipe(
        csv_source(csv_file("x,y\n" + rows)),
        roles={"x": "categorical", "y": "target"},
        split={"method": "given"},
    )
    found = profile(recipe)
    assert codes(found) == ["rows_skipped", "target_missing", "no_given_test"]
    assert found["parts"] is None


def test_wrong_roles_are_told_without_hiding_the_columns(csv_file):
    recipe = DataRecipe(csv_source(csv_file("x,y\n" + "1,a\n2,b\n" * 20)), roles={"gone": "target"})
    found = profile(recipe)
    assert codes(found) == ["unknown_column"]
    assert [column["role"] for column in found["columns"]] == ["ignore", "ignore"]


def test_a_broken_picture_is_named(zip_file: object, tmp_path: Path):
    path = zip_file(two_classes() | {"birds/0.png": b"x"})
    found = profile(DataRecipe(image_source(path)))
    assert "birds/0.png" in str(found["problems"])


def test_values_that_no_parameter_takes_are_problems_and_the_data_are_shown() -> None:
    source = sample_source("sms_spam")
    recipe = replace(
        propose(source),
        split={"validation": "x", "method": [1]},
        preprocessing={"sequence_length": {}, "vocabulary_size": 3},
    )
    found = profile(recipe)
    fields = {problem["field"] for problem in found["problems"]}
    assert {"validation", "method", "sequence_length", "vocabulary_size"} <= fields
    assert found["rows"] > 5_000
