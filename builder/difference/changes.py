"""A change and a list of changes: frozen values with words for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

ADDED, REMOVED, CHANGED, RENAMED = "added", "removed", "changed", "renamed"
MOST_NAMED = 3
LONGEST_VALUE = 60
# What is worth more words comes first.
ORDER = (
    "added",
    "removed",
    "replaced",
    "renamed",
    "parameter",
    "property",
    "wire",
    "own_block",
    "data",
    "training",
    "project",
    "layout",
)


@dataclass(frozen=True)
class Change:
    """One change from one document to another.

    ``what`` is one of ``ORDER``. ``block`` is the block's name afterwards, or before where it was
    removed. A ``cosmetic`` change leaves the data, the model and the training as they were.
    """

    what: str
    words: str
    block: str | None = None
    field: str | None = None
    before: Any = None
    after: Any = None
    cosmetic: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True)
class Difference:
    """Every change from one document to another, and which block became which."""

    changes: tuple[Change, ...] = ()
    blocks: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        """Whether data, model and training are the same; names, notes and places may differ."""
        return all(change.cosmetic for change in self.changes)

    def marks_before(self) -> dict[str, str]:
        """Return how the blocks of the first document fare: removed, renamed or changed, by name."""
        became = {after: before for before, after in self.blocks.items()}
        marks = {became.get(name, name): mark for name, mark in self._marks().items() if mark != ADDED}
        return marks | {change.block: REMOVED for change in self._of("removed") if change.block}

    def marks_after(self) -> dict[str, str]:
        """Return how the blocks of the second document came about: added, renamed or changed, by name."""
        return self._marks() | {change.block: ADDED for change in self._of("added") if change.block}

    def words(self, limit: int = MOST_NAMED) -> str:
        """Return the changes as one line; many of one sort are counted, and the rest is counted too."""
        shown = [change for change in self.changes if not change.cosmetic] or list(self.changes)
        parts = [part for what in ORDER for part in _counted(what, shown)]
        more = len(parts) - limit
        return "; ".join([*parts[:limit], f"and {more} more"] if more > 0 else parts)

    def to_json(self) -> dict[str, Any]:
        """Return the difference as JSON-ready data."""
        return {
            "same": self.is_same,
            "changes": [change.to_json() for change in self.changes],
            "blocks": dict(self.blocks),
        }

    def _of(self, what: str) -> list[Change]:
        return [change for change in self.changes if change.what == what]

    def _marks(self) -> dict[str, str]:
        kept = ("parameter", "property", "replaced", "wire")
        marks = {change.block: CHANGED for change in self.changes if change.what in kept and change.block}
        renamed = {change.block: RENAMED for change in self._of("renamed") if change.block}
        return {name: mark for name, mark in (renamed | marks).items() if name}


def shown(value: Any) -> str:
    """Return a value of a document in a few characters."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def became(before: Any, after: Any) -> str:
    """Return "64 → 128"."""
    return f"{shown(before)} → {shown(after)}"


def _counted(what: str, changes: Iterable[Change]) -> list[str]:
    found = [change for change in changes if change.what == what]
    if what in ("added", "removed", "renamed") and len(found) > MOST_NAMED:
        return [f"{what} {len(found)} blocks"]
    return [change.words for change in found]
