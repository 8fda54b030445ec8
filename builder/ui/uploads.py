"""Files that people bring: kept under their content's hash, with a harmless name."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from builder.errors import stop

TABLE_SUFFIXES = (".csv", ".tsv", ".csv.gz")
IMAGE_SUFFIXES = (".zip",)
TYPES_OF = {"image": ["zip"], "text": ["csv", "tsv", "gz"], "table": ["csv", "tsv", "gz"]}
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
    """Return the data source that a file or folder is, by its name.

    Args:
        path: what was uploaded or named.
        kind: the kind of data that is wanted: "image", "text" or "table".

    Raises:
        BuilderError: where there is nothing at the path, or it is not of the kind.
    """
    if not path.exists():
        raise stop(
            "missing_data", f"There is no file or folder at {path}. Check the spelling.", field="source"
        )
    name = path.name.lower()
    if kind == "image" and (path.is_dir() or name.endswith(IMAGE_SUFFIXES)):
        return {"kind": "images", "path": str(path)}
    if kind != "image" and path.is_file() and name.endswith(TABLE_SUFFIXES):
        return {"kind": "csv", "path": str(path)}
    wanted = (
        "a zip file or a folder of pictures" if kind == "image" else "a table in a .csv, .tsv or .csv.gz file"
    )
    raise stop("wrong_file_type", f"This task needs {wanted}. Got {path.name} instead.", field="source")
