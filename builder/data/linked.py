"""Tables whose cells name pictures or recordings beside them, in a folder or a zip of unknown origin."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from builder.data.archives import Files, FolderFiles, list_files
from builder.data.audio import EXTENSIONS as AUDIO_EXTENSIONS
from builder.data.class_folders import in_class_folders
from builder.data.columns import present_cells
from builder.data.images import EXTENSIONS as IMAGE_EXTENSIONS
from builder.data.images import Grays, settled_grays
from builder.data.json_lines import read_json_lines
from builder.data.table_source import TableSource
from builder.data.tables import read_table
from builder.errors import BuilderError, Problem, stop

TABLES = (".csv", ".tsv", ".csv.gz", ".jsonl", ".ndjson")
LINKED_ROLES = {"image": IMAGE_EXTENSIONS, "audio": AUDIO_EXTENSIONS}
# So large a share of a column's cells must name files for it to be a column of files.
_SHARE = 0.8
_LOOKED_AT = 500
_SHOWN = 5


@dataclass(frozen=True)
class Links:
    """The files that the cells of a table name.

    ``columns`` maps a column to what its files are, ``"image"`` or ``"audio"``; a cell may hold a file's path
    below the folder or zip, below the table's own folder, or its name alone. ``grays`` is as in an
    ``ImageSource``.
    """

    listed: Files
    columns: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    grays: Grays | None = None

    def find(self, cell: str) -> str | None:
        """Return the path of the file that a cell names, or None."""
        return self.places.get(cell.strip().replace("\\", "/").removeprefix("./").lower())

    def read(self, cell: str) -> bytes | None:
        """Return the bytes of the file that a cell names, or None where there is no such file."""
        name = self.find(cell)
        return None if name is None else self.listed.read(name)


def is_linked(path: Path, names: Sequence[str]) -> bool:
    """Tell whether files are one table and pictures or recordings that its cells name.

    Where the files lie in class folders, a table that does not name them is a stray one.

    Args:
        path: the folder or zip.
        names: the paths of files in it.
    """
    tables, files = _tables(names), _files(names)
    if len(tables) != 1 or not files:
        return False
    return not in_class_folders(files) or _names_files(path, tables[0])


def check_rivals(path: Path, names: Sequence[str]) -> None:
    """Check that not several tables lie beside files that no class folders sort.

    Raises:
        BuilderError: where any of them might be the one that names the files.
    """
    tables, files = _tables(names), _files(names)
    if len(tables) > 1 and files and not in_class_folders(files):
        message = (
            f"{path.name} holds {len(files):,} pictures or recordings and {len(tables)} tables: "
            f"{', '.join(tables[:_SHOWN])}{' …' if len(tables) > _SHOWN else ''}. Keep the table that names "
            "the files and tells what is to be learned of them, and remove the others."
        )
        raise stop("several_tables", message, field="source")


def _tables(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.lower().endswith(TABLES)]


def _files(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.lower().endswith(IMAGE_EXTENSIONS + AUDIO_EXTENSIONS)]


def _names_files(path: Path, name: str) -> bool:
    listed = list_files(path)
    try:
        table = _table_of(path, listed, name, path.name)
    except BuilderError:
        return False
    places = _places(listed.names, name)
    return any(_kind_of(table.frame[column], places) for column in table.frame.columns)


def read_linked(path: Path, title: str | None = None) -> TableSource:
    """Return the table in a folder or zip, with the files that its cells name.

    Raises:
        BuilderError: where there is not exactly one table, no column that names files, or the archive is not
            safe to read.
    """
    listed = list_files(path)
    tables = _tables(listed.names)
    if len(tables) != 1:
        found = f"it holds {len(tables)}: {', '.join(tables[:5])}" if tables else "it holds none"
        message = (
            f"{path.name} needs exactly one table (CSV, TSV or JSON Lines) whose cells name the pictures or "
            f"recordings beside it; {found}."
        )
        raise stop("one_table_needed", message, field="source")
    table = _table_of(path, listed, tables[0], title or path.name)
    places = _places(listed.names, tables[0])
    columns = {
        str(name): kind for name in table.frame.columns if (kind := _kind_of(table.frame[name], places))
    }
    if not columns:
        message = (
            f"No column of {tables[0]} names the pictures or recordings in {path.name}. Write into a column "
            f"the name of each row's file, such as {_example(listed.names)}."
        )
        raise stop("no_linked_files", message, field="source")
    roles, problems = _roles(columns)
    pictures = [name for name in listed.names if name.lower().endswith(IMAGE_EXTENSIONS)]
    grays, gray_problems = settled_grays(table.title, pictures, listed.read)
    return replace(
        table,
        files=tuple(path / name for name in listed.names) if path.is_dir() else (path,),
        roles=roles,
        problems=(*listed.problems, *table.problems, *problems, *gray_problems),
        links=Links(listed, columns, places, grays),
    )


def _table_of(path: Path, listed: Files, name: str, title: str) -> TableSource:
    read: Callable[[Path, str], TableSource] = (
        read_json_lines if name.lower().endswith((".jsonl", ".ndjson")) else read_table
    )
    if path.is_dir():
        return read(path / name, title)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name.rsplit("/", 1)[-1])
        file.write_bytes(listed.read(name))
        return read(file, title)


def _places(names: Sequence[str], table: str) -> dict[str, str]:
    """Return every way to name a file, in small letters, with the file's path; none that is ambiguous."""
    beside = table.rpartition("/")[0]
    found: dict[str, str | None] = {}
    files = [name for name in names if name != table]
    for name in files:
        last = name.rsplit("/", 1)[-1]
        for way in dict.fromkeys((last, last.rpartition(".")[0])):
            found[way.lower()] = None if way.lower() in found else name
    for name in files:
        found[name.lower()] = name
        if beside and name.startswith(f"{beside}/"):
            found[name.removeprefix(f"{beside}/").lower()] = name
    return {way: name for way, name in found.items() if name}


def _kind_of(cells: pd.Series, places: Mapping[str, str]) -> str | None:
    present = present_cells(cells).head(_LOOKED_AT)
    links = Links(FolderFiles(Path(), []), places=places)
    named = [name for cell in present if (name := links.find(cell))]
    if not len(present) or len(named) < _SHARE * len(present):
        return None
    for kind, extensions in LINKED_ROLES.items():
        if sum(name.lower().endswith(extensions) for name in named) >= _SHARE * len(named):
            return kind
    return None


def _roles(columns: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Return the roles of the columns that name files: one of each kind is used, the others are left out."""
    roles: dict[str, str] = {}
    problems = []
    for name, kind in columns.items():
        if kind not in roles.values():
            roles[name] = kind
            continue
        roles[name] = "ignore"
        message = (
            f"'{name}' names more files of the kind '{kind}'. A model here takes one {kind} a row; the first "
            "such column is used. Change the roles to take the other."
        )
        problems.append(Problem("linked_column_ignored", message, field=name, severity="warning"))
    return roles, problems


def _example(names: Sequence[str]) -> str:
    extensions = IMAGE_EXTENSIONS + AUDIO_EXTENSIONS
    return next((name for name in names if name.lower().endswith(extensions)), "images/cat.png")
