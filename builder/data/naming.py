"""The order in which a person expects names: 2 before 10."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"(\d+)")
_WHOLE_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def in_natural_order(names: Iterable[str]) -> list[str]:
    """Return names by their numbers where all are numbers, else with runs of digits compared as numbers."""
    ordered = sorted(names, key=_natural_key)
    return sorted(ordered, key=float) if all(map(_WHOLE_NUMBER.fullmatch, ordered)) else ordered


def _natural_key(name: str) -> tuple[tuple[int, int, str, str], ...]:
    return tuple(_piece_key(piece) for piece in _NUMBER.split(name) if piece)


def _piece_key(piece: str) -> tuple[int, int, str, str]:
    if not piece.isdecimal():
        return 1, 0, piece, ""
    # Of two numbers the longer is the larger; Python makes no whole number of thousands of digits.
    digits = piece.lstrip("0")
    return 0, len(digits), digits, piece
