"""Numbers with a sign or a unit beside each, such as "$10", "5 %" or "70 kg", where a column has one only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from builder.data.columns import NUMERIC_SHARE, present_cells, to_numbers
from builder.data.number_marks import SIGNS, signed_pattern
from builder.data.table_codes import MISSING, NO_NUMBER
from builder.data.table_source import TableSource, rewritten
from builder.data.thousands import thousands_convention
from builder.errors import Problem

_PARTS_OF_A_NUMBER = str.maketrans("", "", "0123456789.,'’ \u00a0\u202f+-")
_NOTHING = frozenset((*MISSING, *NO_NUMBER))
_LOOKED_AT = 200
_SHOWN = 5


def without_signs(source: TableSource) -> TableSource:
    """Return a table with bare numbers in the columns that write one sign or unit beside each, and a warning.

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
    # Plain Python is many times faster than pandas on so few cells, and most columns end here.
    first = [cell for cell in cells.head(_LOOKED_AT).tolist() if cell.lower() not in _NOTHING]
    ((sign, _),) = Counter(cell.translate(_PARTS_OF_A_NUMBER) for cell in first).most_common(1) or [("", 0)]
    if sign not in SIGNS:
        return None
    distinct = present_cells(pd.Series(cells.unique(), dtype="str"))
    is_signed = distinct.str.fullmatch(signed_pattern(sign))
    if is_signed.mean() < NUMERIC_SHARE or distinct[~is_signed].str.contains(r"\d").any():
        return None
    bare = without_sign(distinct, sign)
    are_numbers = np.isfinite(to_numbers(bare, decimal_comma)).mean() >= NUMERIC_SHARE
    return sign if are_numbers or thousands_convention(bare, decimal_comma) else None


def _warning(source: TableSource, found: Mapping[str, str]) -> Problem:
    examples = []
    for name, sign in list(found.items())[:_SHOWN]:
        cells = source.frame[name]
        cell = cells[cells.str.fullmatch(signed_pattern(sign))].head(1)
        examples.append(f"'{name}' ({cell.iloc[0]} is read as {without_sign(cell, sign).iloc[0]})")
    message = (
        f"{len(found)} column(s) of {source.title} write a sign or a unit beside numbers: "
        f"{', '.join(examples)}{' …' if len(found) > _SHOWN else ''}. If a column means something else, save "
        "its numbers without it."
    )
    return Problem("number_signs", message, field="source", severity="warning")
