"""How a table's file is read is kept with the data, so that a script reads it the same way."""

from pathlib import Path

import pytest

from builder.data.prepare import prepare
from builder.data.spec import DataSpec
from builder.data.tables import read_table
from builder.project import DataRecipe

ROWS = [("1.5", "red", "yes"), ("2.5", "green", "no")] * 20


def written(path: Path, header: tuple[str, ...], separator: str = ",", encoding: str = "utf-8") -> Path:
    lines = [separator.join(row) for row in (header, *ROWS) if row]
    path.write_text("\n".join(lines), encoding=encoding)
    return path


HEADER = ("size", "colour", "kept")


@pytest.mark.parametrize(
    ("header", "separator", "encoding", "reading"),
    [
        (HEADER, ",", "utf-8", {}),
        (HEADER, ";", "utf-8", {"sep": ";", "decimal": ","}),
        (("größe", "colour", "kept"), "\t", "cp1252", {"sep": "\t", "encoding": "cp1252", "quoting": 3}),
        ((), ",", "utf-8", {"names": ["column_1", "column_2", "column_3"], "header": None}),
        (("size", "", "kept"), ",", "utf-8", {"names": ["size", "column_2", "kept"], "header": 0}),
    ],
)
def test_what_is_unusual_about_a_file_is_told(
    header: tuple[str, ...], separator: str, encoding: str, reading: dict[str, object], tmp_path: Path
) -> None:
    file = written(tmp_path / "data.csv", header, separator, encoding)
    assert dict(read_table(file).reading) == reading


def test_the_reading_travels_with_the_specification(tmp_path: Path) -> None:
    file = written(tmp_path / "data.csv", HEADER, ";")
    roles = {"size": "numeric", "colour": "categorical", "kept": "target"}
    spec = prepare(DataRecipe({"kind": "csv", "path": str(file)}, roles=roles), tmp_path / "cache").spec
    assert spec.reading == {"sep": ";", "decimal": ","}
    assert DataSpec.from_json(spec.to_json()) == spec
