"""A cache that forgets what was used longest ago once it weighs too much."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Kept(Generic[Item]):
    """Items by key, the last used ones up to a total weight.

    Args:
        most: the weight that all items may have together; the newest item stays whatever it weighs.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._total = 0.0
        self._items: OrderedDict[str, tuple[Item, float]] = OrderedDict()

    def get(self, key: str) -> Item | None:
        """Return the item under a key, or None."""
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[0]

    def put(self, key: str, item: Item, weight: float) -> None:
        """Keep an item, and forget the oldest ones where it becomes too much."""
        self.drop(key)
        self._items[key] = (item, weight)
        self._total += weight
        while self._total > self._most and len(self._items) > 1:
            self.drop(next(iter(self._items)))

    def drop(self, key: str) -> None:
        """Forget an item; nothing happens where there is none."""
        found = self._items.pop(key, None)
        if found is not None:
            self._total -= found[1]
