"""Files that people bring: kept under their content's hash, with a harmless name."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from builder.data.sniffing import source_at
from builder.errors import stop

_TABLES = ["csv", "tsv", "gz", "parquet", "jsonl", "ndjson", "json", "npz", "zip", "txt"]
_TAGGED = ["conll", "iob", "bio", "iob2"]
# What an upload of each kind may be called; what it is, its content tells.
TYPES_OF = {
    "image": ["zip", "npz"],
    "audio": ["zip"],
    "text": [*_TABLES, *_TAGGED],
    "table": _TABLES,
    "mixed": ["zip"],
}
# The sources that suit each kind of data.
_SOURCES_OF = {
    "image": ("images", "npz", "linked", "masks", "boxes"),
    "audio": ("audio", "linked"),
    "mixed": ("linked",),
    "text": ("csv", "parquet", "jsonl", "npz", "texts", "text", "conll", "linked", "huggingface"),
    "table": ("csv", "parquet", "jsonl", "npz", "texts", "text", "linked", "huggingface"),
}
WANTED = {
    "image": "a zip or folder of pictures with one folder a class, with masks or with boxes, or a NumPy "
    "archive (.npz)",
    "audio": "a zip or folder of recordings with one folder a class",
    "text": "a table (CSV, TSV, Parquet, JSON Lines), texts with one folder a class, or words with tags "
    "(CoNLL)",
    "table": "a table (CSV, TSV, Parquet, JSON Lines) or a NumPy archive (.npz)",
    "mixed": "a zip or folder with one table (CSV, TSV, JSON Lines) and the pictures or recordings it names",
}
_FOUND = {
    "images": "pictures",
    "audio": "recordings",
    "texts": "texts in class folders",
    "text": "one text",
    "conll": "words with tags",
    "masks": "pictures with masks",
    "boxes": "pictures with boxes",
    "npz": "NumPy arrays",
    "csv": "a table",
    "parquet": "a table",
    "jsonl": "a table",
    "linked": "a table with pictures or recordings",
    "huggingface": "a saved data set",
}
CHUNK_BYTES = 1 << 20


def keep_upload(name: str, stream: BinaryIO, folder: Path) -> Path:
    """Copy a stream into ``folder/<sha256>/<name>``, whole or not at all, and return the file.

    The same content is kept once.

    Raises:
        BuilderError: where the file is empty or the disk does not take it.
    """
    digest = hashlib.sha256()
    stream.seek(0)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".upload-", delete=False) as temporary:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                temporary.write(chunk)
        if os.path.getsize(temporary.name) == 0:
            os.unlink(temporary.name)
            raise stop("empty_file", f"The file {safe_name(name)} is empty. Choose another file.")
        target = folder / digest.hexdigest() / safe_name(name)
        target.parent.mkdir(exist_ok=True)
        os.replace(temporary.name, target)
    except OSError as error:
        message = f"The file {safe_name(name)} could not be kept: {error.strerror}. Make room and try again."
        raise stop("upload_failed", message) from error
    return target


def safe_name(name: str) -> str:
    """Return a file name without folders, hidden dots or characters that a file system may refuse."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = re.sub(r"[^\w.\- ]+", "_", last).strip(". ")
    stem, dot, suffix = cleaned[-100:].partition(".")
    return f"{stem or 'data'}{dot}{suffix}"


def source_of(path: Path, kind: str) -> dict[str, Any]:
    """Return the data source that a file or folder is, by its content.

    Args:
        path: what was uploaded or named.
        kind: the kind of data that is wanted: "image", "audio", "text" or "table".

    Raises:
        BuilderError: where there is nothing at the path, or it is not of the kind.
    """
    source = source_at(path)
    if source["kind"] in _SOURCES_OF[kind]:
        return source
    found = _FOUND[source["kind"]]
    message = (
        f"This task needs {WANTED[kind]}. {path.name} holds {found}. Choose other data, or another task."
    )
    raise stop("wrong_file_type", message, field="source")
