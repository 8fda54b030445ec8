"""The first pass over a table: the columns in use as one Arrow file, and the column to predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from builder.data.columns import (
    INPUT_ROLES,
    ColumnFacts,
    ColumnTally,
    is_missing,
    propose_roles,
    tally_problems,
)
from builder.data.labels import joined_labels, label_readers
from builder.data.split_values import TimeReader, group_numbers, no_such_column
from builder.data.table_source import Chunk, TableSource
from builder.data.targets import TargetReader, Targets
from builder.data.transcripts import TranscriptReader
from builder.data.writing import RowsWriter
from builder.errors import Problem
from builder.tasks import FURTHER_ROLES, READ_AS, TASKS

ROWS_FILE = "rows.arrow"


@dataclass(frozen=True)
class RowsWritten:
    """What the first pass found: only rows that have every target count.

    ``further_targets`` holds name, task and values of what is predicted besides. ``groups`` and ``times``
    hold, where a split asks for them, a number a row that rows of one group share, and the moment of each row
    (NaN where there is none).
    """

    path: Path
    count: int
    targets: Targets
    is_test: np.ndarray | None
    groups: np.ndarray | None
    times: np.ndarray | None
    problems: tuple[Problem, ...]
    further_targets: tuple[tuple[str, str, Targets], ...] = ()


@dataclass
class Gathered:
    """What the rows read so far tell of their parts: given test rows, groups and moments."""

    read: int = 0
    is_test: list[np.ndarray] = field(default_factory=list)
    groups: list[np.ndarray] = field(default_factory=list)
    times: list[np.ndarray] = field(default_factory=list)


def settled_roles(
    chosen: Mapping[str, str], source: TableSource, facts: Mapping[str, ColumnFacts]
) -> dict[str, str]:
    """Return the role of every column: the chosen ones, or the proposed ones where none is chosen."""
    return dict(chosen) or propose_roles(facts, source.roles)


def target_columns(roles: Mapping[str, str]) -> list[str]:
    """Return the columns that are to be predicted, not counting further targets."""
    return [name for name, role in roles.items() if role == "target"]


def write_used_rows(
    source: TableSource,
    roles: Mapping[str, str],
    task: str,
    facts: Mapping[str, ColumnFacts],
    group_column: str | None,
    time_column: str | None,
    folder: Path,
    on_progress: Callable[[float, str], None],
) -> RowsWritten:
    """Write every column in use as a person sees it: numbers as numbers, missing values as null.

    Raises:
        BuilderError: where no row has a target, or a column for the split is not there.
    """
    for column in (group_column, time_column):
        if column is not None and column not in source.frame.columns:
            raise no_such_column(column, list(source.frame.columns))
    names = target_columns(roles)
    is_labels = TASKS[task].predicts == "labels"
    reader_of = partial(TargetReader, decimal_comma=source.decimal_comma)
    one = TranscriptReader if task == "transcription" else partial(reader_of, READ_AS.get(task, task))
    main = label_readers(source.frame, names) if is_labels else [one(names[0])]
    used = {name: roles[name] for name in source.frame.columns if roles.get(name) in INPUT_ROLES}
    further = [
        reader_of(FURTHER_ROLES[roles[name]], name)
        for name in source.frame.columns
        if roles.get(name) in FURTHER_ROLES
    ]
    readers = [*main, *further]
    read = [*used, *(reader.name for reader in readers)]
    tallies = {name: ColumnTally(name, facts[name].type) for name in read}
    times = None if time_column is None else TimeReader(source.frame[time_column])
    gathered, problems = Gathered(), [*source.problems]
    with RowsWriter(folder / ROWS_FILE, _schema(used)) as writer:
        for chunk in source.chunks(problems):
            kept = _take(chunk, used, tallies, readers, source.decimal_comma, writer)
            gather(gathered, chunk, kept, group_column, times, time_column)
            share = min(gathered.read / max(source.row_count, 1), 1.0)
            on_progress(0.05 + 0.45 * share, f"Reading the rows ({gathered.read:,})")
    found = [reader.finish() for reader in readers]
    pairs = [(reader.name, values) for reader, (values, _) in zip(readers, found, strict=True)]
    targets = joined_labels(pairs[: len(main)]) if is_labels else found[0][0]
    return RowsWritten(
        path=folder / ROWS_FILE,
        count=len(targets.values),
        targets=targets,
        is_test=joined(gathered.is_test),
        groups=joined(gathered.groups),
        times=joined(gathered.times),
        problems=(*problems, *tally_problems(tallies, roles), *(item for _, told in found for item in told)),
        further_targets=tuple(
            (reader.name, reader.task, values)
            for reader, (values, _) in zip(further, found[len(main) :], strict=True)
        ),
    )


def _take(
    chunk: Chunk,
    used: Mapping[str, str],
    tallies: Mapping[str, ColumnTally],
    readers: Sequence[TargetReader | TranscriptReader],
    decimal_comma: bool,
    writer: RowsWriter,
) -> np.ndarray:
    numbers = {
        name: tally.add(chunk.frame[name], chunk.lines, decimal_comma) for name, tally in tallies.items()
    }
    usable = [reader.usable(chunk.frame[reader.name], numbers[reader.name]) for reader in readers]
    kept = np.flatnonzero(np.logical_and.reduce(usable))
    for reader in readers:
        reader.add(chunk.frame[reader.name].iloc[kept], numbers[reader.name][kept])
    columns = {}
    for name, role in used.items():
        if role == "numeric":
            columns[name] = pa.array(numbers[name][kept], from_pandas=True)
        else:
            cells = chunk.frame[name].iloc[kept]
            shown = cells if role == "text" else cells.where(~is_missing(cells))
            columns[name] = pa.array(shown, type=pa.string(), from_pandas=True)
    writer.append(columns, len(kept))
    return kept


def gather(
    gathered: Gathered,
    chunk: Chunk,
    kept: np.ndarray,
    group_column: str | None,
    times: TimeReader | None,
    time_column: str | None,
) -> None:
    """Take in a chunk, of which the rows at the positions ``kept`` are used."""
    gathered.read += len(chunk.frame)
    if chunk.is_test is not None:
        gathered.is_test.append(chunk.is_test[kept])
    if group_column is not None:
        gathered.groups.append(group_numbers(chunk.frame[group_column].iloc[kept]))
    if times is not None:
        gathered.times.append(times.read(chunk.frame[time_column].iloc[kept]))


def joined(pieces: list[np.ndarray]) -> np.ndarray | None:
    """Return the pieces as one array, or None where there are none."""
    return np.concatenate(pieces) if pieces else None


def _schema(used: Mapping[str, str]) -> pa.Schema:
    return pa.schema(
        [(name, pa.float64() if role == "numeric" else pa.string()) for name, role in used.items()]
    )


def row_batches(path: Path) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Return the written rows batch by batch, each with the number of its first row."""
    start = 0
    # Read rather than mapped: a mapped file of many gigabytes counts as the process's own memory.
    with pa.OSFile(str(path)) as stream:
        reader = pa.ipc.open_file(stream)
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            yield start, batch
            start += len(batch)
