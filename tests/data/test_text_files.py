"""Text files of every encoding and direction are read, as class folders or as one text."""

import pytest

from builder.data.sources import open_source
from builder.data.text_files import read_text
from builder.errors import BuilderError

TEXTS = ["Grüße", "日本語の文章", "مرحبا بالعالم", "👩‍👩‍👧 fine", "e\u0301 combined"]


def test_class_folders_of_texts_are_a_table(zip_file):
    members = {
        f"data/{kind}/p{n}_{kind}.txt": TEXTS[n % 5].encode() for kind in ("good", "bad") for n in range(8)
    }
    source = open_source({"kind": "texts", "path": str(zip_file(members))})
    assert source.frame["text"].tolist()[:5] == [TEXTS[n] for n in range(5)]
    assert set(source.frame["class"]) == {"good", "bad"}
    assert source.roles["class"] == "target" and source.frame["name part 1"][3] == "p3"


def test_texts_of_mixed_encodings_are_read_and_said(zip_file):
    codings = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
    members = {f"{kind}/{coding}.txt": "Straße".encode(coding) for kind in "ab" for coding in codings}
    source = open_source({"kind": "texts", "path": str(zip_file(members))})
    assert set(source.frame["text"]) == {"Straße"}
    assert "2 files were read as Windows-1252" in source.problems[0].message


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_one_text_is_a_row_a_line_or_a_row_a_paragraph(tmp_path, coding):
    file = tmp_path / "novel.txt"
    file.write_bytes("Über\r\n eins \n\n\nzwei\ndrei\n".encode(coding))
    lines = read_text(file)
    assert lines.frame["text"].tolist() == ["Über", "eins", "zwei", "drei"]
    assert lines.lines.tolist() == [1, 2, 5, 6]
    paragraphs = read_text(file, "paragraph")
    assert paragraphs.frame["text"].tolist() == ["Über\neins", "zwei\ndrei"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (b"ab\0cd" * 10, "not_text"),
        (b"%PDF-1.7 x", "not_text"),
        (b"\x80\x04K.", "pickle_refused"),
        (b"x" * 11_000_000, "line_too_long"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, code):
    file = tmp_path / "t.txt"
    file.write_bytes(content)
    with pytest.raises(BuilderError) as caught:
        read_text(file)
    assert caught.value.problems[0].code == code


def test_a_text_alone_asks_for_a_column_to_predict(tmp_path):
    from builder.data.profile import profile
    from builder.project import DataRecipe

    file = tmp_path / "t.txt"
    file.write_text("".join(f"line {number}\n" for number in range(20)))
    found = profile(DataRecipe({"kind": "text", "path": str(file)}, roles={"text": "text"}))
    assert [problem["code"] for problem in found["problems"]] == ["target_count"]
