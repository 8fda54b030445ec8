"""Files sorted into class folders, in a folder or a zip of unknown origin."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from builder.data.archives import Files, list_files
from builder.data.naming import in_natural_order
from builder.errors import Problem, stop

TEST_FOLDERS = frozenset({"test", "testing"})
_PART_FOLDERS = TEST_FOLDERS | {"train", "training", "val", "valid", "validation"}
_NAME_PIECES = re.compile(r"[_\-. ]+")
# What files are told apart by in a split: a piece of their name, such as a speaker's.
NAME_PART = "name part"
_SHOWN = 5


@dataclass(frozen=True)
class FileKind:
    """What kind of file is looked for: its extensions, and what one and several are called."""

    extensions: tuple[str, ...]
    one: str
    many: str


@dataclass(frozen=True)
class ClassFolders:
    """The files of one kind: ``names`` are paths with ``/``; ``labels`` holds a class index a file.

    ``is_test`` marks the files under a folder named test, if there is one.
    """

    listed: Files
    names: list[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    files: tuple[Path, ...]
    is_test: np.ndarray | None
    problems: tuple[Problem, ...]

    def read(self, row: int) -> bytes:
        """Return the bytes of a file."""
        return self.listed.read(self.names[row])


def read_class_folders(path: Path, kind: FileKind, unsorted: bool = False) -> ClassFolders:
    """Return the files of a folder or zip in which every class has a folder of its own.

    A class is named by the path of its folder below the folder that all share. Top folders named
    train, val or test are parts, not classes.

    Args:
        path: the folder or zip.
        kind: which files to look for.
        unsorted: whether files that all lie in one folder are taken, as one class.

    Raises:
        BuilderError: where there are no such files, no class folders, or the archive is not safe to read.
    """
    listed = list_files(path)
    names = [name for name in listed.names if name.lower().endswith(kind.extensions)]
    others = [name for name in listed.names if not name.lower().endswith(kind.extensions)]
    if not names:
        message = (
            f"{path.name} holds no {kind.many}. Put files such as {', '.join(kind.extensions[:4])} into one "
            "folder for each class."
        )
        raise stop("no_images" if kind.one == "picture" else "no_files", message, field="source")
    folders, is_test = _without_part_folders(_below_common(names))
    classes = _classes(path, names, folders, kind, unsorted)
    class_names = tuple(in_natural_order(set(classes)))
    index = {name: number for number, name in enumerate(class_names)}
    return ClassFolders(
        listed=listed,
        names=names,
        labels=np.array([index[name] for name in classes], dtype=np.int32),
        class_names=class_names,
        files=tuple(path / name for name in names) if path.is_dir() else (path,),
        is_test=is_test,
        problems=(*listed.problems, *_skipped(path, others, kind), *_empty(path)),
    )


def in_class_folders(names: Sequence[str]) -> bool:
    """Tell whether files, by their paths, lie in several folders that are no mere parts such as train."""
    folders = {name.rpartition("/")[0] for name in names}
    return len({folder for folder in folders if folder.lower().rpartition("/")[2] not in _PART_FOLDERS}) > 1


def name_columns(names: Sequence[str]) -> list[str]:
    """Return what files can be told apart by: ``"name part 1"`` and so on, the pieces of their names."""
    most = min((len(_pieces(name)) for name in names[:1000]), default=0)
    return [f"{NAME_PART} {number}" for number in range(1, most + 1)]


def name_values(names: Sequence[str], column: str) -> list[str] | None:
    """Return the piece of every file's name that a column of ``name_columns`` stands for; None for others."""
    word, _, number = column.rpartition(" ")
    if word != NAME_PART or not number.isdecimal() or int(number) < 1:
        return None
    pieces = [_pieces(name) for name in names]
    return [item[int(number) - 1] if len(item) >= int(number) else "" for item in pieces]


def _pieces(name: str) -> list[str]:
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return [piece for piece in _NAME_PIECES.split(stem) if piece]


def _below_common(names: list[str]) -> list[tuple[str, ...]]:
    """Return each file's folders, without the ones that all files share."""
    folders = [tuple(name.split("/")[:-1]) for name in names]
    shared = 0
    while all(len(item) > shared and item[shared] == folders[0][shared] for item in folders):
        shared += 1
    return [item[shared:] for item in folders]


def _without_part_folders(folders: list[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], np.ndarray | None]:
    tops = {item[0].lower() if item else "" for item in folders}
    if not tops <= _PART_FOLDERS:
        return folders, None
    is_test = np.array([item[0].lower() in TEST_FOLDERS for item in folders])
    return [item[1:] for item in folders], is_test if is_test.any() and not is_test.all() else None


def _classes(
    path: Path, names: list[str], folders: list[tuple[str, ...]], kind: FileKind, unsorted: bool
) -> list[str]:
    loose = [name for name, item in zip(names, folders, strict=True) if not item]
    if not loose:
        return ["/".join(item) for item in folders]
    if len(loose) == len(names) and unsorted:
        return [path.stem] * len(names)
    if len(loose) == len(names):
        message = (
            f"All {len(names):,} {kind.many} of {path.name} lie in one folder, so there is only one class. "
            f"Put the {kind.many} of each class into a folder of its own, named after the class."
        )
        raise stop("one_class", message, field="source")
    message = (
        f"{len(loose):,} {kind.one}(s) of {path.name} lie beside the class folders (for example {loose[0]}), "
        "so their class is not known. Move them into the folder of their class or remove them."
    )
    raise stop(
        "image_without_class" if kind.one == "picture" else "file_without_class", message, field="source"
    )


def _empty(path: Path) -> list[Problem]:
    """Return a warning about folders without anything in them: a class may have been forgotten."""
    walk = os.walk(path) if path.is_dir() else ()
    found = [Path(folder).relative_to(path).as_posix() for folder, below, files in walk if not below + files]
    if not found:
        return []
    shown = ", ".join(sorted(found)[:_SHOWN])
    message = (
        f"There are no files in the folder(s) {shown}{' …' if len(found) > _SHOWN else ''} of {path.name}, "
        "so they are no classes. Put files into them, or remove them."
    )
    return [Problem("empty_folders", message, field="source", severity="warning")]


def _skipped(path: Path, others: list[str], kind: FileKind) -> list[Problem]:
    if not others:
        return []
    message = (
        f"{len(others):,} file(s) of {path.name} are no {kind.many} and were left out, for example "
        f"{others[0]}."
    )
    return [Problem("files_skipped", message, field="source", severity="warning")]
