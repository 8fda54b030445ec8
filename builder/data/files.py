"""Looking at a file before trusting it: what it is, and a hash of its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from builder.errors import BuilderError, stop

_CHUNK = 1 << 20
_KNOWN_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"PAR1", "a Parquet file"),
    (b"\x93NUMPY", "a NumPy array file"),
    (b"%PDF", "a PDF document"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh91AY&SY", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"(\xb5/\xfd", "a Zstandard archive"),
)
# Where a tar archive, which begins with a file's name, says what it is.
_TAR, _TAR_AT = b"ustar", 257
_PICKLE_PROTOCOLS = (2, 3, 4, 5)


class BrokenFile(Exception):
    """A file of a source that cannot be decoded, with the reason in plain words."""


def describe_start(head: bytes) -> str | None:
    """Return in words what kind of file starts with ``head``; None for one that may be plain text."""
    if is_pickle(head):
        return "a Python pickle"
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "a tar archive"
    return next((words for start, words in _KNOWN_STARTS if head.startswith(start)), None)


def is_pickle(head: bytes) -> bool:
    """Tell whether ``head`` starts as a binary pickle does; such a file could run code when loaded."""
    return len(head) > 1 and head[0] == 0x80 and head[1] in _PICKLE_PROTOCOLS


def pickle_refused(name: str) -> BuilderError:
    """Return the error for a file that turns out to be a pickle."""
    message = (
        f"{name} is a Python pickle. Opening a pickle can run any program hidden in it, so it is never "
        "opened here. Save the data as CSV, or the pictures as a zip, and choose that file."
    )
    return stop("pickle_refused", message, field="source")


def unreadable(path: Path, error: OSError) -> BuilderError:
    """Return the error for a file that the system does not let us read."""
    message = f"{path.name} cannot be read: {error.strerror or error}. Check the file and choose it again."
    return stop("unreadable_file", message, field="source")


def path_before(root: Path, folder: str) -> str:
    """Return what stands before the names of the files in a folder below ``root``, such as ``"cats/"``."""
    below = Path(folder).relative_to(root)
    return f"{below.as_posix()}/" if below.parts else ""


def hash_files(files: Sequence[Path]) -> str:
    """Return the SHA-256, as hexadecimal digits, of the bytes of files in the given order.

    Of several files the folders' and files' own names count too: they name classes.
    """
    total = hashlib.sha256()
    for file in files:
        if len(files) > 1:
            total.update(f"{file.parent.name}/{file.name}\0".encode(errors="surrogateescape"))
        try:
            with file.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    total.update(chunk)
        except OSError as error:
            raise unreadable(file, error) from error
    return total.hexdigest()
