"""What a split goes by: the groups and the moments of rows, as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from builder.data.columns import present_cells, to_numbers
from builder.data.splits import split_columns
from builder.errors import BuilderError, stop

# Anchored: "24-5-3" also stands within 2024-5-3, of which the year comes first.
_DAY_FIRST = re.compile(r"\A\s*(\d{1,2})[./-]\d{1,2}[./-]\d{2,4}")
# Points stand in the dates of countries where the day comes first.
_WITH_POINTS = r"\s*\d{1,2}\.\d{1,2}\.\d{2,4}\b.*"
# 2024年5月31日 12时30分
_CHINESE = str.maketrans({"年": "-", "月": "-", "日": " ", "时": ":", "時": ":", "分": ":", "秒": " "})


class TimeReader:
    """Reads one column's moments: numbers as they are, dates as seconds since 1970.

    Args:
        sample: some cells of the column, which tell whether they are numbers, and which of day and month
            comes first.

    Raises:
        BuilderError: where most of the cells are neither numbers nor dates.
    """

    def __init__(self, sample: pd.Series) -> None:
        present = present_cells(sample)
        first = present.str.extract(_DAY_FIRST.pattern, expand=False).dropna()
        has_points = len(present) and present.str.fullmatch(_WITH_POINTS).mean() > 0.5
        self._day_first = bool(has_points or (len(first) and (first.astype(int) > 12).any()))
        self._is_number = bool(np.isfinite(to_numbers(present)).mean() > 0.9) if len(present) else True
        if not np.isfinite(self.read(present)).mean() > 0.5:
            message = (
                f"The column '{sample.name}' cannot be read as time: neither numbers nor dates such as "
                f"2024-05-31 stand in it (for example {', '.join(present.head(2))}). Choose another column "
                "for the split by time."
            )
            raise stop("not_time", message, field="time_column")

    def read(self, cells: pd.Series) -> np.ndarray:
        """Return float64, NaN where a cell holds no moment."""
        if self._is_number:
            return to_numbers(cells)
        if cells.str.contains("年").any():
            cells = cells.str.translate(_CHINESE).str.strip(" -:")
        dates = pd.to_datetime(
            cells, errors="coerce", utc=True, dayfirst=self._day_first, format="mixed", cache=True
        )
        seconds = dates.to_numpy(dtype="datetime64[us]").astype(np.int64) / 1e6
        return np.where(dates.isna(), np.nan, seconds)


def group_numbers(cells: pd.Series) -> np.ndarray:
    """Return a number a cell that equal cells share, uint64."""
    return pd.util.hash_array(cells.to_numpy(dtype=object), categorize=True)


def split_values(
    settings: Mapping[str, Any], values_of: Callable[[str], Sequence[str] | pd.Series | None]
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the groups and the moments of rows that a split goes by, where it does.

    Args:
        settings: values of ``SPLIT_PARAMETERS``, all of them.
        values_of: returns the text of every row in a column, None where there is no such column.

    Raises:
        BuilderError: where no column is chosen, or there is none of its name.
    """
    group, time = split_columns(settings)
    name = group or time
    if name is None:
        return None, None
    found = values_of(name)
    if found is None:
        raise no_such_column(name, ())
    cells = pd.Series(found, dtype="str", name=name)
    return (group_numbers(cells), None) if group else (None, TimeReader(cells).read(cells))


def no_such_column(name: str, known: Sequence[str]) -> BuilderError:
    """Return the error for a column that a split asks for and the data do not have."""
    columns = f" The columns are: {', '.join(list(known)[:20])}." if known else ""
    message = f"The split asks for '{name}', but the data have nothing of that name.{columns} Choose again."
    return stop("unknown_column", message, field="split")
