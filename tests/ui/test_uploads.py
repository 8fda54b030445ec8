"""Uploads are kept under their content, with harmless names, and wrong ones are refused in words."""

import io
from pathlib import Path

import pytest

from builder.errors import BuilderError
from builder.ui.uploads import keep_upload, safe_name, source_of


def test_an_upload_is_kept_once_whatever_is_read_of_it(tmp_path: Path) -> None:
    stream = io.BytesIO(b"a,b\n1,2\n")
    stream.read()
    first = keep_upload("table.csv", stream, tmp_path)
    second = keep_upload("table.csv", stream, tmp_path)
    assert first == second
    assert first.read_bytes() == b"a,b\n1,2\n"
    assert [path.name for path in tmp_path.iterdir()] == [first.parent.name]


def test_an_empty_upload_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match="empty"):
        keep_upload("table.csv", io.BytesIO(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\sales.csv", "sales.csv"),
        (".hidden.csv", "hidden.csv"),
        ("a\x00b\n.csv", "a_b_.csv"),
        ("", "data"),
        ("Umsätze 2026.csv", "Umsätze 2026.csv"),
    ],
)
def test_names_lose_what_a_file_system_may_misread(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_source_is_told_by_its_name(tmp_path: Path) -> None:
    table, pictures, other = tmp_path / "a.CSV", tmp_path / "b.zip", tmp_path / "c.docx"
    for file in (table, pictures, other):
        file.touch()
    assert source_of(table, "table")["kind"] == "csv"
    assert source_of(pictures, "image")["kind"] == source_of(tmp_path, "image")["kind"] == "images"
    for path, kind in ((other, "table"), (pictures, "text"), (tmp_path, "table"), (table, "image")):
        with pytest.raises(BuilderError, match="This task needs"):
            source_of(path, kind)
    with pytest.raises(BuilderError, match="no file or folder"):
        source_of(tmp_path / "gone.csv", "table")
