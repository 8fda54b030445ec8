"""Numbers with marks between thousands are numbers where a column agrees on one way to write them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from rents import VALUES, read_alike_in_pieces, read_as_numbers, written

from builder.data.encode import encode
from builder.data.prepare import prepare
from builder.data.profile import propose
from builder.data.sniffing import source_at
from builder.data.sources import open_source
from builder.errors import BuilderError
from builder.serving.samples import unknown_categories


def marked(value: float, thousands: str, decimal: str) -> str:
    text = f"{value:,.2f}" if value % 2 else f"{value:,.0f}"
    return text.replace(",", "_").replace(".", decimal).replace("_", thousands)


WAYS = [
    (",", ".", ","),
    (",", ".", ";"),
    (",", ".", "\t"),
    (" ", ".", ","),
    (" ", ",", ";"),
    ("\u00a0", ",", ";"),
    ("\u202f", ",", ","),
    (".", ",", ";"),
    (".", ",", ","),
    ("'", ".", ","),
]


@pytest.mark.parametrize(("thousands", "decimal", "separator"), WAYS)
def test_a_column_of_marked_numbers_is_one_of_numbers(csv_file, tmp_path, thousands, decimal, separator):
    cells = [marked(value, thousands, decimal) for value in VALUES]
    told, prepared = read_as_numbers(written(csv_file, cells, separator), tmp_path / "cache")
    first = next(value for value in VALUES if value >= 1000)
    assert f"'rent' ({marked(first, thousands, decimal)} is read as " in told["thousands_marks"]
    sample = prepared.sample(50)["row"]
    np.testing.assert_array_equal(encode(prepared.spec, [sample])["numeric"][0], [VALUES[50]])


def test_a_large_table_is_read_as_a_small_one(csv_file, tmp_path, monkeypatch):
    source = written(csv_file, [f"{value:,.0f}" for value in VALUES * 20])
    read_alike_in_pieces(source, tmp_path, monkeypatch)


def test_words_of_json_lines_are_numbers_too(csv_file):
    rows = [{"rent": f"{value:,.0f}", "kind": "ab"[n % 2]} for n, value in enumerate(VALUES)]
    recipe = propose(source_at(csv_file("\n".join(map(json.dumps, rows)), "rent.jsonl")))
    assert recipe.roles["rent"] == "numeric"


def test_missing_values_and_a_few_words_stay_what_they_are(csv_file, tmp_path):
    cells = [f"{value:,.0f}" for value in VALUES]
    cells[3], cells[5], cells[7] = "", "NA", "on request"
    recipe = propose(written(csv_file, cells))
    prepared = prepare(recipe, tmp_path / "cache")
    assert prepared.sample(7)["row"]["rent"] is None and prepared.sample(50)["row"]["rent"] == VALUES[50]
    told = {problem.code: problem.message for problem in prepared.problems}
    assert "1 value(s) are no usable numbers (line 9)" in told["mixed_types"]


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        # Decimals of three digits.
        (["1.234", "2.345", "3.450"], ";"),
        (["1,234", "2,345", "3,450"], ";"),
        (["1.234", "2.345", "3.450"], ","),
        (["0,123", "1,234"], ","),
        # No convention fits all.
        (["1,234", "12,5"], ","),
        (["1.234,5", "12.5"], ","),
        # Codes, addresses, telephone numbers, dates.
        (["101,205", "330,101", "205"], ","),
        (["192.168.101.200", "192.168.101.201"], ","),
        (["2020 123", "2021 124"], ","),
        (["1,2,3", "2,3"], ","),
        # Lists of labels.
        (["1,2", "2,3", "3", "1,3"], ","),
    ],
)
def test_what_may_mean_something_else_stays_as_it_is(csv_file, cells, separator):
    source = written(csv_file, [cells[n % len(cells)] for n in range(30)], separator)
    table = open_source(source)
    assert set(table.frame["rent"]) == set(cells)
    assert "thousands_marks" not in {problem.code for problem in table.problems}


@pytest.mark.parametrize(("thousands", "decimal", "separator"), WAYS)
def test_a_sample_of_ones_own_is_read_as_the_column_was(csv_file, tmp_path, thousands, decimal, separator):
    cells = [marked(value, thousands, decimal) for value in VALUES]
    spec = prepare(propose(written(csv_file, cells, separator)), tmp_path / "cache").spec
    samples = [{"rent": cell} for cell in (*cells, f" {cells[-1]} ", "1234", 1234)]
    expected = np.float32([*VALUES, VALUES[-1], 1234, 1234])
    np.testing.assert_array_equal(encode(spec, samples)["numeric"][:, 0], expected)
    with pytest.raises(BuilderError, match="'rent' must be a number, or empty. Got '12_34' instead"):
        encode(spec, [{"rent": "12_34"}])


def test_a_column_without_marks_takes_none_in_a_sample(csv_file, tmp_path):
    prepared = prepare(propose(written(csv_file, [f"{n:.0f}" for n in VALUES])), tmp_path / "cache")
    with pytest.raises(BuilderError, match="'rent' must be a number, or empty. Got '1,234' instead"):
        encode(prepared.spec, [{"rent": "1,234"}])


def test_a_sample_of_ones_own_may_have_the_decimal_commas_of_its_file(csv_file, tmp_path):
    cells = [f"{value / 8:.3f}".replace(".", ",") for value in VALUES]
    spec = prepare(propose(written(csv_file, cells, ";")), tmp_path / "cache").spec
    found = encode(spec, [{"rent": cells[7]}, {"rent": "2.5"}, {"rent": "2,5"}])["numeric"][:, 0]
    np.testing.assert_array_equal(found, np.float32([VALUES[7] / 8, 2.5, 2.5]))


def test_decimal_commas_in_quotation_marks_are_read(csv_file, tmp_path):
    cells = [f"{value / 8:.3f}".replace(".", ",").rstrip("0").rstrip(",") for value in VALUES]
    cells[0] = "-0,5"
    cells = [cell if not cell.endswith(("125", "375", "625", "875")) else "0,125" for cell in cells]
    recipe = propose(written(csv_file, cells))
    prepared = prepare(recipe, tmp_path / "cache")
    numbers = [float(cell.replace(",", ".")) for cell in cells]
    np.testing.assert_array_equal(prepared.arrays["numeric"][:, 0], np.float32(numbers))
    told = {problem.code: problem.message for problem in prepared.problems}
    assert "'rent' (-0,5 is read as -0.5)" in told["thousands_marks"]
    found = encode(prepared.spec, [{"rent": "2,5"}, {"rent": "2.5"}, {"rent": "1.234"}])["numeric"][:, 0]
    np.testing.assert_array_equal(found, np.float32([2.5, 2.5, 1.234]))


def test_a_marked_number_is_the_category_that_its_column_has(csv_file, tmp_path):
    cells = [f"{1000 * (n % 3 + 1):,}" for n in range(60)]
    recipe = propose(written(csv_file, cells))
    recipe = replace(recipe, roles={**recipe.roles, "rent": "categorical"})
    spec = prepare(recipe, tmp_path / "cache").spec
    found = encode(spec, [{"rent": "2,000"}, {"rent": 2000}, {"rent": "2000"}, {"rent": "9"}])["categorical"]
    assert len(set(found[:3, 0])) == 1 and found[3, 0] not in found[:3]
    assert unknown_categories(spec, [{"rent": "2,000"}]) == []
