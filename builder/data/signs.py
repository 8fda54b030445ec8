"""Numbers with a sign beside each, such as "$10" or "5 %", where a column has one sign only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from builder.data.columns import NUMERIC_SHARE, present_cells, to_numbers
from builder.data.number_marks import SIGNS, signed_pattern
from builder.data.table_source import TableSource, rewritten
from builder.data.thousands import thousands_convention
from builder.errors import Problem

_LOOKED_AT = 200
_SHOWN = 5


def without_signs(source: TableSource) -> TableSource:
    """Return a table with bare numbers in the columns that write one sign beside each, and a warning.

    A column is changed where nothing in it is a number without the sign, or with another one.
    """
    found: dict[str, str] = {}
    for name in source.frame.columns:
        sign = _sign(source.frame[name], source.decimal_comma)
        if sign is not None:
            found[str(name)] = sign
    if not found:
        return source
    return rewritten(source, lambda frame: _bare(frame, found), {"signs": found}, _warning(source, found))


def without_sign(cells: pd.Series, sign: str) -> pd.Series:
    """Return cells whose numbers have no sign beside them."""
    bare = cells.str.replace(sign, "", regex=False).str.strip()
    return bare.where(cells.str.fullmatch(signed_pattern(sign)), cells)


def _bare(frame: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    return frame.assign(**{name: without_sign(frame[name], sign) for name, sign in found.items()})


def _sign(cells: pd.Series, decimal_comma: bool) -> str | None:
    first = present_cells(cells.head(_LOOKED_AT))
    held = set(SIGNS) & set("".join(first))
    often = [sign for sign in held if first.str.contains(sign, regex=False).mean() >= NUMERIC_SHARE]
    if len(often) != 1:
        return None
    distinct = present_cells(pd.Series(cells.unique(), dtype="str"))
    is_signed = distinct.str.fullmatch(signed_pattern(often[0]))
    if is_signed.mean() < NUMERIC_SHARE or distinct[~is_signed].str.contains(r"\d").any():
        return None
    bare = without_sign(distinct, often[0])
    are_numbers = np.isfinite(to_numbers(bare, decimal_comma)).mean() >= NUMERIC_SHARE
    return often[0] if are_numbers or thousands_convention(bare, decimal_comma) else None


def _warning(source: TableSource, found: Mapping[str, str]) -> Problem:
    examples = []
    for name, sign in list(found.items())[:_SHOWN]:
        cells = source.frame[name]
        cell = cells[cells.str.fullmatch(signed_pattern(sign))].head(1)
        examples.append(f"'{name}' ({cell.iloc[0]} is read as {without_sign(cell, sign).iloc[0]})")
    message = (
        f"{len(found)} column(s) of {source.title} write a sign beside their numbers: {', '.join(examples)}"
        f"{' …' if len(found) > _SHOWN else ''}. If a column means something else, save its numbers without "
        "the sign."
    )
    return Problem("number_signs", message, field="source", severity="warning")
