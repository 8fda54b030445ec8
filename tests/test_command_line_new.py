"""A project made of own data in the shell is ready to train: its task, split and roles fit its model."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_command_line import builder

CITIES = ("Zürich", "Bern", "Genf")


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """Flats with their prices; the column that looks like the target is the city."""
    rows = "".join(f"{20 + n % 90},{n % 7},{1000 * n + 13},{CITIES[n % 3]}\n" for n in range(150))
    file = tmp_path / "houses.csv"
    file.write_text("size,rooms,price,city\n" + rows, encoding="utf-8")
    return file


def made(data: str | Path, preset: str, output: Path, *options: str) -> dict[str, Any]:
    """Return the data recipe that ``new`` writes."""
    builder("new", data, "-p", preset, "-o", output, *options)
    return json.loads(output.read_text(encoding="utf-8"))["data"]


def test_another_target_brings_its_task_and_split(houses: Path, tmp_path: Path) -> None:
    file = tmp_path / "houses.json"
    data = made(houses, "tabular/mlp_regression", file, "--target", "price")
    assert data["task"] == "regression" and data["split"] == {"method": "random"}
    builder("check", file)


def test_the_former_target_becomes_what_its_values_suggest(houses: Path, tmp_path: Path) -> None:
    data = made(houses, "tabular/mlp_regression", tmp_path / "a.json", "--target", "price")
    assert data["roles"] == {"size": "numeric", "rooms": "numeric", "price": "target", "city": "categorical"}
    turned = houses.with_name("turned.csv")
    lines = [line.split(",") for line in houses.read_text(encoding="utf-8").splitlines()]
    turned.write_text("\n".join(",".join(reversed(line)) for line in lines), encoding="utf-8")
    data = made(turned, "tabular/mlp_classification", tmp_path / "b.json", "--target", "city")
    assert data["roles"] == {"size": "numeric", "rooms": "numeric", "price": "numeric", "city": "target"}
    assert data["task"] == "classification" and data["split"] == {"method": "stratified"}
    builder("check", tmp_path / "b.json")


def test_a_sample_can_have_another_target(tmp_path: Path) -> None:
    options = ("--target", "housing_median_age")
    data = made("california_housing", "tabular/mlp_regression", tmp_path / "a.json", *options)
    assert [name for name, role in data["roles"].items() if role == "target"] == ["housing_median_age"]
    assert data["roles"]["median_house_value"] == "numeric"


def test_the_task_is_that_of_the_preset(houses: Path, tmp_path: Path) -> None:
    data = made(houses, "tabular/mlp_regression", tmp_path / "a.json", "--target", "rooms")
    assert data["task"] == "regression" and data["split"] == {"method": "random"}
    assert made("digits", "images/dcgan", tmp_path / "b.json")["task"] == "generation"


def test_windows_of_a_table_stay_in_order(houses: Path, tmp_path: Path) -> None:
    data = made(houses, "series/lstm_gan", tmp_path / "a.json")
    assert data["task"] == "generation" and data["split"] == {"method": "ordered"}


def test_further_targets_stand_beside_another_target(houses: Path, tmp_path: Path) -> None:
    options = ("--target", "price", "--also-predict", "city", "--also-predict", "size")
    roles = made(houses, "tabular/mlp_regression", tmp_path / "a.json", *options)["roles"]
    assert roles == {"size": "number_target", "rooms": "numeric", "price": "target", "city": "class_target"}


@pytest.mark.parametrize("option", ["--target", "--also-predict"])
def test_a_column_that_is_not_there_is_refused(houses: Path, tmp_path: Path, option: str) -> None:
    command = ("new", houses, "-p", "tabular/mlp_regression", "-o", tmp_path / "a.json", option, "Price")
    words = builder(*command, code=2).stderr
    assert "no column 'Price'" in words and "size, rooms, price, city" in words
    assert not (tmp_path / "a.json").exists()


def test_data_without_columns_have_no_target_to_choose(tmp_path: Path) -> None:
    command = ("new", "digits", "-p", "images/cnn", "-o", tmp_path / "a.json", "--target", "price")
    assert "have no columns" in builder(*command, code=2).stderr


def test_the_target_is_not_predicted_a_second_time(houses: Path, tmp_path: Path) -> None:
    options = ("--target", "price", "--also-predict", "price")
    command = ("new", houses, "-p", "tabular/mlp_regression", "-o", tmp_path / "a.json", *options)
    assert "'price' is the target already" in builder(*command, code=2).stderr


@pytest.mark.parametrize(
    ("values", "preset", "lacks"),
    [
        ("abc", "tabular/mlp_classification", "to predict one column from another, a table needs both"),
        ("1234567", "series/lstm_forecast", ""),
    ],
)
def test_one_column_alone_is_told_to_be_too_few(values: str, preset: str, lacks: str, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("value\n" + "\n".join(values * 40), encoding="utf-8")
    said = builder("new", file, "-p", preset, "-o", tmp_path / "a.json")
    assert lacks in said.stderr and ("error: No column is left to learn from" in said.stderr) == bool(lacks)


def test_what_was_noticed_in_the_data_is_told_by_the_check(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    rows = "".join(f"{n * n % 17},{('Größe', 'größe', 'x')[n % 3]}\n" for n in range(60))
    file.write_text(f"size,kind\n{rows}", encoding="cp1252")
    made(file, "tabular/mlp_classification", tmp_path / "a.json")
    said = builder("check", tmp_path / "a.json")
    assert "no errors" in said.stdout
    assert "warning: answers.csv is not written in UTF-8" in said.stderr
    assert "warning: Classes of 'kind' differ by capital letters" in said.stderr
