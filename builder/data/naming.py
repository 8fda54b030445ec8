"""The order in which a person expects names: 2 before 10."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[int, int, str, str], ...]:
    """Return a sorting key that compares runs of digits as numbers."""
    return tuple(_piece_key(piece) for piece in _NUMBER.split(name) if piece)


def _piece_key(piece: str) -> tuple[int, int, str, str]:
    if not piece.isdecimal():
        return 1, 0, piece, ""
    # Of two numbers the longer is the larger; Python makes no whole number of thousands of digits.
    digits = piece.lstrip("0")
    return 0, len(digits), digits, piece
