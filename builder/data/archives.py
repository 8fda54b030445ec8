"""Listing and reading the files of a folder or a zip of unknown origin. Nothing is ever unpacked."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.data.files import describe_start, is_pickle, path_before, pickle_refused, unreadable
from builder.data.zip_names import opened_zip
from builder.errors import BuilderError, Problem, stop
from builder.sizes import GB, MB, size_words

MAXIMUM_FILES = 200_000
MAXIMUM_FILE_BYTES = 64 * MB
MAXIMUM_TOTAL_BYTES = 4 * GB
# A packed table can only be read from its beginning, so it has to fit into memory.
MAXIMUM_UNPACKED_BYTES = 500 * MB
_TEXT_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
TABLE_SUFFIXES = (*_TEXT_TABLES, *(f"{suffix}.gz" for suffix in _TEXT_TABLES), ".parquet")
# Pictures hardly shrink in a zip, tables not so much; a file that does was made to fill the memory.
MAXIMUM_RATIO = 200
_RATIO_MATTERS_ABOVE = 1_000_000
_SYSTEM_FILES = frozenset({"__MACOSX", "Thumbs.db", "thumbs.db", "desktop.ini", "Desktop.ini"})
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class FolderFiles:
    """The files below a folder, by their paths with ``/``; links are not followed."""

    root: Path
    names: list[str]
    problems: tuple[Problem, ...] = ()

    def read(self, name: str) -> bytes:
        """Return a file's bytes.

        Raises:
            BuilderError: where the file is too large, gone, or may not be read.
        """
        path = self.root / name
        try:
            _check_file_size(path.stat().st_size, name)
            return path.read_bytes()
        except OSError as error:
            raise unreadable(path, error) from error


@dataclass(frozen=True)
class ZipFiles:
    """The files in a zip, by their paths with ``/``."""

    archive: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]
    problems: tuple[Problem, ...] = ()

    @property
    def names(self) -> list[str]:
        """The paths of the files, in order."""
        return list(self.members)

    def read(self, name: str) -> bytes:
        """Return a file's bytes; nothing, as of a broken file, where they do not match the zip's record.

        Raises:
            BuilderError: where more comes out than a file may hold.
        """
        try:
            with self.archive.open(self.members[name]) as stream:
                # The record of a file's size is not trusted: no more than the limit is ever unfolded.
                data = stream.read(MAXIMUM_FILE_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError):
            return b""
        _check_file_size(len(data), name)
        return data


Files = FolderFiles | ZipFiles


def list_files(path: Path) -> Files:
    """Return the files in a folder or a zip; see ``list_folder`` and ``list_zip``."""
    return list_folder(path) if path.is_dir() else list_zip(path)


def list_folder(root: Path) -> FolderFiles:
    """Return the files below a folder, hidden ones left out, links left out with a warning.

    Raises:
        BuilderError: where there are too many files.
    """
    names: list[str] = []
    links: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        before, own = path_before(root, folder), set(files)
        for name in sorted(folders + files):
            if os.path.islink(os.path.join(folder, name)):
                links.append(before + name)
            elif name in own and not _is_hidden(name):
                names.append(before + name)
        _check_count(root, len(names))
    return FolderFiles(root, names, tuple(_links_warning(root, links)))


def list_zip(path: Path) -> ZipFiles:
    """Return the files in a zip after checking that it is safe to read.

    Raises:
        BuilderError: where the file is no zip, is encrypted, holds links or paths that lead outside,
            too many files, or files that would unfold to far more than the zip itself.
    """
    archive = open_zip(path)
    try:
        return ZipFiles(archive, _members(path, archive))
    except BuilderError:
        archive.close()
        raise


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        _check_member(path, name, info)
        if not info.is_dir() and not any(_is_hidden(piece) for piece in name.split("/")):
            members[name] = info
    _check_count(path, len(members))
    total = sum(info.file_size for info in members.values())
    if total > MAXIMUM_TOTAL_BYTES:
        raise _bomb(path, f"its files would take {size_words(total)}")
    return {name: members[name] for name in sorted(members)}


def open_zip(path: Path) -> zipfile.ZipFile:
    """Return a zip whose entries are not checked yet.

    Raises:
        BuilderError: where the file is no zip, or is damaged.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
        if is_pickle(head):
            raise pickle_refused(path.name)
        return opened_zip(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        kind = describe_start(head)
        found = f" It looks like {kind}." if kind and not kind.startswith("a zip") else ""
        message = (
            f"{path.name} is not a zip archive, or it is damaged.{found} Pack the files into a zip again "
            "and choose that one."
        )
        raise stop("not_a_zip", message, field="source") from error
    except OSError as error:
        raise unreadable(path, error) from error


def _check_member(path: Path, name: str, info: zipfile.ZipInfo) -> None:
    if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
        message = (
            f"{path.name} is refused: its entry '{name[:80]}' points outside the archive. Pack the class "
            "folders "
            "again with an ordinary zip program."
        )
        raise stop("unsafe_path", message, field="source")
    if stat.S_ISLNK(info.external_attr >> 16):
        message = (
            f"{path.name} is refused: its entry '{name[:80]}' is a link to another file. Pack the files "
            "themselves, not links."
        )
        raise stop("link_in_zip", message, field="source")
    if info.flag_bits & 0x1:
        message = f"{path.name} is protected by a password. Pack the folders again without one."
        raise stop("encrypted_zip", message, field="source")
    ratio = info.file_size / max(info.compress_size, 1)
    is_table = name.lower().endswith(TABLE_SUFFIXES)
    if info.file_size > (MAXIMUM_UNPACKED_BYTES if is_table else MAXIMUM_FILE_BYTES) or (
        info.file_size > _RATIO_MATTERS_ABOVE and ratio > MAXIMUM_RATIO
    ):
        raise _bomb(path, f"its entry '{name[:80]}' would unfold to {size_words(info.file_size)}")


def _check_count(path: Path, count: int) -> None:
    if count > MAXIMUM_FILES:
        message = f"{path.name} holds more than {MAXIMUM_FILES:,} files, too many. Choose a part of them."
        raise stop("too_many_files", message, field="source")


def _check_file_size(size: int, name: str) -> None:
    if size > MAXIMUM_FILE_BYTES:
        limit = size_words(MAXIMUM_FILE_BYTES)
        raise stop("file_too_large", f"The file {name} is larger than {limit}. Remove it.", field="source")


def _bomb(path: Path, what: str) -> BuilderError:
    message = (
        f"{path.name} is refused: {what}, far more than files in a zip usually do. Check where the file "
        "comes from, or leave that entry out."
    )
    return stop("zip_bomb", message, field="source")


def _links_warning(root: Path, links: list[str]) -> list[Problem]:
    if not links:
        return []
    message = (
        f"{len(links):,} link(s) in {root.name} were left out, for example {links[0]}. Copy the files "
        "instead."
    )
    return [Problem("links_skipped", message, field="source", severity="warning")]


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _SYSTEM_FILES
