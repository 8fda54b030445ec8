"""Pairs of texts as tokens: what a decoder reads, what it has written so far, and what it writes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from builder.data.columns import table_facts
from builder.data.files import hash_files
from builder.data.spec import (
    TARGET_INPUT,
    TARGET_TEXT,
    TARGET_TOKENS,
    TEXT_INPUT,
    ArraySpec,
    DataSpec,
    ModelInput,
)
from builder.data.split_values import TimeReader, no_such_column
from builder.data.splits import split_columns, split_problems, split_rows
from builder.data.table_rows import ROWS_FILE, Gathered, gather, joined, row_batches, settled_roles
from builder.data.table_source import TableSource
from builder.data.tokenizers import encode_texts, fit_tokenizer, fitting_length, padded_tokens
from builder.data.writing import ArrayWriter, RowsWriter, write_array
from builder.errors import Problem, stop
from builder.params import AUTO
from builder.project import DataRecipe

START, END = "[START]", "[END]"
START_TOKEN, END_TOKEN = 2, 3
# So many different prefixes are offered by name; more are no tasks.
MOST_PREFIXES = 50


@dataclass(frozen=True)
class PairColumns:
    """The columns of a table of pairs; ``prefix`` tells which task a row is of, where there are several."""

    text: str
    target: str
    prefix: str | None


def pair_columns(recipe: DataRecipe, source: TableSource) -> PairColumns:
    """Return the columns that a recipe takes pairs of texts from.

    Raises:
        BuilderError: where there is not exactly one text and one target.
    """
    roles = settled_roles(recipe.roles, source, table_facts(source.frame, source.decimal_comma))
    found = {
        role: [name for name, own in roles.items() if own == role and name in source.frame.columns]
        for role in ("text", "target", "prefix")
    }
    if len(found["text"]) != 1 or len(found["target"]) != 1 or len(found["prefix"]) > 1:
        message = (
            "A text made from a text needs one column with the role text, which is read, one to predict, "
            "which is written, and at most one with the role task prefix. Chosen are "
            f"{len(found['text'])}, {len(found['target'])} and {len(found['prefix'])}. The columns "
            f"are: {', '.join(list(source.frame.columns)[:20])}."
        )
        raise stop("pair_columns", message, field="roles")
    return PairColumns(found["text"][0], found["target"][0], next(iter(found["prefix"]), None))


def prepare_pairs(
    recipe: DataRecipe, source: TableSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write pairs of texts as tokens; return the specification and warnings.

    One vocabulary, learned from the training part, serves both sides. The model reads the text (array
    ``tokens``) and the answer one token behind (``target_tokens``, which begins with the start token); the
    target is the answer and the end token, padded with 0.

    Raises:
        BuilderError: where columns or rows do not make pairs.

    Reference:
        Raffel et al., Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer
        (2020), for tasks told apart by a prefix.
    """
    columns = pair_columns(recipe, source)
    problems = list(source.problems)
    split = recipe.split_settings()
    gathered, prefixes, count = _write_rows(source, columns, split, folder, problems, on_progress)
    parts = split_rows(
        split,
        count,
        None,
        is_test=joined(gathered.is_test),
        groups=joined(gathered.groups),
        times=joined(gathered.times),
    )
    on_progress(0.4, "Learning the vocabulary")
    inputs = _inputs(recipe.settings(), folder / ROWS_FILE, columns, _marked(count, parts["train"]), prefixes)
    _write_arrays(folder, columns, inputs, count, on_progress)
    for part, chosen in parts.items():
        write_array(folder / f"{part}.npy", chosen)
    spec = DataSpec(
        task=recipe.task,
        inputs=inputs,
        target_name=columns.target,
        target_shape=inputs[1].arrays[0].shape,
        rows={part: len(chosen) for part, chosen in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
        reading=source.reading,
    )
    return spec, [*problems, *split_problems(split, parts, count)]


def shifted(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what a decoder reads and what it should write for answers, all (rows, length), int32.

    Args:
        tokens: answers as token ids, padded with 0.
    """
    read = np.concatenate([np.full((len(tokens), 1), START_TOKEN), tokens[:, :-1]], axis=1)
    written = tokens.copy()
    lengths = (tokens != 0).sum(axis=1)
    # An answer that was cut has no end yet.
    fits = lengths < tokens.shape[1]
    written[fits, lengths[fits]] = END_TOKEN
    return read.astype(np.int32), written


def pair_texts(folder: Path, spec: DataSpec) -> tuple[list[str], list[str]]:
    """Return all texts and their answers in a folder of prepared pairs, by row."""
    texts: list[str] = []
    answers: list[str] = []
    for _, batch in row_batches(folder / ROWS_FILE):
        texts += batch.column(spec.inputs[0].settings["column"]).to_pylist()
        answers += batch.column(spec.target_name).to_pylist()
    return texts, answers


def _write_rows(
    source: TableSource,
    columns: PairColumns,
    split: Mapping[str, Any],
    folder: Path,
    problems: list[Problem],
    on_progress: Callable[[float, str], None],
) -> tuple[Gathered, list[str], int]:
    group, time = split_columns(split)
    for column in (group, time):
        if column is not None and column not in source.frame.columns:
            raise no_such_column(column, list(source.frame.columns))
    times = None if time is None else TimeReader(source.frame[time])
    gathered, prefixes, count = Gathered(), dict[str, None](), 0
    schema = pa.schema([(name, pa.string()) for name in (columns.text, columns.target)])
    with RowsWriter(folder / ROWS_FILE, schema) as writer:
        for chunk in source.chunks(problems):
            texts, answers = (chunk.frame[name].str.strip() for name in (columns.text, columns.target))
            kept = np.flatnonzero((texts != "") & (answers != ""))
            if columns.prefix is not None:
                given = chunk.frame[columns.prefix].str.strip()
                prefixes |= dict.fromkeys(given.iloc[kept].unique())
                texts = (given + " " + texts).str.strip()
            pair = {columns.text: texts, columns.target: answers}
            writer.append({name: _strings(cells, kept) for name, cells in pair.items()}, len(kept))
            gather(gathered, chunk, kept, group, times, time)
            count += len(kept)
            on_progress(
                0.4 * min(gathered.read / max(source.row_count, 1), 1.0),
                f"Reading the rows ({gathered.read:,})",
            )
    if count < gathered.read:
        message = f"{gathered.read - count:,} row(s) lack a text or its answer and were left out."
        problems.append(Problem("rows_left_out", message, severity="warning"))
    return gathered, list(prefixes), count


def _strings(cells: pd.Series, kept: np.ndarray) -> pa.Array:
    return pa.array(cells.iloc[kept], type=pa.string(), from_pandas=True)


def _marked(count: int, rows: np.ndarray) -> np.ndarray:
    marked = np.zeros(count, dtype=bool)
    marked[rows] = True
    return marked


def _inputs(
    settings: Mapping[str, Any], path: Path, columns: PairColumns, is_train: np.ndarray, prefixes: list[str]
) -> tuple[ModelInput, ModelInput]:
    def texts(*names: str) -> Iterator[list[str]]:
        for start, batch in row_batches(path):
            for name in names:
                yield batch.column(name).filter(pa.array(is_train[start : start + len(batch)])).to_pylist()

    tokenizer = fit_tokenizer(
        settings["tokenizer"],
        lambda: texts(columns.text, columns.target),
        settings["vocabulary_size"],
        (START, END),
    )
    length, target_length = settings["sequence_length"], settings["target_length"]
    length = fitting_length(tokenizer, texts(columns.text)) if length == AUTO else length
    if target_length == AUTO:
        # One more for the end.
        target_length = fitting_length(tokenizer, texts(columns.target), 4095) + 1
    offered = {"prefixes": sorted(filter(None, prefixes))} if len(prefixes) <= MOST_PREFIXES else {}
    read = {**tokenizer, "sequence_length": length, "column": columns.text, **offered}
    marks = {"start": START_TOKEN, "end": END_TOKEN}
    written = {**tokenizer, **marks, "sequence_length": target_length, "column": columns.target}
    return (
        ModelInput(TEXT_INPUT, "text", (ArraySpec("tokens", (length,), "int32"),), read),
        ModelInput(
            TARGET_INPUT, TARGET_TEXT, (ArraySpec(TARGET_TOKENS, (target_length,), "int32"),), written
        ),
    )


def _write_arrays(
    folder: Path,
    columns: PairColumns,
    inputs: tuple[ModelInput, ModelInput],
    count: int,
    on_progress: Callable[[float, str], None],
) -> None:
    lengths = {"tokens": inputs[0], TARGET_TOKENS: inputs[1], "targets": inputs[1]}
    with ExitStack() as stack:
        writers = {
            name: ArrayWriter(
                stack.enter_context((folder / f"{name}.npy").open("wb")), item.arrays[0].shape, "int32"
            )
            for name, item in lengths.items()
        }
        for start, batch in row_batches(folder / ROWS_FILE):
            answers = padded_tokens(inputs[1].settings, batch.column(columns.target).to_pylist())
            read, written = shifted(answers)
            texts = encode_texts(inputs[0].settings, batch.column(columns.text).to_pylist())
            for name, values in {"tokens": texts, TARGET_TOKENS: read, "targets": written}.items():
                writers[name].append(values)
            on_progress(0.6 + 0.35 * start / max(count, 1), f"Encoding the rows ({start:,})")
        for writer in writers.values():
            writer.finish()
