"""Data sets of the Hugging Face hub, and folders that its library saved."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from builder.data.columnar import read_arrow, read_parquet
from builder.data.table_source import TableSource
from builder.data.tables import join_tables
from builder.errors import BuilderError, shown_value, stop

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?\Z")
_TEST_PART = re.compile(r"(^|[-_/])test([-_./]|$)")


def is_saved_dataset(folder: Path) -> bool:
    """Tell whether a folder holds what ``save_to_disk`` writes, or Parquet files."""
    return any((folder / mark).exists() for mark in ("dataset_dict.json", "dataset_info.json")) or bool(
        _data_files(folder, ".parquet")
    )


def read_saved_dataset(folder: Path, title: str | None = None) -> TableSource:
    """Return the rows of a folder: Arrow files of ``save_to_disk``, or Parquet files.

    Files or folders named test hold the source's own test rows.

    Raises:
        BuilderError: where there are no such files, or they are damaged.
    """
    parquet = _data_files(folder, ".parquet")
    files = parquet or _data_files(folder, ".arrow")
    read = read_parquet if parquet else read_arrow
    if not files:
        message = (
            f"{folder.name} holds neither Parquet nor Arrow files. Save the data set there with its "
            "save_to_disk or to_parquet."
        )
        raise stop("no_files", message, field="source")
    title = title or folder.name
    test = [file for file in files if _TEST_PART.search(file.relative_to(folder).as_posix())]
    rest = [file for file in files if file not in test]
    if not test or not rest:
        return read(files, title)
    return join_tables(read(rest, title), read(test, title))


def read_hub_dataset(name: Any, cache_folder: Path | None = None) -> TableSource:
    """Return a data set of the hub by its name, such as ``"owner/name"``; it is downloaded the first time.

    Raises:
        BuilderError: where the name is none, the library is not installed, or the hub cannot be reached.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        message = f"{shown_value(name)} is no data set's name on the hub. It looks like 'owner/name'."
        raise stop("unknown_dataset", message, field="source")
    saved = hub_folder(name)
    if not saved.exists():
        _download(name, saved)
    return read_saved_dataset(saved, name)


def hub_folder(name: str) -> Path:
    """Return where a data set of the hub is kept once it was downloaded."""
    home = Path(os.environ.get("KERABLOCKS_HOME") or "~/.kerablocks").expanduser()
    return home / "huggingface" / name.replace("/", "--")


def _download(name: str, folder: Path) -> None:
    try:
        import datasets
    except ImportError as error:
        message = (
            "Data sets of the Hugging Face hub need the package 'datasets', which is not installed. "
            "Install it with 'pip install datasets', or save the data set as Parquet files and choose "
            "their folder."
        )
        raise stop("package_missing", message, field="source") from error
    try:
        # Only data are read: the program that a data set may bring along is never run.
        found = datasets.load_dataset(name)
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
        found.save_to_disk(str(temporary))
        os.replace(temporary, folder)
    except Exception as error:
        raise _unreachable(name, error) from error


def _unreachable(name: str, error: Exception) -> BuilderError:
    message = (
        f"The data set '{name}' is not on this machine yet and could not be fetched from the hub "
        f"({type(error).__name__}). Check its name and the connection, or save it elsewhere with "
        "save_to_disk and choose that folder."
    )
    return stop("dataset_offline", message, field="source")


def _data_files(folder: Path, ending: str) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob(f"*{ending}")
        if file.is_file() and not file.is_symlink() and not file.name.startswith((".", "cache-"))
    )
