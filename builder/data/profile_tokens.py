"""What is known of tagged sentences before they are prepared."""

from __future__ import annotations

from collections import Counter
from typing import Any

from builder.data.prepare_tokens import tagged_sentences
from builder.data.some_rows import spread
from builder.data.splits import split_rows
from builder.data.table_source import TableSource
from builder.data.tagged_text import TAGS, TOKENS, words_in
from builder.data.tags import entities_of
from builder.errors import BuilderError, Problem
from builder.project import DataRecipe

EXAMPLES = 12


def profile_tokens(recipe: DataRecipe, source: TableSource) -> dict[str, Any]:
    """Return what ``builder.data.profile.profile`` tells of tagged sentences.

    ``class_balance`` counts the entities of each type; ``examples`` holds sentences and their entities.
    """
    problems: list[Problem] = []
    try:
        table = tagged_sentences(source)
    except BuilderError as error:
        return {**_NOTHING, "rows": len(source.frame), "problems": [*source.problems, *error.problems]}
    problems += table.problems
    parts = None
    try:
        split = split_rows(recipe.split_settings(), len(table.frame), None, (), table.is_test)
        parts = {part: len(rows) for part, rows in split.items()}
    except BuilderError as error:
        problems += error.problems
    counts = Counter(entity.kind for cell in table.frame[TAGS] for entity in entities_of(words_in(cell)))
    return {
        **_NOTHING,
        "rows": len(table.frame),
        "parts": parts,
        "class_balance": dict(sorted(counts.items())) or None,
        "examples": _examples(table),
        "problems": problems,
    }


_NOTHING: dict[str, Any] = {
    "kind": "text",
    "parts": None,
    "class_balance": None,
    "columns": None,
    "split_columns": [],
    "examples": [],
}


def _examples(table: TableSource) -> list[dict[str, str]]:
    """Return sentences that have entities, spread over the table."""
    with_entities = [
        row for row, cell in enumerate(table.frame[TAGS]) if any(tag != "O" for tag in words_in(cell))
    ]
    found = []
    for place in spread(len(with_entities), EXAMPLES):
        row = with_entities[place]
        words, tags = words_in(table.frame[TOKENS].iloc[row]), words_in(table.frame[TAGS].iloc[row])
        named = [
            f"{entity.kind}: {' '.join(words[entity.first : entity.last + 1])}"
            for entity in entities_of(tags)
        ]
        found.append({"Sentence": " ".join(words)[:400], "Names": "; ".join(named)})
    return found
