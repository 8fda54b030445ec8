"""A script in parts: what each defines, what the program then does with it, and words for a reader."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One step from the data to the trained model.

    ``definitions`` are sources of functions and classes, ``constants`` lines, and ``steps`` the statements
    that the program runs, of which those of all parts make up ``main``. ``imports`` are the lines that this
    part needs.
    """

    title: str
    words: str
    imports: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def names_in(parts: Iterable[Part]) -> set[str]:
    """Return the names that parts of a script import, define or assign, but for those inside functions."""
    found: set[str] = set()
    for part in parts:
        code = "\n".join([*part.imports, *part.constants, *part.definitions, *part.steps])
        for statement in ast.parse(code).body:
            found |= _names_of(statement)
    return found


def _names_of(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {item.asname or item.name for item in statement.names}
    names = (item for item in ast.walk(statement) if isinstance(item, ast.Name))
    return {item.id for item in names if isinstance(item.ctx, ast.Store)}


def import_lines(parts: list[Part]) -> list[str]:
    """Return the imports of all parts, sorted as usual: the standard library first."""
    wanted = sorted(_merged({line for part in parts for line in part.imports}), key=_import_key)
    standard = [line for line in wanted if _is_standard(line)]
    others = [line for line in wanted if not _is_standard(line)]
    return [*standard, *([""] if standard else []), *others]


def _merged(lines: set[str]) -> list[str]:
    """Return the imports with one line for each module that names are taken from."""
    names: dict[str, set[str]] = {}
    plain = []
    for line in lines:
        module, word, imported = line.removeprefix("from ").partition(" import ")
        if word:
            names.setdefault(module, set()).update(imported.split(", "))
        else:
            plain.append(line)
    return [*plain, *(f"from {name} import {', '.join(sorted(found))}" for name, found in names.items())]


def _import_key(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line.split()[1].lower()


def _is_standard(line: str) -> bool:
    return line.split()[1].partition(".")[0] in sys.stdlib_module_names
