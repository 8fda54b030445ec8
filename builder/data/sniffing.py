"""What kind of data a file or folder is, told by its content rather than by its name."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from builder.data import audio, images, linked, text_files
from builder.data.archives import TABLE_SUFFIXES, list_zip, open_zip
from builder.data.files import describe_start, is_pickle, pickle_refused, unreadable
from builder.data.huggingface import is_saved_dataset
from builder.data.packed import damage_told, open_unpacked, several_tables, table_in_zip, tables_among
from builder.data.picture_boxes import has_box_file, holds_boxes
from builder.data.picture_pairs import holds_masks
from builder.data.tagged_text import looks_tagged
from builder.errors import BuilderError, stop

# What a person can choose from, in words.
ACCEPTED = (
    "a table (CSV, TSV, Parquet, JSON Lines), a NumPy archive (.npz), a text file, or a folder or zip with "
    "one folder a class of pictures, recordings or texts, or with one table that names pictures or recordings"
)
_LOOKED_AT = 5_000
# A COCO file may list all its pictures before the first box.
_HEAD_BYTES = 64_000_000
_TEXT_SUFFIXES = (".txt", ".text", ".md")
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_SHOWN = 8
_EXTENSIONS = {
    "images": images.EXTENSIONS,
    "audio": audio.EXTENSIONS,
    "texts": text_files.TEXTS.extensions,
}
_WEB_PAGES = (b"<!doctype html", b"<html")
# What to do with files that cannot be used, by a word that describes them.
_ADVICE = {
    "Excel": "In the spreadsheet program choose File, Save as, CSV.",
    "web page": "Open it in a browser to see what it says, and download the file itself.",
    "packed": "Unpack it and choose what is inside.",
    "archive": "Unpack it and choose what is inside.",
    "NumPy": "Save the inputs and what is to be predicted together: numpy.savez('data.npz', x=…, y=…).",
}


def source_at(path: Path) -> dict[str, Any]:
    """Return the data source that a file or folder is.

    Raises:
        BuilderError: where there is nothing at the path, or nothing that can be used.
    """
    if not path.exists():
        message = f"There is no file or folder at {path}. Check the spelling."
        raise stop("missing_data", message, field="source")
    try:
        kind = _folder_kind(path) if path.is_dir() else _file_kind(path)
    except OSError as error:
        raise unreadable(path, error) from error
    return {"kind": kind, "path": str(path)}


def _folder_kind(path: Path) -> str:
    if is_saved_dataset(path):
        return "huggingface"
    files = islice(path.rglob("*"), _LOOKED_AT)
    names = [file.relative_to(path).as_posix() for file in files]
    tables = tables_among(names)
    if len(tables) > 1 and not _holds_samples(names):
        raise several_tables(path, tables)
    return _kind_of_names(path, names, lambda name: _beginning(path / name))


def _beginning(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _kind_of_names(path: Path, names: list[str], read: Callable[[str], bytes]) -> str:
    if holds_boxes(names) or has_box_file(names, read):
        return "boxes"
    if holds_masks(names):
        return "masks"
    if linked.is_linked(path, names):
        return "linked"
    linked.check_rivals(path, names)
    counts = {
        kind: sum(name.lower().endswith(extensions) for name in names)
        for kind, extensions in _EXTENSIONS.items()
    }
    kind = max(counts, key=lambda kind: counts[kind])
    if not counts[kind]:
        raise _nothing_usable(path, names)
    return kind


def _nothing_usable(path: Path, names: list[str]) -> BuilderError:
    """Return the error for a folder or zip without usable files, which says what to do with those it has."""
    name = _first_of(names, _WORKBOOKS)
    if name is not None:
        message = (
            f"{path.name} holds '{name}', a workbook of a spreadsheet program, which cannot be used. Open it "
            "there, choose File, Save as, CSV, and choose that file here."
        )
        return stop("not_data", message, field="source")
    name = _first_of(names, TABLE_SUFFIXES)
    if name is not None:
        message = f"{path.name} is a folder with the table '{name}'. Choose that file itself."
        return stop("not_data", message, field="source")
    name = _first_of(names, _ARCHIVES)
    if name is not None:
        message = f"{path.name} holds '{name}', another archive. Unpack it and choose what is inside."
        return stop("not_data", message, field="source")
    kinds = sorted({ending for name in names if (ending := Path(name).suffix.lower())})
    found = f" It holds files of the kinds {', '.join(kinds[:_SHOWN])}." if kinds else ""
    message = (
        f"{path.name} holds no pictures, recordings or texts.{found} Put the files of each class into a "
        f"folder of its own, named after the class. Pictures end in {', '.join(images.EXTENSIONS)}; "
        f"recordings in {', '.join(audio.EXTENSIONS)}; texts in {', '.join(text_files.TEXTS.extensions)}."
    )
    return stop("no_files", message, field="source")


def _first_of(names: list[str], endings: tuple[str, ...]) -> str | None:
    return next((name for name in names if name.lower().endswith(endings)), None)


def _file_kind(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(4096)
    name = path.name.lower()
    if is_pickle(head):
        raise pickle_refused(path.name)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path)
    if head.startswith(b"\x1f\x8b"):
        return _packed_kind(path, path.name)
    known = describe_start(head)
    if known is not None:
        raise _unknown(path, known)
    if _is_json(name, head):
        return "jsonl"
    if looks_tagged(head):
        return "conll"
    if name.endswith(_TEXT_SUFFIXES) and not _is_cut_alike(head):
        return "text"
    if head.lstrip().lower().startswith(_WEB_PAGES):
        raise _unknown(path, "a web page")
    return "csv"


def _zip_kind(path: Path) -> str:
    with open_zip(path) as archive:
        names = archive.namelist()
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    if any(name.startswith(("xl/", "word/", "ppt/")) for name in names):
        raise _unknown(path, "an Excel workbook or another office document")
    listed = list_zip(path)
    if tables_among(listed.names) and not _holds_samples(listed.names):
        return _zipped_table_kind(path)
    return _kind_of_names(path, listed.names, listed.read)


def _holds_samples(names: list[str]) -> bool:
    """Tell whether files are pictures, recordings, or texts in class folders, not notes on a table."""
    if any(name.lower().endswith((*images.EXTENSIONS, *audio.EXTENSIONS)) for name in names):
        return True
    texts = [name for name in names if name.lower().endswith(text_files.TEXTS.extensions)]
    return len({name.rpartition("/")[0] for name in texts}) > 1


def _zipped_table_kind(path: Path) -> str:
    name = table_in_zip(path) or ""
    if name.lower().endswith(".parquet"):
        return "parquet"
    return _packed_kind(path, name)


def _packed_kind(path: Path, name: str) -> str:
    with damage_told(path), open_unpacked(path) as stream:
        head = stream.read(4096)
    if is_pickle(head):
        raise pickle_refused(path.name)
    known = describe_start(head)
    if known is not None:
        raise _unknown(path, f"a packed file of {known}")
    return "jsonl" if _is_json(name.lower().removesuffix(".gz"), head) else "csv"


def _is_json(name: str, head: bytes) -> bool:
    return name.lower().endswith(_JSON_SUFFIXES) or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _is_cut_alike(head: bytes) -> bool:
    """Tell whether the first lines have as many tabs, semicolons or bars each: then it is a table."""
    lines = [line for line in head.split(b"\n")[:-1] if line.strip()][:20]
    return any(
        len(lines) > 1 and lines[0].count(mark) > 0 and len({line.count(mark) for line in lines}) == 1
        for mark in (b"\t", b";", b"|", b",")
    )


def _unknown(path: Path, kind: str) -> BuilderError:
    advice = next((words for word, words in _ADVICE.items() if word in kind), "Choose another file.")
    message = f"{path.name} is {kind}, which cannot be used. You can bring {ACCEPTED}. {advice}"
    return stop("not_data", message, field="source")
