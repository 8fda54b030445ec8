"""A table that is read in chunks is prepared as one that is read whole."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from builder.data import columnar, json_lines, tables
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.sources import open_source
from builder.data.tables import read_table
from builder.errors import BuilderError
from builder.project import DataRecipe

ROWS = 1500


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "size": np.where(np.arange(ROWS) % 50 == 7, np.nan, random.normal(3, 2, ROWS).round(3)),
            "city": random.choice(["Köln", "Paris, FR", "東京"], ROWS),
            "note": [f"some words, {n % 40}\nand a line" for n in range(ROWS)],
            "person": np.arange(ROWS) // 10,
            "when": pd.date_range("2020-01-01", periods=ROWS, freq="h").strftime("%Y-%m-%d %H:%M"),
            "kind": random.choice(["yes", "no"], ROWS),
        }
    )


@pytest.fixture(scope="module", params=["csv", "parquet", "jsonl"])
def source(request, frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / f"t.{request.param}"
    if request.param == "csv":
        frame.to_csv(path, index=False)
    elif request.param == "parquet":
        frame.to_parquet(path)
    else:
        lines = [json.dumps(row, ensure_ascii=False) for row in frame.astype(object).to_dict("records")]
        path.write_text("\n".join(lines).replace("NaN", "null"), encoding="utf-8")
    return {"kind": request.param, "path": str(path)}


@pytest.fixture
def all_are_large(monkeypatch):
    for module in (tables, columnar, json_lines):
        monkeypatch.setattr(module, "LARGE_BYTES", 0)
    monkeypatch.setattr(tables, "_HEAD_BYTES", 4096)
    monkeypatch.setattr(columnar, "CHUNK_ROWS", 700)
    monkeypatch.setattr(json_lines, "CHUNK_ROWS", 700)


@pytest.mark.parametrize("method", ["stratified", "group", "time"])
def test_chunks_give_the_arrays_that_the_whole_gives(source, method, tmp_path, request):
    recipe = replace(
        propose(source), split={"method": method, "group_column": "person", "time_column": "when"}
    )
    whole = prepare(recipe, tmp_path / "whole")
    request.getfixturevalue("all_are_large")
    assert open_source(source).is_large
    pieces = prepare(recipe, tmp_path / "pieces")
    assert pieces.spec.to_json() == whole.spec.to_json()
    for name, array in whole.arrays.items():
        assert np.array_equal(pieces.arrays[name], array), name
    assert all(np.array_equal(pieces.indices[part], whole.indices[part]) for part in whole.indices)
    assert pieces.sample(1234) == whole.sample(1234)


@pytest.mark.usefixtures("all_are_large")
def test_a_large_table_is_proposed_and_described_by_some_rows(source):
    recipe = propose(source)
    assert recipe.target == "kind" and recipe.roles["note"] == "text"
    found = profile(recipe)
    assert 0.8 * ROWS < found["rows"] < 1.2 * ROWS
    assert "some_rows_seen" in {problem["code"] for problem in found["problems"]}


@pytest.mark.parametrize(
    ("header", "end", "encoding"),
    [
        ("n,word,kind", "\n", "utf-8-sig"),
        ("n,word,kind", "\n", "utf-16"),
        ("n,word,kind", "\n", "utf-16-le"),
        ("n,word,kind", "\n", "utf-16-be"),
        ("n,word,kind", "\n", "utf-32"),
        ("\ufeffn,word,kind", "\n", "utf-32-be"),
        ("\n\nn,word,kind\n", "\n", "utf-8"),
        ('"n\nof the row",word,kind', "\n", "utf-8"),
        ("n,word,kind", "\r", "utf-8"),
        ("n,word,kind", "\r\n", "utf-8"),
    ],
)
def test_a_large_file_is_read_as_a_small_one(csv_file, request, header, end, encoding):
    rows = "".join(f"{n},été {n % 7},{'ab'[n % 2]}{end}" for n in range(3000))
    path = csv_file((header + end + rows).encode(encoding))
    whole = read_table(path)
    request.getfixturevalue("all_are_large")
    large = read_table(path)
    assert large.is_large and list(large.frame.columns) == list(whole.frame.columns)
    assert len(large.frame) > 2000 and 2900 < large.row_count < 3100
    assert set(large.frame["kind"]) == {"a", "b"}
    assert pd.concat([chunk.frame for chunk in large.chunks([])], ignore_index=True).equals(whole.frame)


@pytest.mark.usefixtures("all_are_large")
def test_a_letter_that_windows_does_not_have_does_not_end_the_reading(csv_file):
    rows = "".join(f"{n},été {n % 7},{'ab'[n % 2]}\n" for n in range(3000)).encode("cp1252")
    path = csv_file(b"n,word,kind\n" + rows.replace(b"\n2500,\xe9", b"\n2500,\x81"))
    frame = pd.concat([chunk.frame for chunk in read_table(path).chunks([])], ignore_index=True)
    assert len(frame) == 3000 and frame["word"][2500] == "\ufffdté 1" and frame["word"][2501] == "été 2"


@pytest.mark.usefixtures("all_are_large")
def test_a_large_file_without_a_whole_row_is_told(csv_file):
    path = csv_file("a,b,kind\n" + "1,2,3,4\n" * 500)
    with pytest.raises(BuilderError, match="3 fields") as caught:
        propose({"kind": "csv", "path": str(path)})
    assert caught.value.problems[0].code == "no_rows"


@pytest.mark.usefixtures("all_are_large")
def test_broken_rows_of_a_large_file_are_left_out_and_counted(csv_file, tmp_path):
    rows = "".join(f"{n},{n % 5},{'ab'[n % 2]}\n" for n in range(500))
    path = csv_file("a,b,kind\n" + rows + "1,2\n" + rows + "1,2,3,4\n")
    prepared = prepare(propose({"kind": "csv", "path": str(path)}), tmp_path / "cache")
    assert len(prepared.targets) == 1000
    assert any("2 broken row(s)" in problem.message for problem in prepared.problems)


@pytest.mark.usefixtures("all_are_large")
@pytest.mark.parametrize(
    ("tail", "code"),
    [(b"1,Stra\xdfe,a\n", "mixed_encodings"), (b'1,"never closed,a\n' + b"x" * 2_000_000, "open_quote")],
)
def test_what_goes_wrong_late_in_a_large_file_is_told(csv_file, tmp_path, tail, code):
    start = "n,word,kind\n" + "".join(f"{n},été,{'ab'[n % 2]}\n" for n in range(5_000))
    path = csv_file(start.encode() + tail)
    recipe = DataRecipe({"kind": "csv", "path": str(path)}, roles={"n": "numeric", "kind": "target"})
    with pytest.raises(BuilderError) as caught:
        prepare(recipe, tmp_path / "cache")
    assert caught.value.problems[0].code == code
    assert not list((tmp_path / "cache").iterdir())
