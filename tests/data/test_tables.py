"""Tables of unknown origin are read as they are meant, or refused in words that help."""

import csv
import gzip
import pickle
import tracemalloc
from pathlib import Path

import pytest

from builder.data.sources import sample
from builder.data.tables import MAXIMUM_COLUMNS, read_table
from builder.errors import BuilderError

ROWS = "".join(f"{number},word {number % 3},{number / 2}\n" for number in range(30))
GOOD = "number,name,half\n" + ROWS


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(BuilderError) as caught:
        read_table(path)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].code, caught.value.problems[0].message


def warnings_of(path: Path) -> dict[str, str]:
    problems = read_table(path).problems
    assert all(problem.severity == "warning" for problem in problems)
    return {problem.code: problem.message for problem in problems}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(csv_file, delimiter):
    table = read_table(csv_file(GOOD.replace(",", delimiter)))
    assert list(table.frame.columns) == ["number", "name", "half"]
    assert len(table.frame) == 30
    assert table.problems == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_found(csv_file, encoding):
    table = read_table(csv_file(GOOD.replace("word", "Wörter “é” 日本").encode(encoding)))
    assert table.frame["name"][0] == "Wörter “é” 日本 0"
    assert list(table.frame.columns)[0] == "number"
    assert table.problems == ()


def test_another_encoding_is_read_as_windows_1252_and_said(csv_file):
    path = csv_file(GOOD.replace("word", "Straße").encode("cp1252"))
    assert read_table(path).frame["name"][0] == "Straße 0"
    assert "UTF-8" in warnings_of(path)["encoding_guessed"]


def test_gzip_is_read_whatever_the_name(csv_file):
    assert len(read_table(csv_file(gzip.compress(GOOD.encode()), "table.csv")).frame) == 30


def test_quoted_cells_keep_delimiters_and_line_ends(csv_file):
    table = read_table(csv_file(GOOD + '30,"two,\nlines",1\n31,plain,2\n'))
    assert table.frame["name"][30] == "two,\nlines"
    assert table.lines[30:].tolist() == [32, 34]


def test_stray_quotation_marks_in_tab_separated_texts_are_text(csv_file):
    rows = "".join(f'ham\t"It {number} is\n' for number in range(30))
    assert len(read_table(csv_file("label\ttext\n" + rows, "texts.tsv")).frame) == 30


def test_few_broken_rows_are_skipped_and_their_lines_named(csv_file):
    path = csv_file(GOOD + "1,2\n" + ROWS + "1,2,3,4,5\n")
    assert len(read_table(path).frame) == 60
    message = warnings_of(path)["rows_skipped"]
    assert "line 32 has 2" in message
    assert "line 63 has 5" in message
    assert "3 fields" in message


def test_many_broken_rows_are_refused(csv_file):
    code, message = refusal(csv_file(GOOD + "1,2\n" * 20))
    assert code == "broken_rows"
    assert "20 of 50" in message
    assert "line 32 has 2" in message


def test_a_quotation_mark_that_is_never_closed_is_named(csv_file):
    code, message = refusal(csv_file(GOOD + '30,"open,1\n' + ROWS))
    assert code == "open_quote"
    assert "line 32" in message


@pytest.mark.parametrize("end", ["", 'spam,"Win" today\n'], ids=["never", "closed far below"])
def test_a_quotation_mark_in_the_last_column_does_not_swallow_the_rows_below(csv_file, end):
    rows = "".join(f"ham,see you at {number}\n" for number in range(100))
    code, message = refusal(csv_file("label,text\n" + rows + 'spam,"Win now\n' + rows + end))
    assert code == "open_quote"
    assert "line 102" in message


def test_a_cell_of_many_lines_is_one_cell(csv_file):
    poem = "\n".join(f'line {number}, and its "end"' for number in range(50))
    table = read_table(csv_file('name,text\nshort,one line\nlong,"' + poem.replace('"', '""') + '"\n'))
    assert table.frame["text"][1] == poem and table.problems == ()


def test_a_missing_header_is_noticed(csv_file):
    path = csv_file(ROWS)
    assert list(read_table(path).frame.columns) == ["column_1", "column_2", "column_3"]
    assert len(read_table(path).frame) == 30
    assert "no header" in warnings_of(path)["no_header"]


def test_a_missing_header_is_noticed_though_a_value_is_missing(csv_file):
    assert "no_header" in warnings_of(csv_file("?,word,0.5\n" + ROWS))


def test_a_missing_header_over_words_is_noticed(csv_file):
    path = csv_file("ham,see you\nspam,win now\n" * 10)
    assert len(read_table(path).frame) == 20
    assert "no_header" in warnings_of(path)


def test_columns_without_a_name_or_with_a_taken_one_are_renamed(csv_file):
    path = csv_file(",name,name\n" + ROWS)
    assert list(read_table(path).frame.columns) == ["column_1", "name", "name_2"]
    assert "name_2" in warnings_of(path)["columns_renamed"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty_file"),
        ("\n\n", "empty_file"),
        ("a,b,c\n", "no_rows"),
        ("a,b,c\n1,2\n", "no_rows"),
        (b"PK\x03\x04rest of a workbook", "not_a_table"),
        (b"\x00\x01\x02\x03 binary \x00\x00\x05\xff" * 50, "not_a_table"),
        (pickle.dumps({"a": 1}), "pickle_refused"),
        (gzip.compress(GOOD.encode())[:-20], "damaged_file"),
        (b"a" * 11_000_000, "line_too_long"),
    ],
)
def test_unusable_files_are_refused_in_words(csv_file, content, code):
    found, message = refusal(csv_file(content))
    assert found == code
    assert "table.csv" in message


def test_a_pickle_is_never_run(csv_file, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    refusal(csv_file(pickle.dumps(Trap())))
    assert not (tmp_path / "sprung").exists()


def test_ten_thousand_columns_are_refused_before_they_fill_the_memory(csv_file):
    header = ",".join(f"c{number}" for number in range(10_000))
    path = csv_file(header + "\n" + (",".join("1" * 10_000) + "\n") * 300)
    tracemalloc.start()
    code, message = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code == "too_many_columns"
    assert "10,000 columns" in message and f"{MAXIMUM_COLUMNS:,}" in message
    assert peak < 20_000_000


def test_a_missing_file_is_told(tmp_path):
    code, message = refusal(tmp_path / "gone.csv")
    assert code == "unreadable_file"
    assert "gone.csv" in message


def test_the_raw_census_file_needs_no_header(csv_file):
    """The UCI file as published: no header, spaces after the commas, ? for missing."""
    with gzip.open(sample("adult_income").folder / "train.csv.gz", "rt") as stream:
        rows = list(csv.reader(stream))[1:500]
    path = csv_file("\n".join(", ".join(cell or "?" for cell in row) for row in rows))
    table = read_table(path)
    assert len(table.frame) == 499
    assert table.frame["column_15"].unique().tolist() == ["<=50K", ">50K"]
    assert "no_header" in warnings_of(path)
