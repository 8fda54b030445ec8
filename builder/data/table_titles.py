"""Rows of a table's file that are neither names of columns nor data: titles, and the names once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from builder.data.columns import looks_like_number
from builder.errors import BuilderError, stop

_MOST_TITLE_ROWS = 20
_MOST = 0.8


def check_title(path: Path, rows: Sequence[tuple[int, list[str]]]) -> None:
    """Refuse a file with a title over the names of its columns.

    A title stands alone in its row, over rows of more cells, one of which names columns of numbers.

    Args:
        path: the file.
        rows: the lines that its first rows end on, and their cells.

    Raises:
        BuilderError: ``title_before_names``.
    """
    title = [cell for cell in (rows[0][1] if rows else []) if cell]
    if len(title) != 1 or not rows[0][1][0]:
        return
    (width, count), *_ = Counter(len(row) for _, row in rows[1:]).most_common(1) or [(1, 0)]
    if width < 2 or count < _MOST * (len(rows) - 1):
        return
    whole = ((place, *row) for place, row in enumerate(rows[:_MOST_TITLE_ROWS]) if len(row[1]) == width)
    named = next(((place, line, row) for place, line, row in whole if place and all(row)), None)
    if named is None:
        return
    place, line, row = named
    below = [other for _, other in rows[place + 1 :] if len(other) == width]
    if below and _names_numbers(row, below):
        raise _title(path, title[0], line, row)


def names_again(path: Path, line: int) -> BuilderError:
    """Return the error for a row that holds the names of the columns again."""
    message = (
        f"Line {line} of {path.name} holds the names of the columns again, as where files were put together. "
        "Delete every such line but the first and save the file again."
    )
    return stop("names_again", message, field="source")


def _names_numbers(row: list[str], below: list[list[str]]) -> bool:
    """Tell whether a row holds words alone, over at least one column of numbers."""
    if any(looks_like_number(cell) for cell in row):
        return False
    counts = [sum(looks_like_number(other[index]) for other in below) for index in range(len(row))]
    return max(counts) >= _MOST * len(below)


def _title(path: Path, title: str, line: int, names: list[str]) -> BuilderError:
    message = (
        f"{path.name} begins with '{title[:60]}', which names no columns: their names seem to stand in line "
        f"{line} ({', '.join(names[:3])[:60]}{', …' if len(names) > 3 else ''}). Delete the lines before it "
        "and save the file again."
    )
    return stop("title_before_names", message, field="source")
