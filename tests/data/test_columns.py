"""Roles, tasks and mistakes in columns."""

import numpy as np
import pandas as pd
import pytest

from builder.data.columns import (
    check_roles,
    column_facts,
    column_problems,
    constant_problems,
    propose_roles,
    propose_task,
    table_facts,
    to_numbers,
)
from builder.errors import BuilderError


def table(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: [str(value) for value in values] for name, values in columns.items()}, dtype="str"
    )


def facts_of(**columns: list[object]):
    return table_facts(table(**columns))


COUNT = 60
TEXTS = [f"this is message number {n} of a long list" for n in range(COUNT)]
WORDS = ["red", "green", "blue"] * (COUNT // 3)
AMOUNTS = [n * 1.5 for n in range(COUNT)]
NAMES = [f"customer-{n}" for n in range(COUNT * 3)]


def test_each_column_gets_the_role_that_suits_it():
    facts = facts_of(
        id=range(100, 100 + COUNT),
        amount=AMOUNTS,
        colour=WORDS,
        note=TEXTS,
        same=["x"] * COUNT,
        kind=["a", "b"] * 30,
    )
    assert propose_roles(facts, {}) == {
        "id": "ignore",
        "amount": "numeric",
        "colour": "categorical",
        "note": "text",
        "same": "ignore",
        "kind": "target",
    }


def test_columns_that_name_or_count_the_rows_are_ignored():
    facts = facts_of(
        n=range(180), name=NAMES, order_id=np.random.default_rng(1).permutation(180), y=["a", "b"] * 90
    )
    assert set(list(propose_roles(facts, {}).values())[:3]) == {"ignore"}


@pytest.mark.parametrize("name", ["target", "Label", "CLASS", "y", "outcome", "category"])
def test_the_target_is_known_by_its_name(name):
    assert propose_roles(facts_of(**{name: WORDS}, last=AMOUNTS), {})[name] == "target"


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("regression", "price"),
        ("count", "price"),
        ("classification", "kind"),
        (None, "kind"),
        ("ordinal", "kind"),
    ],
)
def test_the_target_suits_the_task_that_is_wished_for(task, found):
    facts = facts_of(size=AMOUNTS, price=AMOUNTS[::-1], kind=WORDS)
    assert propose_roles(facts, {}, task)[found] == "target"


def test_where_no_column_suits_the_task_the_target_is_the_last():
    assert propose_roles(facts_of(colour=WORDS, kind=WORDS), {}, "regression")["kind"] == "target"
    facts = facts_of(kind=WORDS, note=TEXTS, price=AMOUNTS)
    assert propose_roles(facts, {}, "classification")["kind"] == "target"


def test_an_empty_last_column_is_not_the_target():
    assert propose_roles(facts_of(x=AMOUNTS, kind=WORDS, column_3=[""] * COUNT), {})["kind"] == "target"


def test_roles_that_are_fixed_stay():
    roles = propose_roles(facts_of(a=WORDS, b=AMOUNTS, label=WORDS), {"a": "target", "b": "ignore"})
    assert roles == {"a": "target", "b": "ignore", "label": "categorical"}


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (AMOUNTS, "regression"),
        (list(range(COUNT)), "regression"),
        ([n % 7 for n in range(COUNT)], "classification"),
        (WORDS, "classification"),
    ],
)
def test_the_task_follows_the_target(values, task):
    assert propose_task(facts_of(y=values)["y"]) == task


@pytest.mark.parametrize(("count", "told"), [(1, 1), (5, 5), (60, 1)])
def test_many_columns_that_never_change_are_told_together(count, told):
    frame = table(**{f"same {n}": ["0"] * 20 for n in range(count)}, y=["a", "b"] * 10)
    problems = constant_problems(frame, table_facts(frame))
    assert [problem.code for problem in problems] == ["one_value"] * told
    assert "'same 0'" in problems[0].message and (count < 6 or "60 columns" in problems[0].message)


def test_missing_values_are_known_by_their_usual_signs():
    item = column_facts(pd.Series(["1", "", "?", "NA", "NaN", "null", "3"], dtype="str", name="x"))
    assert item.missing.tolist() == [False, True, True, True, True, True, False]
    assert item.type == "number" and item.distinct == 2


def test_a_few_words_among_numbers_are_missing_and_their_lines_told():
    frame = table(age=[*range(50), "old", "inf"], y=["a", "b"] * 26)
    facts = table_facts(frame)
    problems = column_problems(frame, facts, {"age": "numeric", "y": "target"}, np.arange(2, 54))
    assert [problem.code for problem in problems] == ["mixed_types"]
    assert "2 value(s)" in problems[0].message and "line 52, 53" in problems[0].message
    assert "such as 'old', 'inf' (numbers are used up to 3.4e+38)" in problems[0].message
    assert np.isnan(facts["age"].numbers[-2:]).all()


@pytest.mark.parametrize(
    ("word", "kind"), [("-", "number"), ("None", "number"), ("未知", "number"), ("low", "category")]
)
def test_numbers_with_many_gaps_are_numbers_however_gaps_are_written(word, kind):
    frame = table(age=[word if n % 2 else n for n in range(60)], gap=[word] * 60, y=["a", "b"] * 30)
    facts = table_facts(frame)
    assert facts["age"].type == kind and facts["gap"].type == "category"
    problems = column_problems(frame, facts, propose_roles(facts, {}), np.arange(60))
    assert [problem.field for problem in problems] == ["age"] and f"such as '{word}'" in problems[0].message


def test_a_column_of_half_numbers_is_words_and_told():
    frame = table(code=[1, "x"] * 30, y=["a", "b"] * 30)
    facts = table_facts(frame)
    assert facts["code"].type == "category"
    problems = column_problems(frame, facts, {"code": "categorical", "y": "target"}, np.arange(60))
    assert "mixes numbers and words (30 of 60 values are no numbers, such as 'x')" in problems[0].message


def test_decimal_commas_are_understood():
    cells = pd.Series(["1,5", "2", "-0,25", "x"], dtype="str")
    assert np.array_equal(to_numbers(cells, decimal_comma=True), [1.5, 2, -0.25, np.nan], equal_nan=True)
    assert np.isnan(to_numbers(cells)[0])


def test_numbers_too_large_for_the_model_count_as_missing():
    assert np.isnan(to_numbers(pd.Series(["1e300", "-inf"], dtype="str"))).all()


@pytest.mark.parametrize(
    ("roles", "task", "code"),
    [
        ({"gone": "numeric", "y": "target"}, "classification", "unknown_column"),
        ({"x": "numeric"}, "classification", "target_count"),
        ({"x": "target", "y": "target", "w": "text"}, "classification", "target_count"),
        ({"y": "target", "x": "ignore"}, "classification", "no_inputs"),
        ({"y": "target", "w": "text", "v": "text"}, "classification", "several_texts"),
        ({"y": "target", "w": "numeric"}, "classification", "not_numeric"),
        ({"w": "target", "x": "numeric"}, "regression", "not_numeric"),
    ],
)
def test_roles_that_do_not_fit_are_refused(roles, task, code):
    facts = facts_of(x=AMOUNTS, w=WORDS, v=TEXTS, y=["a", "b"] * 30)
    with pytest.raises(BuilderError) as caught:
        check_roles(roles, facts, task)
    assert caught.value.problems[0].code == code
