"""Tags of words, such as B-PER, I-PER and O, and the entities that they mark.

Of the schemes in use, one is kept inside: IOB2, where every entity begins with B-.

References:
    Tjong Kim Sang & De Meulder, Introduction to the CoNLL-2003 Shared Task (2003), section 2.
    The definitions are those of the script conlleval, which the library seqeval follows by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

OUTSIDE = "O"
# What one letter before the hyphen stands for: B begins, I goes on, E and L end, S and U are alone.
PREFIXES = frozenset("BIOESLU")
BEGINS = frozenset("BSU")
ENDS = frozenset("ESLU")


class Entity(NamedTuple):
    """A named stretch of words: its type and the places of its first and last word."""

    kind: str
    first: int
    last: int


def entities_of(tags: Sequence[str]) -> list[Entity]:
    """Return the entities of a sentence's tags, in order, read leniently as ``conlleval`` does.

    An entity begins at a B (or S, U), and at any other tag of a type that does not go on from the tag
    before; it ends before O, before another type, before a new beginning, and after E (or L, S, U).
    """
    found: list[Entity] = []
    prefix, kind, first = OUTSIDE, "", 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        next_prefix, next_kind = parts_of(tag)
        is_new = next_kind != kind or next_prefix in BEGINS or prefix in ENDS
        if prefix != OUTSIDE and (next_prefix == OUTSIDE or is_new):
            found.append(Entity(kind, first, place - 1))
        if next_prefix != OUTSIDE and (prefix == OUTSIDE or is_new):
            first = place
        prefix, kind = next_prefix, next_kind
    return found


def parts_of(tag: str) -> tuple[str, str]:
    """Return a tag's letter and type; a tag without a letter, such as ``PER``, counts as I."""
    if tag == OUTSIDE or not tag:
        return OUTSIDE, ""
    letter, hyphen, kind = tag.partition("-")
    if hyphen and letter in PREFIXES:
        return letter, kind
    return "I", tag


def to_iob2(tags: Sequence[str]) -> list[str]:
    """Return the tags of the same entities in which each begins with B- and goes on with I-."""
    written = [OUTSIDE] * len(tags)
    for entity in entities_of(tags):
        written[entity.first] = f"B-{entity.kind}"
        for place in range(entity.first + 1, entity.last + 1):
            written[place] = f"I-{entity.kind}"
    return written


def begun_inside(tags: Sequence[str]) -> int:
    """Return how many entities begin with I- instead of B-."""
    return sum(tags[entity.first].startswith("I-") for entity in entities_of(tags))


def class_names_of(sentences: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return the classes that sentences' IOB2 tags ask for: O, then B and I of each type, by name."""
    kinds = sorted({parts_of(tag)[1] for tags in sentences for tag in tags} - {""})
    return (OUTSIDE, *(f"{letter}-{kind}" for kind in kinds for letter in "BI"))
