"""The project document: round trips, checks, files, versions."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder import project as project_module
from builder.errors import BuilderError
from builder.graph import Edge, Graph, Node
from builder.project import (
    DataRecipe,
    Project,
    load_preset,
    parse_project,
    preset_names,
    read_project,
    write_project,
)

PROJECT = Project(
    "Wine",
    DataRecipe({"kind": "csv", "path": "wine.csv"}, "regression", {"price": "target", "age": "numeric"}),
    Graph((Node("input", "input.v1"), Node("head", "regression_head.v1")), (Edge("input", "head"),)),
    {"epochs": 3},
    "A small model.",
    "Nobody (2000)",
)


def code_of(action: Any) -> str:
    with pytest.raises(BuilderError) as caught:
        action()
    assert caught.value.problems[0].message.endswith(".")
    return caught.value.problems[0].code


def test_a_project_survives_its_file(tmp_path: Path) -> None:
    write_project(PROJECT, tmp_path / "wine.json")
    again = read_project(tmp_path / "wine.json")
    assert again.data.source["path"] == str(tmp_path / "wine.csv")
    assert again.model == PROJECT.model
    assert again.training_settings()["epochs"] == 3
    assert [file.name for file in tmp_path.iterdir()] == ["wine.json"]


def test_json_gives_the_same_project_again() -> None:
    assert Project.from_json(json.loads(json.dumps(PROJECT.to_json()))) == PROJECT


def test_a_sound_project_has_no_problem() -> None:
    assert PROJECT.check() == []
    assert PROJECT.data.target == "price"


def test_every_fault_of_the_document_is_reported() -> None:
    document = PROJECT.to_json()
    document["data"]["task"] = "guessing"
    document["data"]["source"]["kind"] = "telepathy"
    document["data"]["roles"]["age"] = "wise"
    document["data"]["preprocessing"] = {"image_height": 3}
    document["training"] = {"epoch": 3, "batch_size": 0}
    document["model"]["edges"].append({"source": "ghost", "target": "head"})
    codes = [problem.code for problem in Project.from_json(document).check()]
    assert sorted(codes) == sorted(
        ["bad_parameter", "bad_recipe", "bad_recipe", "bad_recipe", "unknown_parameter", "bad_parameter"]
        + ["dangling_edge"]
    )


@pytest.mark.parametrize(
    ("training", "is_wrong"),
    [
        ({"schedule": "cosine", "minimum_learning_rate": 0.01}, True),
        ({"schedule": "plateau", "minimum_learning_rate": 0.001}, True),
        ({"schedule": "polynomial", "minimum_learning_rate": 0.0001}, False),
        ({"schedule": "constant", "minimum_learning_rate": 0.01}, False),
        ({"schedule": "cosine", "minimum_learning_rate": "low"}, False),
    ],
)
def test_a_learning_rate_cannot_fall_to_what_is_higher(training: dict[str, Any], is_wrong: bool) -> None:
    project = replace(load_preset("images/cnn"), training={"learning_rate": 0.001, **training})
    found = [problem for problem in project.check() if problem.code == "minimum_not_lower"]
    assert [problem.field for problem in found] == (["minimum_learning_rate"] if is_wrong else [])


def test_a_split_that_leaves_too_little_is_reported() -> None:
    recipe = DataRecipe({"kind": "sample"}, split={"validation": 0.5, "test": 0.45})
    assert [problem.code for problem in recipe.check()] == ["split_too_large"]


def test_a_document_of_a_newer_version_is_not_opened() -> None:
    document = {**PROJECT.to_json(), "version": 99}
    assert code_of(lambda: Project.from_json(document)) == "newer_version"


@pytest.mark.parametrize("version", [None, 0, -1, "1", True, 1.0])
def test_a_version_must_be_a_whole_number(version: Any) -> None:
    assert code_of(lambda: Project.from_json({**PROJECT.to_json(), "version": version})) == "bad_version"


@pytest.mark.parametrize("document", [None, [], 3, {}, {"format": "other"}])
def test_another_document_is_not_a_project(document: Any) -> None:
    assert code_of(lambda: Project.from_json(document)) == "not_a_project"


@pytest.mark.parametrize(
    "change", [{"data": 3}, {"training": []}, {"name": 5}, {"model": "dense"}, {"model": {"nodes": [{}]}}]
)
def test_a_project_of_the_wrong_form_is_refused(change: dict[str, Any]) -> None:
    assert code_of(lambda: Project.from_json({**PROJECT.to_json(), **change})) == "malformed_document"


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe\x00", b"PK\x03\x04", b"[" * 100_000])
def test_a_file_that_is_not_json_is_refused(raw: bytes) -> None:
    assert code_of(lambda: parse_project(raw, "upload.json")) == "not_json"


def test_a_missing_file_and_a_huge_one_are_refused(tmp_path: Path, monkeypatch) -> None:
    assert code_of(lambda: read_project(tmp_path / "none.json")) == "unreadable_file"
    monkeypatch.setattr(project_module, "MAXIMUM_DOCUMENT_BYTES", 10)
    assert code_of(lambda: parse_project(b"{}" + b" " * 10)) == "file_too_large"


def test_every_preset_is_sound_and_its_file_says_no_more_than_the_project() -> None:
    assert preset_names()
    for name in preset_names():
        preset = load_preset(name)
        assert preset.check() == [], name
        assert Project.from_json(preset.to_json()) == preset
        assert preset.name


def test_an_unknown_preset_names_those_that_exist() -> None:
    assert code_of(lambda: load_preset("images/nothing")) == "unknown_preset"


def test_whole_numbers_do_for_training_values_that_are_floats() -> None:
    project = replace(load_preset("images/cnn"), training={"learning_rate": 1, "epochs": 2})
    settings = project.training_settings()
    assert isinstance(settings["learning_rate"], float) and isinstance(settings["epochs"], int)


def test_a_file_with_a_number_that_json_does_not_know_is_refused_in_words() -> None:
    text = json.dumps(load_preset("images/cnn").to_json()).replace('"epochs": 12', '"epochs": NaN')
    assert "NaN" in text
    with pytest.raises(BuilderError, match="NaN is not a number"):
        parse_project(text.encode())


def test_a_whole_number_that_no_computer_computes_with_is_refused_in_words() -> None:
    endless = "1" + "0" * 400
    text = json.dumps(load_preset("images/cnn").to_json()).replace('"epochs": 12', f'"epochs": {endless}')
    assert endless in text
    with pytest.raises(BuilderError, match="not a number that can be used"):
        parse_project(text.encode())


def test_a_setting_beyond_all_numbers_is_a_problem_of_its_own() -> None:
    project = replace(load_preset("images/cnn"), training={"learning_rate": 10**400})
    assert [(problem.code, problem.field) for problem in project.check()] == [
        ("bad_parameter", "learning_rate")
    ]


@pytest.mark.parametrize("recipe", [[], {}, 3, None])
def test_a_recipe_that_is_no_word_is_refused_in_words(recipe: Any) -> None:
    project = replace(load_preset("images/cnn"), compression={"recipe": recipe, "run": "a"})
    assert [problem.code for problem in project.check()] == ["unknown_recipe"]
