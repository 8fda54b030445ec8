"""A table that is packed, alone in a zip or in a gzip file, is read as the table itself."""

import gzip
import io
import json
import zipfile

import pandas as pd
import pytest

from builder.data import archives, json_lines, packed, tables
from builder.data.prepare import prepare
from builder.data.profile import propose
from builder.data.sniffing import source_at
from builder.data.sources import open_source
from builder.errors import BuilderError

ROWS = [{"size": f"{n}.5", "city": ["北京", "上海"][n % 2], "kind": "ab"[n % 2]} for n in range(60)]
FRAME = pd.DataFrame(ROWS, dtype="str")


def as_parquet() -> bytes:
    stream = io.BytesIO()
    FRAME.to_parquet(stream)
    return stream.getvalue()


TABLES = {
    "train.csv": ("csv", FRAME.to_csv(index=False).encode()),
    "data/train.CSV": ("csv", FRAME.to_csv(index=False).encode("gb18030")),
    "train.tsv": ("csv", FRAME.to_csv(index=False, sep="\t").encode("utf-16")),
    "train.jsonl": ("jsonl", "\n".join(map(json.dumps, ROWS)).encode()),
    "train.json": ("jsonl", "\n".join(map(json.dumps, ROWS)).encode()),
    "train.parquet": ("parquet", as_parquet()),
    "train.csv.gz": ("csv", gzip.compress(FRAME.to_csv(index=False).encode("gb18030"))),
    "data/train.TSV.GZ": ("csv", gzip.compress(FRAME.to_csv(index=False, sep="\t").encode())),
    "train.jsonl.gz": ("jsonl", gzip.compress("\n".join(map(json.dumps, ROWS)).encode())),
}


def refusal(path) -> tuple[str, str]:
    with pytest.raises(BuilderError) as caught:
        open_source(source_at(path))
    return caught.value.problems[0].code, caught.value.problems[0].message


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(
    "beside", [{}, {"README.md": b"notes", "__MACOSX/._train.csv": b"\0", ".git/a.csv": b"x"}]
)
def test_the_only_table_of_a_zip_is_read(zip_file, tmp_path, name, beside):
    kind, content = TABLES[name]
    source = source_at(zip_file({name: content, **beside}, "kaggle.zip"))
    assert source["kind"] == kind
    table = open_source(source)
    assert table.title == "kaggle.zip" and table.frame.equals(FRAME)
    assert len(prepare(propose(source), tmp_path / "cache").targets) == 60


@pytest.mark.parametrize("name", ["train.jsonl.gz", "train.ndjson.gz", "train.gz"])
def test_gzipped_json_lines_are_json_lines(csv_file, name):
    path = csv_file(gzip.compress(TABLES["train.jsonl"][1]), name)
    source = source_at(path)
    assert source["kind"] == "jsonl"
    assert open_source(source).frame.equals(FRAME)


def test_several_tables_are_named_and_said_what_to_do(zip_file, tmp_path):
    members = {name: TABLES["train.csv"][1] for name in ("train.csv", "test.csv", "sample_submission.csv")}
    path = zip_file(members, "titanic.zip")
    code, message = refusal(path)
    assert code == "several_tables"
    assert "titanic.zip holds 3 tables: sample_submission.csv, test.csv, train.csv" in message
    assert "Unpack it and choose the one" in message
    folder = tmp_path / "titanic"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    assert "titanic holds 3 tables" in refusal(folder)[1]


def test_a_zip_whose_table_got_company_is_told_when_it_is_read(zip_file):
    source = source_at(zip_file({"train.csv": TABLES["train.csv"][1]}))
    zip_file({name: TABLES["train.csv"][1] for name in ("train.csv", "test.csv")})
    with pytest.raises(BuilderError, match="holds 2 tables"):
        open_source(source)


def test_texts_in_class_folders_stay_texts_beside_a_table(zip_file):
    members = {f"{kind}/{n}.txt": b"some words" for kind in ("good", "bad") for n in range(5)}
    assert source_at(zip_file({**members, "index.csv": b"a,b\n1,2\n"}))["kind"] == "texts"


def test_a_table_that_fills_the_memory_is_refused(zip_file, csv_file, monkeypatch):
    rows = "".join(f"{n},{n * 7919 % 10007}\n" for n in range(5000))
    zipped = {
        name: zip_file({name: ("a,b\n" + rows).encode()}, f"{name}.zip") for name in ("t.csv", "t.jsonl")
    }
    lines = "".join(f'{{"a": {n * 7919 % 10007}}}\n' for n in range(5000)).encode()
    gzipped = csv_file(gzip.compress(lines), "t.jsonl.gz")
    # Of as little as gzip can make of it.
    bombs = {
        "t.csv.gz": gzip.compress(b"a,b\n" + b"1,1\n" * 10_000),
        "t.jsonl.gz": gzip.compress(b'{"a": 1}\n' * 10_000),
    }
    both = [zip_file({name: content}, f"{name}.zip") for name, content in bombs.items()]
    for module in (archives, tables, packed, json_lines):
        monkeypatch.setattr(module, "MAXIMUM_UNPACKED_BYTES", 10_000)
    assert refusal(zipped["t.csv"])[0] == "zip_bomb"
    assert refusal(zipped["t.jsonl"])[0] == "zip_bomb"
    assert refusal(gzipped)[0] == "file_too_large"
    for path in both:
        assert refusal(path)[0] == "file_too_large"


def test_a_table_that_unfolds_two_hundred_times_is_refused(zip_file):
    code, message = refusal(zip_file({"t.csv": b"a,b\n" + b"1,1\n" * 1_000_000}))
    assert code == "zip_bomb" and "'t.csv'" in message


def test_a_large_packed_table_has_to_be_unpacked(zip_file, csv_file, monkeypatch):
    for module in (tables, json_lines):
        monkeypatch.setattr(module, "LARGE_BYTES", 100)
    for name in ("train.csv", "train.jsonl"):
        assert refusal(zip_file({name: TABLES[name][1]}))[0] == "file_too_large"
    assert refusal(csv_file(gzip.compress(TABLES["train.jsonl"][1]), "t.jsonl.gz"))[0] == "file_too_large"


@pytest.mark.parametrize("name", ["train.csv", "train.jsonl", "train.parquet"])
def test_a_damaged_zip_is_told(zip_file, name):
    path = zip_file({name: TABLES[name][1]}, "data.zip")
    content = bytearray(path.read_bytes())
    for place in range(60, 90):
        content[place] ^= 0xFF
    path.write_bytes(content)
    code, message = refusal(path)
    assert code == "damaged_file" and "data.zip is a damaged zip" in message


def test_a_damaged_gzip_of_json_lines_is_told(csv_file):
    path = csv_file(gzip.compress(TABLES["train.jsonl"][1])[:-30], "t.jsonl.gz")
    assert refusal(path)[0] == "damaged_file"


def test_a_table_whose_first_column_is_called_pk_is_no_zip(csv_file):
    source = source_at(csv_file("PK,kind\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(20))))
    assert source["kind"] == "csv" and list(open_source(source).frame.columns) == ["PK", "kind"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["Sales 2024.xlsx"], "holds 'Sales 2024.xlsx', a workbook of a spreadsheet program"),
        (["a/old.XLS"], "holds 'a/old.XLS', a workbook"),
        (["sales.ods"], "choose File, Save as, CSV"),
        (["more.zip"], "holds 'more.zip', another archive"),
        (["data.tar.gz"], "Unpack it and choose what is inside"),
        (
            ["report.docx", "b.pdf", "c.pdf"],
            "holds no pictures, recordings or texts. It holds files of the kinds .docx, .pdf.",
        ),
        (["README"], "holds no pictures, recordings or texts"),
    ],
)
def test_a_zip_of_something_else_is_told_what_to_do(zip_file, tmp_path, names, words):
    path = zip_file(dict.fromkeys(names, b"PK\x03\x04 something"), "things.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "things")
    for place in (path, tmp_path / "things"):
        with pytest.raises(BuilderError) as caught:
            source_at(place)
        message = caught.value.problems[0].message
        assert words in message and message.startswith(place.name)


@pytest.mark.parametrize("name", ["train.csv", "train.csv.gz"])
def test_a_folder_with_one_table_is_told_to_be_that_file(tmp_path, name):
    (tmp_path / "download").mkdir()
    (tmp_path / "download" / name).write_bytes(TABLES[name][1])
    with pytest.raises(BuilderError, match=f"download is a folder with the table '{name}'. Choose that file"):
        source_at(tmp_path / "download")
