"""What every command prints with: tables, JSON, progress, problems, and new files."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from builder.errors import stop
from builder.project import Project, write_project

# Names, notes and paths are a person's own words: their "[v2]" is no style, and their ":tada:" no picture.
console = Console(markup=False, emoji=False)
errors = Console(stderr=True, markup=False, emoji=False)


def print_json(data: Any) -> None:
    """Print data as JSON on standard output."""
    console.print_json(json.dumps(data))


def say(words: str) -> None:
    """Print words on standard output, without colors and without breaking a line that is long."""
    console.print(words, highlight=False, soft_wrap=True)


def output_table(*columns: str) -> Table:
    """Return an empty table in which nothing is cut; the first column, which people copy, is not wrapped."""
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    table.columns[0].no_wrap = True
    return table


def compact_table(*texts: str, numbers: Sequence[str]) -> Table:
    """Return an empty table without lines, for more columns than there is room for within a frame."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in texts:
        table.add_column(column, overflow="fold")
    for column in numbers:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def words_column(words: str) -> TextColumn:
    """Return a column of words beside a bar, such as ``"{task.description}"``."""
    return TextColumn(words, markup=False)


def passing_bar() -> Progress:
    """Return a bar on standard error, where it leaves no trace when its work is done."""
    columns = (words_column("{task.description}"), BarColumn(), words_column("{task.fields[detail]}"))
    return Progress(*columns, console=errors, transient=True)


def write_new(project: Project, file: Path) -> None:
    """Write a project file that is not there yet.

    Raises:
        BuilderError: ``file_exists``.
    """
    if file.exists():
        raise stop("file_exists", f"{file} exists already. Give another name with --output.")
    write_project(project, file)
    console.print(f"wrote {file}", soft_wrap=True)


def moment(seconds: float) -> str:
    """Return a moment (seconds since 1970) in the words of this place."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def print_problems(problems: list[dict[str, Any]]) -> None:
    """Print problems to standard error, each with its block."""
    for problem in problems:
        place = f" [block {problem['block']}]" if problem.get("block") else ""
        errors.print(f"{problem['severity']}{place}: {problem['message']}", highlight=False)
