"""Writing token by token: what is likely next, with or without a cache, and the search for a whole text."""

from builder.explain.decoding.next_chances import NextChances
from builder.explain.decoding.search import answers

__all__ = ["NextChances", "answers"]
