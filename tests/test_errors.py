"""Problems are data, and the exception that carries them crosses processes whole."""

import json
import pickle

import pytest

from builder.errors import BuilderError, Problem, Repair, shown_value, stop
from builder.project import Project, load_preset

REPAIR = Repair("Set it to 3", ({"op": "set_parameter", "id": "dense", "name": "units", "value": 3},))


def test_a_problem_becomes_json_with_its_repair() -> None:
    problem = Problem("bad_units", "Units do not fit.", "dense", "units", REPAIR, "warning")
    data = json.loads(json.dumps(problem.to_json()))
    assert data["repair"]["edits"] == [{"op": "set_parameter", "id": "dense", "name": "units", "value": 3}]
    assert (data["code"], data["block"], data["severity"]) == ("bad_units", "dense", "warning")


def test_an_error_carries_every_problem_through_a_pickle() -> None:
    error = BuilderError([Problem("one", "First."), Problem("two", "Second.", repair=REPAIR)])
    again = pickle.loads(pickle.dumps(error))
    assert again.problems == error.problems
    assert str(again) == "First.\nSecond."


def test_stop_makes_an_error_of_one_problem() -> None:
    with pytest.raises(BuilderError) as caught:
        raise stop("no_file", "The file is missing.", field="path")
    assert caught.value.problems == (Problem("no_file", "The file is missing.", field="path"),)


DEEP: list = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("many", "'many'"),
        (-3, "-3"),
        (1.5, "1.5"),
        (None, "None"),
        ([1, "a"], "[1, 'a']"),
        ("a\nb", r"'a\nb'"),
        ("x" * 80, repr("x" * 80)),
        ("x" * 1_000_000, f"'{'x' * 79}…'"),
        (10**400, f"1{'0' * 78}…"),
        (list(range(100_000)), None),
        ({"key": "x" * 1_000_000}, None),
        # Python writes neither.
        (10**5000, "an int too large to be shown"),
        (DEEP, "a list too large to be shown"),
    ],
    ids=range(13),
)
def test_a_message_shows_the_beginning_of_a_value(value: object, words: str | None) -> None:
    shown = shown_value(value)
    assert shown == words or (words is None and shown == f"{repr(value)[:79]}…")


@pytest.mark.parametrize("value", ["x" * 1_000_000, 10**400, ["x" * 1_000_000]], ids=["text", "int", "list"])
def test_no_message_about_a_value_is_as_long_as_the_value(value: object) -> None:
    document = load_preset("images/cnn").to_json()
    node = document["model"]["nodes"][1]
    changed = [
        {**document, "version": [value]},
        {**document, "name": [value]},
        {**document, "data": value},
        {**document, "data": {**document["data"], "task": value}},
        {**document, "data": {**document["data"], "source": {"kind": value}}},
        {**document, "data": {**document["data"], "roles": value}},
        {**document, "training": {**document["training"], "epochs": value}},
        {**document, "training": {**document["training"], str(value): 1}},
        {**document, "model": {**document["model"], "nodes": value}},
        {**document, "model": {**document["model"], "nodes": [{**node, "parameters": value}]}},
    ]
    for case in changed:
        try:
            project = Project.from_json(case)
            problems = [*project.check(), *project.data.check()]
        except BuilderError as error:
            problems = error.problems
        assert problems and all(len(problem.message) < 2_000 for problem in problems)
