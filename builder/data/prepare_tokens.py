"""Sentences of tagged words as token ids, with a tag's class at the first token of each word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from builder.data.files import hash_files
from builder.data.spec import IGNORED, TEXT_INPUT, ArraySpec, DataSpec, ModelInput
from builder.data.splits import split_rows
from builder.data.table_rows import ROWS_FILE
from builder.data.table_source import TableSource
from builder.data.tagged_text import ROLES, TAGS, TOKENS, has_tags, tagged_rows, words_in
from builder.data.tags import class_names_of, to_iob2
from builder.data.words import encode_words, fit_words, fitting_steps
from builder.data.writing import ArrayWriter, RowsWriter, write_array
from builder.errors import Problem, stop
from builder.params import AUTO
from builder.project import DataRecipe

_ROWS_AT_ONCE = 2_000
# The automatic length lets go of the ends of about so many sentences, for the sake of all others' time.
_FEW_CUT = 0.02


def prepare_tokens(
    recipe: DataRecipe, source: TableSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write sentences as token ids and classes; return the specification and warnings.

    What is no word's first token, padding included, gets the class ``IGNORED``: it is neither learned from
    nor scored. The vocabulary is that of the training part.

    Raises:
        BuilderError: where the table holds no tagged sentences, or too few.
    """
    table = tagged_sentences(source)
    words = [words_in(cell) for cell in table.frame[TOKENS]]
    tags = [to_iob2(words_in(cell)) for cell in table.frame[TAGS]]
    parts = split_rows(recipe.split_settings(), len(words), None, (), table.is_test)
    names = class_names_of(tags[row] for row in parts["train"])
    problems = [*table.problems, *_unseen(tags, names, parts)]
    item = _input(recipe.settings(), [words[row] for row in parts["train"]])
    cut = _write(item.settings, words, tags, names, folder, on_progress)
    problems += _cut_warning(cut, len(words), item.settings["sequence_length"])
    for part, rows in parts.items():
        write_array(folder / f"{part}.npy", rows)
    spec = DataSpec(
        task=recipe.task,
        inputs=(item,),
        class_names=names,
        target_name=TAGS,
        target_shape=item.arrays[0].shape,
        rows={part: len(rows) for part, rows in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
        reading=source.reading,
    )
    return spec, problems


def tagged_sentences(source: TableSource) -> TableSource:
    """Return the tagged sentences of a table.

    Raises:
        BuilderError: where it has none, or is too large to be held in memory.
    """
    if source.is_large:
        message = f"{source.title} is too large for tagged sentences. Choose a part of it."
        raise stop("file_too_large", message, field="source")
    if source.roles == ROLES:
        return source
    if not has_tags(source):
        message = (
            f"{source.title} has no columns '{TOKENS}' and '{TAGS}' with lists of words and their tags. "
            'Bring JSON Lines such as {"tokens": ["Ann", "ran"], "tags": ["B-PER", "O"]}, or a file with one '
            "word and its tag a line; or choose another task."
        )
        raise stop("not_tagged", message, field="task")
    return tagged_rows(source)


def _input(settings: dict[str, Any], training: Sequence[Sequence[str]]) -> ModelInput:
    def sentences() -> Iterator[Sequence[Sequence[str]]]:
        for start in range(0, len(training), _ROWS_AT_ONCE):
            yield training[start : start + _ROWS_AT_ONCE]

    described = fit_words(settings["tokenizer"], sentences, settings["vocabulary_size"])
    length = settings["sequence_length"]
    length = fitting_steps(described, sentences) if length == AUTO else length
    described = {**described, "sequence_length": length, "column": TOKENS}
    return ModelInput(TEXT_INPUT, "text", (ArraySpec("tokens", (length,), "int32"),), described)


def _write(
    settings: Any,
    words: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    names: Sequence[str],
    folder: Path,
    on_progress: Callable[[float, str], None],
) -> int:
    """Write ids, classes and sentences; return how many sentences were cut."""
    length, cut = settings["sequence_length"], 0
    index = {name: number for number, name in enumerate(names)}
    schema = pa.schema([(TOKENS, pa.list_(pa.string())), (TAGS, pa.list_(pa.string()))])
    with (
        (folder / "tokens.npy").open("wb") as inputs,
        (folder / "targets.npy").open("wb") as targets,
        RowsWriter(folder / ROWS_FILE, schema) as rows,
    ):
        writers = [ArrayWriter(stream, (length,), "int32") for stream in (inputs, targets)]
        for start in range(0, len(words), _ROWS_AT_ONCE):
            chosen = slice(start, start + _ROWS_AT_ONCE)
            tokens, places = encode_words(settings, words[chosen])
            classes = np.full_like(tokens, IGNORED)
            for row, (steps, own) in enumerate(zip(places, tags[chosen], strict=True)):
                # A kind of entity that no training sentence has cannot be learned, so it is not scored here.
                classes[row, steps] = [index.get(tag, IGNORED) for tag in own[: len(steps)]]
                cut += len(steps) < len(own)
            for writer, array in zip(writers, (tokens, classes), strict=True):
                writer.append(array)
            columns = {TOKENS: pa.array(words[chosen]), TAGS: pa.array(tags[chosen])}
            rows.append(columns, len(tokens))
            on_progress(0.1 + 0.8 * start / len(words), f"Writing the sentences ({start:,})")
        for writer in writers:
            writer.finish()
    return cut


def _unseen(
    tags: Sequence[Sequence[str]], names: Sequence[str], parts: dict[str, np.ndarray]
) -> list[Problem]:
    held = [row for part in ("validation", "test") for row in parts[part]]
    kinds = sorted({tag[2:] for row in held for tag in tags[row]} - {name[2:] for name in names} - {""})
    if len(names) < 2:
        message = (
            "No word of the training part has a tag other than O, so there is nothing to find. Mark names "
            "with tags such as B-PER, or choose another file."
        )
        raise stop("one_class", message, field="source")
    if not kinds:
        return []
    message = (
        f"{', '.join(kinds[:5])}: no training sentence has an entity of this type, so none will be found. "
        "Choose another split or mark more sentences."
    )
    return [Problem("class_not_in_training", message, field="method", severity="warning")]


def _cut_warning(cut: int, total: int, length: int) -> list[Problem]:
    if cut <= _FEW_CUT * total:
        return []
    message = (
        f"{cut:,} of {total:,} sentences are longer than {length} tokens and were cut there. What was cut "
        "off counts as not found; raise the sequence length if it matters."
    )
    return [Problem("sentences_cut", message, field="sequence_length", severity="warning")]
