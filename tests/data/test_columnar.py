"""Parquet, Arrow and JSON Lines are read as a CSV file of the same values is, and damaged ones are told."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from builder.data import columnar, json_lines
from builder.data.columnar import read_arrow, read_parquet
from builder.data.huggingface import read_hub_dataset, read_saved_dataset
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.sources import open_source
from builder.errors import BuilderError
from builder.project import DataRecipe

ROWS = 120


@pytest.fixture
def values() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "size": [None, *random.normal(size=ROWS - 1)],
            "count": random.integers(0, 90, ROWS),
            "city": pd.Categorical(random.choice(["Köln", "東京", "مكة"], ROWS)),
            "is_new": random.choice([True, False], ROWS),
            "when": pd.date_range("2024-01-01", periods=ROWS),
            "kind": random.choice(["a", "b"], ROWS),
        }
    )


def refusal(source):
    with pytest.raises(BuilderError) as caught:
        open_source(source)
    return caught.value.problems[0].code


def test_parquet_gives_the_cells_that_csv_gives(tmp_path, values):
    values.to_parquet(tmp_path / "t.parquet")
    values.to_csv(tmp_path / "t.csv", index=False)
    first = open_source({"kind": "parquet", "path": str(tmp_path / "t.parquet")}).frame
    second = open_source({"kind": "csv", "path": str(tmp_path / "t.csv")}).frame
    for name in ("count", "city", "kind"):
        assert first[name].tolist() == second[name].tolist()
    assert first["size"][0] == "" and np.allclose(first["size"][1:].astype(float), values["size"][1:])
    assert propose({"kind": "parquet", "path": str(tmp_path / "t.parquet")}).target == "kind"


def test_columns_that_are_no_values_are_left_out_and_named(tmp_path):
    table = pa.table({"label": ["a", "b"] * 10, "n": range(20), "vector": [[1.0, 2.0]] * 20})
    parquet.write_table(table, tmp_path / "t.parquet")
    source = open_source({"kind": "parquet", "path": str(tmp_path / "t.parquet")})
    assert list(source.frame.columns) == ["label", "n"]
    assert "vector" in source.problems[0].message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_parquet_file_that_was_cut_off_is_told(tmp_path, values, share):
    file = tmp_path / "t.parquet"
    values.to_parquet(file)
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    assert refusal({"kind": "parquet", "path": str(file)}) == "damaged_file"


def test_a_parquet_file_with_bytes_changed_inside_is_told(tmp_path, values):
    file = tmp_path / "t.parquet"
    values.to_parquet(file, compression="snappy")
    data = bytearray(file.read_bytes())
    data[4:40] = bytes(36)
    file.write_bytes(data)
    assert refusal({"kind": "parquet", "path": str(file)}) == "damaged_file"


def test_words_are_read_however_arrow_keeps_them(tmp_path):
    words = pa.array(["a", "b"] * 10)
    parquet.write_table(
        pa.table({"n": range(20), "kind": words.cast(pa.string_view())}), tmp_path / "t.parquet"
    )
    source = open_source({"kind": "parquet", "path": str(tmp_path / "t.parquet")})
    assert source.frame["kind"].tolist() == words.to_pylist() and source.problems == ()


def test_two_columns_of_one_name_are_told(tmp_path):
    table = pa.Table.from_arrays([pa.array(range(20)), pa.array(range(20))], names=["size", "size"])
    parquet.write_table(table, tmp_path / "t.parquet")
    assert refusal({"kind": "parquet", "path": str(tmp_path / "t.parquet")}) == "columns_alike"


def test_a_file_without_a_column_that_another_has_is_named(tmp_path):
    parquet.write_table(pa.table({"n": range(20), "kind": ["a", "b"] * 10}), tmp_path / "1.parquet")
    parquet.write_table(pa.table({"kind": ["a", "b"] * 10}), tmp_path / "2.parquet")
    with pytest.raises(BuilderError, match="2.parquet has no column 'n'") as caught:
        read_saved_dataset(tmp_path)
    assert caught.value.problems[0].code == "columns_differ"


def test_letters_that_are_none_are_told(tmp_path):
    offsets, letters = pa.py_buffer(np.array([0, 2, 4], np.int32)), pa.py_buffer(b"\xff\xfeab")
    words = pa.StringArray.from_buffers(2, offsets, letters)
    parquet.write_table(pa.table({"n": range(2), "word": words}), tmp_path / "t.parquet")
    assert refusal({"kind": "parquet", "path": str(tmp_path / "t.parquet")}) == "damaged_file"


def test_a_small_file_of_very_many_rows_is_not_taken_into_memory(tmp_path):
    # Values that repeat take nearly no room in a file.
    rows = 4_000_000
    table = pa.table({f"c{number}": pa.array(np.zeros(rows, np.int8)) for number in range(8)})
    parquet.write_table(table, tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size < 1_000_000
    source = open_source({"kind": "parquet", "path": str(tmp_path / "t.parquet")})
    assert source.is_large and source.row_count == rows and len(source.frame) <= 20_000


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_some_rows_of_a_large_file_come_from_all_of_it(tmp_path, monkeypatch, form):
    monkeypatch.setattr(columnar, "LARGE_BYTES", 0)
    monkeypatch.setattr(columnar, "_SAMPLE_ROWS", 400)
    table = pa.table({"n": range(4000), "kind": ["a"] * 2000 + ["b"] * 2000})
    if form == "parquet":
        parquet.write_table(table, tmp_path / "t.parquet", row_group_size=100)
        source = read_parquet([tmp_path / "t.parquet"], "t")
    else:
        with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink:
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table, max_chunksize=100)
        source = read_arrow([tmp_path / "t.arrow"], "t")
    assert source.is_large and len(source.frame) <= 400
    assert 0.4 < (source.frame["kind"] == "a").mean() < 0.6


def test_a_folder_that_the_datasets_library_saved_is_read(tmp_path):
    # The layout of save_to_disk: a folder a part, each with Arrow streams.
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    for part, rows in (("train", 40), ("test", 10)):
        folder = tmp_path / part
        folder.mkdir()
        table = pa.table(
            {"text": [f"{part} {n}" for n in range(rows)], "label": [n % 2 for n in range(rows)]}
        )
        with pa.OSFile(str(folder / "data-00000-of-00001.arrow"), "wb") as sink:
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
    source = read_saved_dataset(tmp_path)
    assert len(source.frame) == 50 and source.is_test.sum() == 10
    assert source.frame["text"][49] == "test 9"


def test_a_large_data_set_keeps_its_own_test_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(columnar, "LARGE_BYTES", 0)
    for part, rows in (("train", 60), ("test", 20)):
        table = pa.table({"n": range(rows), "part": [part] * rows, "kind": ["a", "b"] * (rows // 2)})
        parquet.write_table(table, tmp_path / f"{part}-00000-of-00001.parquet")
    source = {"kind": "huggingface", "path": str(tmp_path)}
    recipe = DataRecipe(
        source,
        roles={"n": "numeric", "part": "categorical", "kind": "target"},
        split=propose(source).split,
    )
    assert open_source(source).is_large and recipe.split == {"method": "given"}
    assert profile(recipe)["parts"]["test"] == 20
    prepared = prepare(recipe, tmp_path / "cache")
    assert {prepared.sample(row)["row"]["part"] for row in prepared.indices["test"]} == {"test"}
    assert len(prepared.indices["test"]) == 20


def test_the_hub_without_its_library_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("KERABLOCKS_HOME", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(BuilderError, match="pip install datasets"):
        read_hub_dataset("owner/name")
    with pytest.raises(BuilderError, match="owner/name"):
        read_hub_dataset("../../etc")


def test_json_lines_become_columns(tmp_path):
    file = tmp_path / "t.jsonl"
    rows = [{"text": f"Grüße {n} 👋🏽", "n": n, "ok": None, "tags": ["x"]} for n in range(30)]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n\n" for row in rows), "utf-8")
    source = open_source({"kind": "jsonl", "path": str(file)})
    assert source.frame.iloc[3].tolist() == ["Grüße 3 👋🏽", "3", "", '["x"]']
    assert source.lines[1] == 3 and source.problems == ()


def test_some_lines_of_a_large_file_come_from_all_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "LARGE_BYTES", 0)
    monkeypatch.setattr(json_lines, "_SAMPLE_ROWS", 400)
    rows = [json.dumps({"n": n, "kind": "ab"[n // 2000]}) for n in range(4000)]
    (tmp_path / "t.jsonl").write_text("\n".join(rows), encoding="utf-8")
    source = open_source({"kind": "jsonl", "path": str(tmp_path / "t.jsonl")})
    assert source.is_large and len(source.frame) <= 400 and 3800 < source.row_count < 4200
    assert 0.4 < (source.frame["kind"] == "a").mean() < 0.6
    assert sum(len(chunk.frame) for chunk in source.chunks([])) == 4000


def test_half_letters_are_read_wherever_they_stand(tmp_path):
    rows = "".join(f'{{"\\ud800": {n}, "list": ["\\udc00"], "kind": "{"ab"[n % 2]}"}}\n' for n in range(40))
    (tmp_path / "t.jsonl").write_text(rows, encoding="utf-8")
    source = {"kind": "jsonl", "path": str(tmp_path / "t.jsonl")}
    roles = {"?": "numeric", "list": "ignore", "kind": "target"}
    assert propose(source).roles["kind"] == "target"
    prepared = prepare(DataRecipe(source, roles=roles), tmp_path / "cache")
    assert prepared.arrays["numeric"][7].tolist() == [7]


def test_objects_without_a_key_are_told(tmp_path):
    (tmp_path / "t.jsonl").write_text("{}\n" * 20, encoding="utf-8")
    assert refusal({"kind": "jsonl", "path": str(tmp_path / "t.jsonl")}) == "no_columns"


def test_few_broken_lines_are_left_out_and_named(tmp_path):
    file = tmp_path / "t.jsonl"
    good = [json.dumps({"a": n, "b": "x"}) for n in range(100)]
    file.write_text("\n".join([*good[:50], '{"a": 1', *good[50:]]))
    source = open_source({"kind": "jsonl", "path": str(file)})
    assert len(source.frame) == 100
    assert "line 51" in source.problems[0].message


@pytest.mark.parametrize(
    "content", [b"", b"[1, 2]\n" * 10, b'[[{"a": 1}]]', b"not json\n" * 5, b'{"a": ' + b"[" * 100_000]
)
def test_what_is_no_json_lines_is_refused(tmp_path, content):
    file = tmp_path / "t.jsonl"
    file.write_bytes(content)
    assert refusal({"kind": "jsonl", "path": str(file)}) == "not_json_lines"


def test_a_line_of_many_megabytes_is_refused(tmp_path):
    file = tmp_path / "t.jsonl"
    file.write_bytes(b'{"a": "' + b"x" * 11_000_000 + b'"}\n')
    assert refusal({"kind": "jsonl", "path": str(file)}) == "line_too_long"
