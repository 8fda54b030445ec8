"""The order in which a person expects names: 2 before 10."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sorting key that compares runs of digits as numbers."""
    pieces = [piece for piece in _NUMBER.split(name) if piece]
    return tuple((0, int(piece), piece) if piece.isdecimal() else (1, 0, piece) for piece in pieces)
