"""Numbers such as "1,234", "1.234,5" or "0,5", where a column agrees on what the marks in them mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from builder.data.columns import NUMERIC_SHARE, present_cells, to_numbers
from builder.data.labels import holds_labels
from builder.data.number_marks import number_pattern
from builder.data.table_codes import NO_NUMBER
from builder.data.table_source import TableSource, rewritten
from builder.errors import Problem

# The mark between thousands and the one before decimals, in the order in which they are tried.
_CONVENTIONS = (
    (",", "."),
    (".", ","),
    *((space, decimal) for space in (" ", "\u00a0", "\u202f") for decimal in (".", ",")),
    ("'", "."),
    ("’", "."),
)
# Without a mark that a point could be taken for.
_DECIMAL_COMMAS = ("\u202f", ",")
_LOOKS_WRITTEN = r"[+-]?\d[\d.,'’ \u00a0\u202f]*"
_LOOKED_AT = 200
_SHOWN = 5


def without_thousands_marks(source: TableSource) -> TableSource:
    """Return a table with plain numbers in the columns that write marks between thousands, and a warning.

    A column is changed where all its numbers fit one convention, and no other reading is as likely: in a
    column of "1.234" alone, these are decimals.
    """
    found: dict[str, tuple[str, str]] = {}
    for name in source.frame.columns:
        convention = thousands_convention(source.frame[name], source.decimal_comma)
        if convention is not None:
            found[str(name)] = convention
    if not found:
        return source
    reading = {"thousands": {name: list(marks) for name, marks in found.items()}}
    return rewritten(source, lambda frame: _plain(frame, found), reading, _warning(source, found))


def without_marks(cells: pd.Series, thousands: str, decimal: str) -> pd.Series:
    """Return cells whose numbers have no marks between thousands, and a point before decimals."""
    plain = cells.str.replace(thousands, "", regex=False).str.replace(decimal, ".", regex=False)
    return plain.where(cells.str.fullmatch(number_pattern(thousands, decimal)), cells)


def _plain(frame: pd.DataFrame, found: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    return frame.assign(**{name: without_marks(frame[name], *marks) for name, marks in found.items()})


def thousands_convention(cells: pd.Series, decimal_comma: bool) -> tuple[str, str] | None:
    """Return the marks between thousands and before decimals of a column, or None where it has none."""
    first = present_cells(cells.head(_LOOKED_AT))
    first = first[~first.str.lower().isin(NO_NUMBER)]
    if not len(first) or first.str.fullmatch(_LOOKS_WRITTEN).mean() < NUMERIC_SHARE:
        return None
    if not len(present_cells(cells[np.isnan(to_numbers(cells))])):
        return None
    distinct = present_cells(pd.Series(cells.unique(), dtype="str"))
    for thousands, decimal in _CONVENTIONS:
        if _fits(distinct, thousands, decimal, decimal_comma):
            return thousands, decimal
    is_sure = not decimal_comma and _has_decimal_commas(distinct) and not holds_labels(cells)
    return _DECIMAL_COMMAS if is_sure else None


def _has_decimal_commas(cells: pd.Series) -> bool:
    """Tell whether a column has commas that can only stand before decimals; 1,234 may be a thousand."""
    is_number = cells.str.fullmatch(r"[+-]?\d+(,\d+)?")
    if is_number.mean() < NUMERIC_SHARE or cells[~is_number].str.contains(r"\d").any():
        return False
    is_ambiguous = cells.str.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}").any()
    return bool(cells[is_number].str.contains(",").any() and not is_ambiguous)


def _fits(cells: pd.Series, thousands: str, decimal: str, decimal_comma: bool) -> bool:
    is_number = cells.str.fullmatch(number_pattern(thousands, decimal))
    marked = cells[is_number & cells.str.contains(rf"\d[{thousands}]\d{{3}}")]
    if not len(marked) or is_number.mean() < NUMERIC_SHARE or cells[~is_number].str.contains(r"\d").any():
        return False
    # Codes of three digits in a row, such as labels or addresses, are no thousands.
    if not marked.str.contains(rf"^[+-]?\d\d?[{thousands}]|[{thousands}]0").any():
        return False
    is_ambiguous = thousands == "." or (thousands == "," and decimal_comma)
    sure = rf"[{thousands}]\d{{3}}[{thousands}{decimal}]"
    return not is_ambiguous or bool(marked.str.contains(sure).any())


def _warning(source: TableSource, found: Mapping[str, tuple[str, str]]) -> Problem:
    examples = []
    for name, marks in list(found.items())[:_SHOWN]:
        cells = source.frame[name]
        marked = cells.str.contains(rf"\d[{marks[0]}]\d{{3}}")
        cell = cells[marked if marked.any() else without_marks(cells, *marks) != cells].head(1)
        examples.append(f"'{name}' ({cell.iloc[0]} is read as {without_marks(cell, *marks).iloc[0]})")
    message = (
        f"{len(found)} column(s) of {source.title} write numbers with marks between thousands or with "
        f"decimal commas: {', '.join(examples)}{' …' if len(found) > _SHOWN else ''}. If a column means "
        "something else, save its numbers with a point before decimals and without other marks."
    )
    return Problem("thousands_marks", message, field="source", severity="warning")
