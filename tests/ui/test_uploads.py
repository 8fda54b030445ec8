"""Uploads are kept under their content, with harmless names, and wrong ones are refused in words."""

import io
import zipfile
from pathlib import Path

import pandas
import pytest

from builder.data.places import allowed_folders, check_place
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


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return path


def test_a_source_is_told_by_its_content(tmp_path: Path) -> None:
    table = tmp_path / "a.CSV"
    table.write_text("a,b\n1,2\n")
    lines = tmp_path / "rows.dat"
    lines.write_text('{"a": 1}\n')
    pandas.DataFrame({"a": [1]}).to_parquet(tmp_path / "columns.bin")
    pictures = zipped(tmp_path / "b.zip", "cats/1.png")
    sounds = zipped(tmp_path / "c.zip", "yes/1.wav", "no/2.wav", "readme.txt")
    assert source_of(table, "table")["kind"] == "csv"
    assert source_of(lines, "text")["kind"] == "jsonl"
    assert source_of(tmp_path / "columns.bin", "table")["kind"] == "parquet"
    assert source_of(pictures, "image")["kind"] == "images"
    assert source_of(sounds, "audio")["kind"] == "audio"
    for path, kind in ((pictures, "text"), (sounds, "image"), (table, "audio")):
        with pytest.raises(BuilderError, match="This task needs"):
            source_of(path, kind)
    with pytest.raises(BuilderError, match="no file or folder"):
        source_of(tmp_path / "gone.csv", "table")


def test_office_documents_and_others_are_refused_in_words(tmp_path: Path) -> None:
    workbook = zipped(tmp_path / "table.csv", "xl/workbook.xml", "[Content_Types].xml")
    with pytest.raises(BuilderError, match="Save as, CSV"):
        source_of(workbook, "table")
    document = tmp_path / "table.pdf"
    document.write_bytes(b"%PDF-1.7")
    with pytest.raises(BuilderError, match="PDF"):
        source_of(document, "table")


def test_paths_outside_the_allowed_folders_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, data, other = (tmp_path / name for name in ("home", "data", "other"))
    for folder in (home, data, other):
        folder.mkdir()
        (folder / "t.csv").write_text("a,b\n1,2\n")
    (home / "link.csv").symlink_to(other / "t.csv")
    monkeypatch.delenv("KERABLOCKS_DATA_FOLDERS", raising=False)
    assert check_place(home / "t.csv", allowed_folders(home)) == home / "t.csv"
    refused = (data / "t.csv", home / "../other/t.csv", home / "link.csv", Path("/etc/passwd"), Path("~"))
    for path in refused:
        with pytest.raises(BuilderError, match="can be used from"):
            check_place(path, allowed_folders(home))
    monkeypatch.setenv("KERABLOCKS_DATA_FOLDERS", str(data))
    assert check_place(data / "t.csv", allowed_folders(home)) == data / "t.csv"
