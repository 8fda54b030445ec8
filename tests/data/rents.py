"""A table with a column of rents, written in one way or another, and what must come of any of them."""

import numpy as np

from builder.data import tables
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.sniffing import source_at
from builder.data.sources import open_source

VALUES = [float(n * n * 37 + 120) for n in range(60)]


def written(csv_file, cells, separator=",", name="rent.csv"):
    """Return the source of a table whose column of rents has these cells."""
    rows = "".join(f'"{cell}"{separator}{"ab"[n % 2]}\n' for n, cell in enumerate(cells))
    return source_at(csv_file(f"rent{separator}kind\n{rows}", name))


def read_as_numbers(source, folder):
    """Check that the rents are ``VALUES``; return the messages of the profile by code, and the data."""
    recipe = propose(source)
    assert recipe.roles["rent"] == "numeric"
    found = profile(recipe)
    column = next(item for item in found["columns"] if item["name"] == "rent")
    assert column["type"] == "number" and column["maximum"] == max(VALUES)
    prepared = prepare(recipe, folder)
    np.testing.assert_array_equal(prepared.arrays["numeric"][:, 0], np.float32(VALUES))
    return {problem["code"]: problem["message"] for problem in found["problems"]}, prepared


def read_alike_in_pieces(source, folder, monkeypatch):
    """Check that the same data come of a table that is too large to be read at once."""
    recipe = propose(source)
    whole = prepare(recipe, folder / "whole")
    monkeypatch.setattr(tables, "LARGE_BYTES", 0)
    assert open_source(source).is_large
    pieces = prepare(recipe, folder / "pieces")
    assert np.array_equal(pieces.arrays["numeric"], whole.arrays["numeric"])
    assert pieces.spec.to_json() == whole.spec.to_json()
