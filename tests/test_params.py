"""Parameter types: what they accept, how they describe themselves, and the sentence for a bad value."""

import json
import math
from typing import Any

import pytest

from builder.params import (
    Boolean,
    Choice,
    Float,
    Integer,
    IntegerList,
    Optional,
    Parameter,
    check_all,
    suggestion,
    with_defaults,
)

TYPES: list[tuple[Any, list[Any]]] = [
    (Integer(), [0, -5, 10**9]),
    (Integer(1, 3), [1, 3]),
    (Float(), [0, 1.5, -2]),
    (Float(0, 1, maximum_open=True), [0, 0.999]),
    (Float(0, 1, minimum_open=True), [1, 0.001]),
    (Boolean(), [True, False]),
    (Choice(("relu", "tanh")), ["relu"]),
    (IntegerList(2, 2), [[3, 3], (1, 2)]),
    (IntegerList(1, 3, allow_unknown=True), [[-1], [4, -1], [2, 2, 2]]),
    (IntegerList(1, 2, minimum=0, allow_unknown=True), [[0], [-1, 0]]),
    (Optional(Integer(1)), [None, 5]),
]


@pytest.mark.parametrize(("type_", "good"), TYPES, ids=lambda item: str(item))
def test_a_type_accepts_good_values_and_refuses_its_bad_ones(type_: Any, good: list[Any]) -> None:
    assert all(type_.accepts(value) for value in good)
    assert not any(type_.accepts(value) for value in type_.bad_values())
    assert type_.bad_values()
    assert type_.describe()
    assert json.loads(json.dumps(type_.to_json()))["type"]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 10**400, -(10**400)])
def test_a_float_is_finite(value: float) -> None:
    assert not Float().accepts(value)


def test_only_one_size_of_a_shape_may_be_unknown() -> None:
    assert not IntegerList(1, 3, allow_unknown=True).accepts([-1, -1])


def test_a_bad_value_is_answered_by_one_standard_sentence() -> None:
    rate = Parameter("rate", Float(0, 1, maximum_open=True), 0.5, "Share that is dropped.")
    problem = rate.check(1.4, "Dropout", "drop")
    assert problem is not None
    assert problem.message == "The 'rate' parameter of Dropout must be a float in [0, 1). Got 1.4 instead."
    assert (problem.block, problem.field, problem.code) == ("drop", "rate", "bad_parameter")


def test_auto_is_accepted_only_where_it_is_offered() -> None:
    plain = Parameter("units", Integer(1), 1, "Outputs.")
    automatic = Parameter("units", Integer(1), "auto", "Outputs.", auto=True)
    assert not plain.accepts("auto")
    assert automatic.accepts("auto")
    problem = automatic.check(0, "Dense")
    assert problem is not None
    assert problem.message.endswith("of at least 1, or 'auto'. Got 0 instead.")


def test_every_bad_value_and_unknown_name_is_reported() -> None:
    parameters = (Parameter("units", Integer(1), 1, "Outputs."), Parameter("rate", Float(0, 1), 0, "Share."))
    problems = check_all(parameters, {"units": 0, "rate": 2, "unit": 3}, "Dense", "dense_1")
    assert [problem.field for problem in problems] == ["units", "rate", "unit"]
    assert "Did you mean 'units'?" in problems[2].message


def test_defaults_fill_what_is_not_given() -> None:
    parameters = (
        Parameter("units", Integer(1), 8, "Outputs."),
        Parameter("rate", Float(0, 1), 0.5, "Share."),
    )
    assert with_defaults(parameters, {"units": 3}) == {"units": 3, "rate": 0.5}


def test_a_suggestion_is_made_only_for_something_near() -> None:
    assert suggestion("dens", ["dense", "conv2d"]) == " Did you mean 'dense'?"
    assert suggestion("zebra", ["dense", "conv2d"]) == ""
