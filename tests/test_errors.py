"""Problems are data, and the exception that carries them crosses processes whole."""

import json
import pickle

import pytest

from builder.errors import BuilderError, Problem, Repair, stop

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
