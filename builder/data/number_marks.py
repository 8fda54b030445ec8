"""How a number with marks between thousands is written. Needs no pandas, so that a server can carry it."""

from __future__ import annotations

import re


def number_pattern(thousands: str, decimal: str) -> str:
    """Return the regular expression of a number that may have marks between thousands."""
    return rf"[+-]?([1-9]\d{{0,2}}([{thousands}]\d{{3}})+|\d+)([{decimal}]\d*)?"


def plain_number(text: str, thousands: str, decimal: str) -> str:
    """Return a number without marks between thousands, and a point before decimals; other text as it is."""
    if not re.fullmatch(number_pattern(thousands, decimal), text.strip()):
        return text
    return text.strip().replace(thousands, "").replace(decimal, ".")
