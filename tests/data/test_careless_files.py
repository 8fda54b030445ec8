"""Files as people happen to have them are read as they are meant, or refused with what to do."""

import gzip
import json
import tarfile

import numpy as np
import pytest
from making import picture

from builder.data.json_lines import read_json_lines
from builder.data.prepare import prepare
from builder.data.profile import profile, propose
from builder.data.sniffing import source_at
from builder.data.sources import open_source
from builder.errors import BuilderError

ROWS = [{"size": n % 7, "word": f"wörd {n % 3}", "kind": "ab"[n % 2]} for n in range(40)]
TABLE = "size,word,kind\n" + "".join(f"{row['size']},{row['word']},{row['kind']}\n" for row in ROWS)


def refusal(path) -> str:
    with pytest.raises(BuilderError) as caught:
        recipe = propose(source_at(path))
        profile(recipe)
        prepare(recipe, path.parent / "cache")
    return caught.value.problems[0].message


def told(path) -> dict[str, str]:
    return {item["code"]: item["message"] for item in profile(propose(source_at(path)))["problems"]}


def test_an_empty_folder_says_what_belongs_into_it(tmp_path):
    (tmp_path / "mine").mkdir()
    message = refusal(tmp_path / "mine")
    assert "mine holds no pictures, recordings or texts" in message and "of its own" in message


def test_pictures_of_a_telephone_are_told_to_be_saved_as_others(tmp_path, zip_file):
    path = zip_file({f"{kind}/{n}.HEIC": b"\0\0\0 ftypheic" for kind in "ab" for n in range(5)})
    message = refusal(path)
    assert "of the kinds .heic" in message and ".jpg, .jpeg, .png" in message and ".wav" in message


def test_an_empty_class_folder_is_told(tmp_path):
    for kind in "abc":
        (tmp_path / "mine" / kind).mkdir(parents=True)
        for number in range(6 if kind != "c" else 0):
            (tmp_path / "mine" / kind / f"{number}.png").write_bytes(picture((number, 0, 0)))
    assert "no files in the folder(s) c" in told(tmp_path / "mine")["empty_folders"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_json_array_of_objects_is_a_table(csv_file, encoding, indent, pack):
    content = json.dumps(ROWS, ensure_ascii=False, indent=indent).encode(encoding)
    source = source_at(csv_file(pack(content), "rows.json"))
    table = open_source(source)
    assert source["kind"] == "jsonl" and list(table.frame.columns) == ["size", "word", "kind"]
    assert table.frame["word"].tolist() == [row["word"] for row in ROWS]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[1, 2, 3]", "value 1 is no object"),
        ('[{"a": 1}, [2]]', "value 2 is no object"),
        ("[]", "holds an empty list"),
        ('[{"a": 1}, {"a": 2}', "does not hold one JSON object a line"),
        ("[1]\n[2]\n", "does not hold one JSON object a line"),
    ],
)
def test_other_json_is_refused_in_words(csv_file, content, words):
    with pytest.raises(BuilderError, match="rows.json") as caught:
        read_json_lines(csv_file(content, "rows.json"))
    assert words in caught.value.problems[0].message


def test_a_large_json_array_has_to_be_lines(csv_file, monkeypatch):
    monkeypatch.setattr("builder.data.json_lines.MAXIMUM_ARRAY_BYTES", 1000)
    assert "one object a line" in refusal(csv_file(json.dumps(ROWS), "rows.json"))


@pytest.mark.parametrize("encoding", ["utf-32", "utf-16"])
def test_the_widest_unicode_is_read(csv_file, encoding):
    table = open_source(source_at(csv_file(TABLE.encode(encoding))))
    assert list(table.frame.columns) == ["size", "word", "kind"] and table.frame["word"][1] == "wörd 1"
    text = open_source(source_at(csv_file("ein Wörd\nzwei\n".encode(encoding), "verse.txt")))
    assert text.frame["text"].tolist() == ["ein Wörd", "zwei"]


def test_quotation_marks_that_open_in_every_row_are_told(csv_file):
    rows = "".join(f'"pipe {n},{"xy"[n % 2]}\n' for n in range(60))
    message = refusal(csv_file(f"part,kind\n{rows}"))
    assert "from line 2 on" in message and "quotation mark" in message


def test_cells_of_several_lines_stay_cells(csv_file):
    rows = "".join(f'"one, two\nthree, four {n}",x\n' for n in range(20))
    rows += '"he said "hi" and\nwent",y\n' * 2
    assert len(open_source(source_at(csv_file(f"text,kind\n{rows}"))).frame) == 22


@pytest.mark.parametrize(
    "before",
    ["Sales report,,\n", "Sales report,,\n,,\n", "# made by a tool\n", "# made\n# in 2024\n", "sep=,\n"],
)
def test_a_title_over_the_names_of_columns_is_told(csv_file, before):
    message = refusal(csv_file(before + TABLE))
    line = 1 + before.count("\n")
    assert f"stand in line {line} (size, word, kind). Delete the lines before" in message


@pytest.mark.parametrize("first", ["size,,\n", "size,word,\n"])
def test_names_that_are_missing_are_no_title(csv_file, first):
    rows = TABLE.partition("\n")[2]
    assert len(open_source(source_at(csv_file(first + rows))).frame) == 40


@pytest.mark.parametrize("start", ["<!DOCTYPE html>\n<html>", "\n<html lang='en'>"])
def test_a_page_that_was_saved_for_a_table_is_told(csv_file, start):
    message = refusal(csv_file(f"{start}<body>Not found, sorry</body></html>\n"))
    assert "is a web page" in message and "download the file itself" in message


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_too_few_rows_are_told_before_anything_else(csv_file, rows):
    content = "a,b,kind\n" + "1,2,x\n" * rows
    assert f"Only {rows} usable row(s) are left; at least 10 are needed" in refusal(csv_file(content))


@pytest.mark.parametrize("tokenizer", ["character", "word_piece"])
def test_a_text_of_one_line_is_told_to_be_broken(csv_file, tokenizer):
    message = refusal(csv_file("a word " * 500, "verse.txt"))
    assert "1 line(s) or paragraph(s)" in message and "Break" in message


def test_classes_that_differ_by_capitals_alone_are_told(csv_file, tmp_path):
    rows = "".join(f"{n * n % 17},{('Yes', 'yes', 'No', 'YES')[n % 4]}\n" for n in range(40))
    path = csv_file(f"size,kind\n{rows}")
    assert "'YES', 'Yes', 'yes'" in told(path)["classes_alike"]
    prepared = prepare(propose(source_at(path)), tmp_path / "cache")
    assert "classes_alike" in {problem.code for problem in prepared.problems}
    assert "classes_alike" not in told(csv_file(TABLE, "other.csv"))


def test_prices_that_are_taken_as_words_are_told(csv_file):
    rows = "".join(f"{'€$'[n % 2]}{n * 10},{n}{'%‰'[n % 2]},A{n % 5},{'xy'[n % 2]}\n" for n in range(60))
    found = told(csv_file(f"price,share,code,kind\n{rows}"))
    assert "'price' (such as $10)" in found["numbers_with_signs"]
    assert "'share' (such as 1‰)" in found["numbers_with_signs"] and "code" not in found["numbers_with_signs"]


def test_arrays_with_gaps_are_a_table_with_gaps(tmp_path):
    inputs = np.random.default_rng(1).normal(size=(30, 3))
    inputs[::4, 1] = np.nan
    np.savez(tmp_path / "t.npz", x=inputs, y=np.arange(30) % 2)
    recipe = propose(source_at(tmp_path / "t.npz"))
    assert profile(recipe)["columns"][1]["missing"] == 8
    assert np.isfinite(prepare(recipe, tmp_path / "cache").arrays["numeric"]).all()


@pytest.mark.parametrize("kind", ["complex128", "datetime64[s]", [("a", "f4"), ("b", "i4")]])
def test_arrays_of_other_things_than_numbers_and_words_are_refused(tmp_path, kind):
    np.savez(tmp_path / "t.npz", x=np.zeros((30, 3), kind), y=np.arange(30) % 2)
    message = refusal(tmp_path / "t.npz")
    assert "whole numbers, decimals or words" in message and "numpy.savez" in message


def test_a_lone_array_is_told_how_to_be_saved(tmp_path):
    np.save(tmp_path / "t.npy", np.zeros((30, 3)))
    assert "numpy.savez(" in refusal(tmp_path / "t.npy")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_names_of_columns_that_come_again_among_the_rows_are_told(csv_file, mark):
    message = refusal(csv_file(TABLE + mark + TABLE))
    assert "Line 42" in message and "names of the columns again" in message and "Delete" in message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_json_lines_of_a_shell_of_windows_are_read(csv_file, encoding, pack):
    content = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode(encoding)
    table = open_source(source_at(csv_file(pack(content), "rows.jsonl")))
    assert table.problems == () and table.frame["word"].tolist() == [row["word"] for row in ROWS]


def test_large_json_lines_of_a_shell_of_windows_are_told_to_be_utf_8(csv_file, monkeypatch):
    monkeypatch.setattr("builder.data.json_lines.LARGE_BYTES", 100)
    content = "\n".join(map(json.dumps, ROWS)).encode("utf-16")
    assert "Save it in UTF-8" in refusal(csv_file(content, "rows.jsonl"))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_another_archive_is_told_to_be_unpacked(csv_file, tmp_path, mode):
    table = csv_file(TABLE)
    with tarfile.open(tmp_path / "data.tar.x", mode) as archive:
        archive.add(table, "table.csv")
    message = refusal(tmp_path / "data.tar.x")
    assert "Unpack it and choose what is inside" in message


def test_pictures_with_the_channels_first_are_told_to_have_them_last(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.zeros((30, 3, 28, 28), "uint8"), y=np.arange(30) % 2)
    assert "numpy.moveaxis(x, 1, -1)" in refusal(tmp_path / "t.npz")
