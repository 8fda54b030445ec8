"""Texts as one long row of tokens, cut into pieces from which a model learns what comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.columns import table_facts
from builder.data.files import hash_files
from builder.data.spec import TEXT_INPUT, ArraySpec, DataSpec, ModelInput
from builder.data.splits import MINIMUM_ROWS, split_rows
from builder.data.table_rows import settled_roles
from builder.data.table_source import TableSource
from builder.data.tokenizers import cutter, fit_tokenizer
from builder.data.windows import TOKENS_FILE, window_parts
from builder.data.writing import ArrayWriter, write_array
from builder.errors import Problem, stop
from builder.params import AUTO
from builder.project import DataRecipe

# What stands between two texts, so that the model learns where one ends.
BETWEEN_TEXTS = "\n\n"
PROPOSED_LENGTH = 128


def prepare_language(
    recipe: DataRecipe, source: TableSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write a text's tokens and the parts of its pieces; return the specification and warnings.

    The parts follow each other in the text, and the vocabulary is that of the training part.

    Raises:
        BuilderError: where no column holds texts, or the text is too short.
    """
    column = text_column(recipe, source)
    problems = list(source.problems)
    split = {**recipe.split_settings(), "method": "ordered"}
    rows = split_rows(split, checked_texts(source), None)
    settings = recipe.settings()
    last = int(rows["train"][-1])

    def training() -> Iterator[list[str]]:
        yield from ([text] for number, text in texts_of(source, column, []) if number <= last)

    tokenizer = fit_tokenizer(settings["tokenizer"], training, settings["vocabulary_size"])
    ends = write_tokens(source, column, tokenizer, folder, problems, on_progress)
    length = PROPOSED_LENGTH if settings["sequence_length"] == AUTO else settings["sequence_length"]
    stride = length if settings["window_stride"] == AUTO else settings["window_stride"]
    edges = {part: (end_of(ends, chosen[0] - 1), end_of(ends, chosen[-1])) for part, chosen in rows.items()}
    count = max((int(ends[-1]) - 1 - length) // stride + 1, 0)
    parts = window_parts(edges, 0, length, count, stride)
    for part, chosen in parts.items():
        if not len(chosen):
            message = (
                f"The {part} part of the text has {edges[part][1] - edges[part][0]:,} token(s), too few "
                f"for a piece of {length}. Lower the sequence length, or choose a longer text."
            )
            raise stop("text_too_short", message, field="sequence_length")
        write_array(folder / f"{part}.npy", chosen)
    described = {**tokenizer, "sequence_length": length, "column": column}
    spec = DataSpec(
        task=recipe.task,
        inputs=(ModelInput(TEXT_INPUT, "text", (ArraySpec("tokens", (length,), "int32"),), described),),
        target_name=column,
        target_shape=(length,),
        windows={"length": length, "stride": stride},
        rows={part: len(chosen) for part, chosen in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
        reading=source.reading,
    )
    return spec, problems


def text_column(recipe: DataRecipe, source: TableSource) -> str:
    """Return the one column of texts.

    Raises:
        BuilderError: where there is none, or several.
    """
    facts = table_facts(source.frame, source.decimal_comma)
    roles = settled_roles(recipe.roles, source, facts)
    found = [name for name, role in roles.items() if role == "text"]
    if len(found) == 1:
        return found[0]
    message = (
        f"A language model learns from one column of texts; {len(found)} are chosen. Give exactly one column "
        "the role text."
    )
    raise stop("no_text_column", message, field="roles")


def checked_texts(source: TableSource) -> int:
    """Return the number of rows of a source.

    Raises:
        BuilderError: where they are too few to be parted.
    """
    count = sum(len(chunk.frame) for chunk in source.chunks([]))
    if count < MINIMUM_ROWS:
        message = (
            f"{source.title} has {count} line(s) or paragraph(s) of text; at least {MINIMUM_ROWS} are needed "
            "to have some for each part of the data. Break the text into more lines, or choose a longer one."
        )
        raise stop("too_few_rows", message, field="source")
    return count


def texts_of(source: TableSource, column: str, problems: list[Problem]) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of every row, with what parts texts behind it."""
    number = 0
    for chunk in source.chunks(problems):
        for text in chunk.frame[column]:
            yield number, f"{text}{BETWEEN_TEXTS}" if text else ""
            number += 1


def write_tokens(
    source: TableSource,
    column: str,
    tokenizer: Mapping[str, Any],
    folder: Path,
    problems: list[Problem],
    on_progress: Callable[[float, str], None],
) -> np.ndarray:
    """Write every token, and return the number of tokens up to the end of each text."""
    lengths, tokens_of = [], cutter(tokenizer)
    with (folder / TOKENS_FILE).open("wb") as stream:
        writer = ArrayWriter(stream, (), "int32")
        for number, text in texts_of(source, column, problems):
            tokens = tokens_of(text)
            writer.append(np.array(tokens, dtype=np.int32))
            lengths.append(len(tokens))
            if number % 1000 == 0:
                on_progress(0.3 + 0.6 * min(number / max(source.row_count, 1), 1.0), f"Text {number:,}")
        writer.finish()
    return np.cumsum(lengths)


def end_of(ends: np.ndarray, row: int) -> int:
    """Return the number of tokens up to the end of a row; 0 before the first one."""
    return int(ends[row]) if row >= 0 else 0
