"""A table of text cells, whole in memory or, where it is large, a part of it and a way to read the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from builder.errors import Problem

if TYPE_CHECKING:
    from builder.data.linked import Links

# A table of more bytes is never in memory whole: it is read in chunks whenever all rows are needed.
LARGE_BYTES = 200_000_000
CHUNK_ROWS = 50_000


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table, in order: their cells, the line of the file that each starts on, and whether
    each is one of the source's own test rows (None where there are none)."""

    frame: pd.DataFrame
    lines: np.ndarray
    is_test: np.ndarray | None = None


@dataclass(frozen=True)
class TableSource:
    """The content of a table's file.

    ``frame`` holds every cell as stripped text, ``""`` where there is nothing; ``lines`` the line of
    the file that each row starts on; ``is_test`` marks the source's own test rows, if it has any;
    ``roles`` holds the roles that a sample's description fixes; ``reading`` says how pandas' ``read_csv``
    reads the file, where that is unusual: ``sep``, ``decimal``, ``encoding``, ``quoting``, ``names`` and
    ``header``; by ``zipped``, the ending of its name, that it lies in a zip; and by ``signs`` and
    ``thousands`` how columns wrote their numbers. Of a large table ``frame`` holds some rows only,
    ``stream`` reads them all, chunk by chunk (adding to a list what is wrong with them), and ``rows`` is
    about how many there are. ``links`` finds the files that cells name, where the table has such columns.
    """

    title: str
    frame: pd.DataFrame
    lines: np.ndarray
    files: tuple[Path, ...]
    decimal_comma: bool = False
    is_test: np.ndarray | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    stream: Callable[[list[Problem]], Iterator[Chunk]] | None = None
    rows: int = 0
    links: Links | None = None

    @property
    def row_count(self) -> int:
        """The number of rows; of a large table about how many."""
        return len(self.frame) if self.stream is None else self.rows

    @property
    def is_large(self) -> bool:
        """Whether ``frame`` holds only some of the rows."""
        return self.stream is not None

    def chunks(self, problems: list[Problem]) -> Iterator[Chunk]:
        """Return all rows, in order; what is wrong with them is added to ``problems``."""
        if self.stream is not None:
            yield from self.stream(problems)
            return
        for start in range(0, len(self.frame), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            is_test = None if self.is_test is None else self.is_test[rows]
            yield Chunk(self.frame.iloc[rows].reset_index(drop=True), self.lines[rows], is_test)


def rewritten(
    source: TableSource,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    reading: Mapping[str, Any],
    warning: Problem,
) -> TableSource:
    """Return a table with other cells.

    Args:
        source: the table.
        change: makes the cells of some rows.
        reading: what scripts and predictions have to know of it.
        warning: what is said of it.
    """

    def stream(problems: list[Problem]) -> Iterator[Chunk]:
        for chunk in source.chunks(problems):
            yield replace(chunk, frame=change(chunk.frame))

    return replace(
        source,
        frame=change(source.frame),
        stream=stream if source.is_large else None,
        reading={**source.reading, **reading},
        problems=(*source.problems, warning),
    )


def some_rows_warning(source_title: str, looked_at: int, rows: int) -> Problem:
    """Return what is said where a table is too large to be looked at whole."""
    message = (
        f"{source_title} is large (about {rows:,} rows), so types, counts and examples come from "
        f"{looked_at:,} rows spread over it. Preparing it reads every row."
    )
    return Problem("some_rows_seen", message, field="source", severity="warning")
