"""Files that are written whole or not at all, and plain words for a full or broken disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from builder.errors import BuilderError, stop
from builder.sizes import size_words

FULL_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name beside ``path``; what was written there replaces ``path`` at the end.

    The temporary name keeps the suffix, which ``numpy.savez`` and Keras go by. A reader sees the old
    file or the new one, never a part, even when the process is killed in between.

    Raises:
        BuilderError: ``disk_full`` or ``unwritable`` where the disk refuses.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}.{uuid4().hex[:8]}{target.suffix}")
    with disk_errors(f"the file {target.name}", target.parent):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _flush(temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        BuilderError: ``disk_full`` or ``unwritable`` where the disk refuses.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write JSON-ready data as a file, whole or not at all.

    Raises:
        BuilderError: ``disk_full`` or ``unwritable`` where the disk refuses.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_bytes(path, text.encode("utf-8"))


def read_json(path: str | os.PathLike[str]) -> Any:
    """Return the data in a JSON file, or None where there is no such file.

    Raises:
        BuilderError: ``broken_file`` where the file is not JSON or cannot be read.
    """
    file = Path(path)
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        message = f"The file {file} cannot be read ({error}). Delete it and do the step again that made it."
        raise stop("broken_file", message) from error


@contextmanager
def disk_errors(what: str, folder: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an ``OSError`` raised while ``what`` is written into ``folder`` into a ``BuilderError``."""
    try:
        yield
    except OSError as error:
        raise unwritable(error, what, folder) from error


def unwritable(error: OSError, what: str, folder: str | os.PathLike[str]) -> BuilderError:
    """Return the ``BuilderError`` for a disk that refuses: full, or not writable."""
    if error.errno in FULL_DISK_ERRORS:
        return disk_full(what, folder)
    message = f"{_capital(what)} cannot be written in {folder}: {error.strerror or error}. "
    return stop("unwritable", message + "Check that the folder exists and that you may write in it.")


def disk_full(what: str, folder: str | os.PathLike[str]) -> BuilderError:
    """Return the ``BuilderError`` for a full disk: what was lost, how much is free, what to do."""
    message = (
        f"The disk is full: {what} could not be saved in {folder} ({free_words(folder)}). "
        "Delete runs, exports or uploads that you no longer need, or free space elsewhere, and try again."
    )
    return stop("disk_full", message)


def free_words(folder: str | os.PathLike[str]) -> str:
    """Return how much space the disk of ``folder`` has left, in words such as "1.2 GB free"."""
    existing = Path(folder)
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    return f"{size_words(shutil.disk_usage(existing).free)} free"


def _flush(file: Path) -> None:
    # Without this a power cut after the rename can leave an empty file under the final name.
    if file.is_file():
        with open(file, "rb+") as stream:
            os.fsync(stream.fileno())


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
