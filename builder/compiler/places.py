"""Inputs and outputs of a model as its file has them: alone, in a list, or by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Placed = Sequence[tuple[Sequence[str | int] | None, Any]]


def arranged(items: Placed) -> Any:
    """Return values, given with their places, as one structure of objects and lists.

    A place is the way to a value, such as ``["scores", 0]``. Where a place is missing or two do not go
    together, a lone value stands for itself and several form a list.
    """
    places = [(list(place), value) for place, value in items if place is not None]
    if len(places) == len(items):
        try:
            return _grown(places)
        except ValueError:
            pass
    values = [value for _, value in items]
    return values[0] if len(values) == 1 else values


def _grown(items: list[tuple[list[str | int], Any]]) -> Any:
    if len(items) == 1 and not items[0][0]:
        return items[0][1]
    if not items or not all(place for place, _ in items):
        raise ValueError("Two values have one place.")
    heads = list(dict.fromkeys(place[0] for place, _ in items))
    parts = {
        head: _grown([(place[1:], value) for place, value in items if place[0] == head]) for head in heads
    }
    if all(isinstance(head, str) for head in heads):
        return parts
    if set(heads) != set(range(len(heads))):
        raise ValueError("The numbers of a list's places must go up from 0.")
    return [parts[number] for number in range(len(heads))]
