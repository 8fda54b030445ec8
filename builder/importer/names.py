"""Ids of blocks for the names of layers, which may be any text."""

from __future__ import annotations

import re

from builder.graph.structure import NODE_ID

LONGEST_ID = 50


class Ids:
    """Gives every name an id of its own; a name that can be an id is its own id."""

    def __init__(self, wanted: list[str]) -> None:
        # Names that fit keep their form, whichever comes first.
        self._taken = {name for name in wanted if NODE_ID.match(name)}

    def own(self, name: str) -> str:
        """Return the id of the layer of this name."""
        return name if name in self._taken else self.fresh(slug(name))

    def fresh(self, stem: str) -> str:
        """Return an id that is not taken, from now on taken: the stem, or the stem and a number."""
        number, found = 2, stem
        while found in self._taken:
            found = f"{stem}_{number}"
            number += 1
        self._taken.add(found)
        return found


def slug(name: str) -> str:
    """Return a name in the letters that an id may have."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:LONGEST_ID].strip("_")
    return plain if plain[:1].isalpha() else f"layer_{plain}".rstrip("_")
