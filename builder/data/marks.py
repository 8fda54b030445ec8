"""A mark of a file's or folder's content, by which a change after a project was made is noticed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from builder.data.files import path_before
from builder.errors import Problem

# Where a source keeps the mark of what it held when the project was made.
MARK = "mark"
_PIECES = 64
_PIECE_BYTES = 65_536
_ENTRIES = 1000


def mark_of(path: Path) -> str:
    """Return the mark of a file or folder.

    It is a SHA-256 of a file's size and bytes; of a large file, of 64 pieces spread over it, so that it
    takes milliseconds whatever the size. Of a folder, of the files' names and sizes.
    """
    total = hashlib.sha256()
    if path.is_dir():
        for folder, names, files in os.walk(path):
            names.sort()
            before = path_before(path, folder)
            for name in sorted(files):
                size = os.lstat(os.path.join(folder, name)).st_size
                line = f"{before}{name}\0{size}\n"
                total.update(line.encode(errors="surrogateescape"))
        return total.hexdigest()[:16]
    size = path.stat().st_size
    total.update(str(size).encode())
    with path.open("rb") as stream:
        for number in range(_PIECES):
            stream.seek(max(size - _PIECE_BYTES, 0) * number // (_PIECES - 1))
            total.update(stream.read(_PIECE_BYTES))
    return total.hexdigest()[:16]


def present_mark(source: Mapping[str, Any]) -> str:
    """Return a mark of a source as it is now, made within milliseconds: of sizes and times, not of bytes.

    Of a folder it is made of the first thousand entries: it notices most changes, ``mark_of`` all of them.
    """
    path = source.get("path")
    if not isinstance(path, str):
        return ""
    try:
        facts = [os.stat(path)]
        if os.path.isdir(path):
            with os.scandir(path) as entries:
                # What a link leads to is no part of the folder, and may not be there.
                facts += [entry.stat(follow_symlinks=False) for entry in islice(entries, _ENTRIES)]
    except (OSError, ValueError):
        return "missing"
    return str(hash(tuple((item.st_size, item.st_mtime_ns) for item in facts)))


def changed(source: Mapping[str, Any]) -> list[Problem]:
    """Return a warning where a source no longer holds what it held when the project was made."""
    path = source.get("path")
    if MARK not in source or not isinstance(path, str):
        return []
    try:
        if mark_of(Path(path)) == source[MARK]:
            return []
    except OSError:
        # That it cannot be read is told by the reader.
        return []
    message = (
        f"{Path(path).name} has changed since this project was made. It is read as it is now; runs that were "
        "trained before saw what it held then. Choose the file again to accept the change."
    )
    return [Problem("data_changed", message, field="source", severity="warning")]
