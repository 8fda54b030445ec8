"""Prices, shares and the like are numbers where a column writes the same sign beside each."""

from dataclasses import replace

import numpy as np
import pytest
from rents import VALUES, read_alike_in_pieces, read_as_numbers, written

from builder.data.encode import encode
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.sniffing import source_at
from builder.data.sources import open_source
from builder.errors import BuilderError
from builder.serving.samples import unknown_categories

WAYS = [
    ("${0:.0f}", ",", ""),
    ("{0:.0f}%", ",", ""),
    ("€ {0:.2f}", ",", ""),
    ("{0:.2f} €", "\t", ""),
    ("{0:.1f} %", ",", ""),
    ("{0:.1f}\u00a0%", ";", ""),
    ("¥{0:.0f}", ",", ""),
    ("{0:.0f}元", ",", ""),
    ("USD {0:.2f}", ",", ""),
    ("{0:.1f} kg", ",", ""),
    ("{0:.1f}平米", ",", ""),
    ("{0:.2f} km/h", "\t", ""),
    ("£{0:,.2f}", ",", "thousands_marks"),
    ("{0:,.0f} €", "\t", "thousands_marks"),
]


@pytest.mark.parametrize(("form", "separator", "further"), WAYS)
def test_a_column_of_numbers_with_one_sign_is_one_of_numbers(csv_file, tmp_path, form, separator, further):
    cells = [form.format(value) for value in VALUES]
    told, prepared = read_as_numbers(written(csv_file, cells, separator), tmp_path / "cache")
    assert f"'rent' ({cells[0]} is read as 120" in told["number_signs"]
    assert ("thousands_marks" in told) == bool(further) and "numbers_with_signs" not in told
    # A sample of one's own may have the sign, and need not.
    samples = [
        {"rent": cells[50]},
        {"rent": f" {cells[50]} "},
        {"rent": VALUES[50]},
        {"rent": f"{VALUES[50]:.0f}"},
    ]
    np.testing.assert_array_equal(encode(prepared.spec, samples)["numeric"][:, 0], [VALUES[50]] * 4)
    with pytest.raises(BuilderError, match="'rent' must be a number, or empty. Got '₺5' instead"):
        encode(prepared.spec, [{"rent": "₺5"}])


@pytest.mark.parametrize(
    "cells",
    [
        ["$5", "€6"],
        ["5%", "0.06"],
        ["$5", "6"],
        ["$5", "$6 to $7"],
        ["5% A", "6% B"],
        ["5 kg", "500 g"],
        ["A1", "A2"],
        ["1st", "2nd"],
        ["5 s later", "6 s"],
        ["$1.2.3", "$1.2.4"],
    ],
)
def test_what_has_no_one_sign_stays_as_it_is(csv_file, cells):
    table = open_source(written(csv_file, [cells[n % len(cells)] for n in range(30)]))
    assert set(table.frame["rent"]) == set(cells)
    assert "number_signs" not in {problem.code for problem in table.problems}


@pytest.mark.parametrize("form", ["${0:.0f}", "{0:,.0f}", "{0:,.0f} kg"])
def test_gaps_may_be_written_with_a_dash(csv_file, form):
    cells = [form.format(value) if n % 5 < 2 else "-" for n, value in enumerate(VALUES)]
    recipe = propose(written(csv_file, cells))
    assert recipe.roles["rent"] == "numeric"
    column = profile(recipe)["columns"][0]
    assert column["maximum"] == max(value for n, value in enumerate(VALUES) if n % 5 < 2)


def test_signs_may_stand_between_minus_and_number_and_gaps_stay_gaps(csv_file, tmp_path):
    cells = [f"-${n}" if n % 2 else f"$-{n}" for n in range(1, 60)]
    cells[3], cells[7] = "", "on request"
    prepared = prepare(propose(written(csv_file, cells)), tmp_path / "cache")
    rents = [prepared.sample(row)["row"]["rent"] for row in range(8)]
    assert rents == [-1, -2, -3, None, -5, -6, -7, None]
    assert "such as 'on request'" in {item.code: item.message for item in prepared.problems}["mixed_types"]


def test_a_large_table_is_read_as_a_small_one(csv_file, tmp_path, monkeypatch):
    source = written(csv_file, [f"${value:,.0f}" for value in VALUES * 20])
    read_alike_in_pieces(source, tmp_path, monkeypatch)


def test_a_number_with_its_sign_is_the_category_that_its_column_has(csv_file, tmp_path):
    recipe = propose(written(csv_file, [f"{n % 3 * 5} %" for n in range(60)]))
    recipe = replace(recipe, roles={**recipe.roles, "rent": "categorical"})
    spec = prepare(recipe, tmp_path / "cache").spec
    found = encode(spec, [{"rent": "5 %"}, {"rent": "5%"}, {"rent": 5}, {"rent": "7%"}])["categorical"]
    assert len(set(found[:3, 0])) == 1 and found[3, 0] not in found[:3]
    assert unknown_categories(spec, [{"rent": "5 %"}]) == []


def test_a_target_of_prices_is_a_number_to_predict(csv_file, tmp_path):
    rows = "".join(f"{n % 7},${n * 10}.50\n" for n in range(60))
    recipe = propose(source_at(csv_file(f"rooms,price\n{rows}")))
    assert recipe.task == "regression" and recipe.roles["price"] == "target"
    assert prepare(recipe, tmp_path / "cache").targets.max() == 590.5
