"""What every command prints with: tables, JSON, problems, and a file that is written for the first time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from builder.errors import stop
from builder.project import Project, write_project

console = Console()
errors = Console(stderr=True)


def print_json(data: Any) -> None:
    """Print data as JSON on standard output."""
    console.print_json(json.dumps(data))


def output_table(*columns: str) -> Table:
    """Return an empty table whose first column, which people copy into the next command, is never cut."""
    table = Table(*columns)
    table.columns[0].no_wrap = True
    return table


def write_new(project: Project, file: Path) -> None:
    """Write a project file that is not there yet.

    Raises:
        BuilderError: ``file_exists``.
    """
    if file.exists():
        raise stop("file_exists", f"{file} exists already. Give another name with --output.")
    write_project(project, file)
    console.print(f"wrote {file}")


def moment(seconds: float) -> str:
    """Return a moment (seconds since 1970) in the words of this place."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def print_problems(problems: list[dict[str, Any]]) -> None:
    """Print problems to standard error, each with its block."""
    for problem in problems:
        place = f" [block {problem['block']}]" if problem.get("block") else ""
        errors.print(f"{problem['severity']}{place}: {problem['message']}", markup=False, highlight=False)
