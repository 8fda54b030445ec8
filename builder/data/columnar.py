"""Parquet and Arrow files: their columns as text cells, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from builder.data.large_csv import text_frame
from builder.data.table_source import CHUNK_ROWS, LARGE_BYTES, Chunk, TableSource, some_rows_warning
from builder.data.tables import MAXIMUM_COLUMNS
from builder.errors import Problem, stop

_SAMPLE_ROWS = 20_000


def read_parquet(files: Sequence[Path], title: str) -> TableSource:
    """Return the columns of Parquet files, one after the other.

    Raises:
        BuilderError: where a file is damaged or cut off, or its columns are none that can be used.
    """
    with _explained(files[0]):
        counts = [parquet.ParquetFile(file).metadata.num_rows for file in files]
        size = sum(_unpacked_bytes(file) for file in files)
        schema = parquet.read_schema(files[0])

    def batches(columns: list[str]) -> Iterator[pa.RecordBatch]:
        for file in files:
            with _explained(file):
                yield from parquet.ParquetFile(file).iter_batches(CHUNK_ROWS, columns=columns)

    return _table(files, title, schema, sum(counts), size, batches)


def read_arrow(files: Sequence[Path], title: str) -> TableSource:
    """Return the columns of Arrow files, as Hugging Face's ``save_to_disk`` writes them.

    Raises:
        BuilderError: where a file is damaged or cut off, or its columns are none that can be used.
    """
    with _explained(files[0]), pa.memory_map(str(files[0])) as stream:
        schema = pa.ipc.open_stream(stream).schema
        rows = sum(len(batch) for file in files for batch in _stream_batches(file))

    def batches(columns: list[str]) -> Iterator[pa.RecordBatch]:
        for file in files:
            with _explained(file):
                for batch in _stream_batches(file):
                    for start in range(0, len(batch), CHUNK_ROWS):
                        yield batch.select(columns).slice(start, CHUNK_ROWS)

    return _table(files, title, schema, rows, sum(file.stat().st_size for file in files), batches)


def _stream_batches(file: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(file)) as stream:
        yield from pa.ipc.open_stream(stream)


def _unpacked_bytes(file: Path) -> int:
    metadata = parquet.ParquetFile(file).metadata
    return sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))


def _table(
    files: Sequence[Path],
    title: str,
    schema: pa.Schema,
    rows: int,
    size: int,
    batches: Callable[[list[str]], Iterator[pa.RecordBatch]],
) -> TableSource:
    columns = [field.name for field in schema if _is_plain(field.type)]
    problems = _left_out(title, [field.name for field in schema if not _is_plain(field.type)])
    _check(title, columns, rows)

    def stream(found: list[Problem]) -> Iterator[Chunk]:
        start = 0
        for batch in batches(columns):
            if len(batch):
                yield Chunk(_cells(batch), np.arange(start, start + len(batch)) + 1)
                start += len(batch)

    if size <= LARGE_BYTES:
        frame = pd.concat([chunk.frame for chunk in stream([])], ignore_index=True)
        return TableSource(title, frame, np.arange(rows) + 1, tuple(files), problems=problems)
    frame = _some_rows(batches(columns), rows)
    problems = (*problems, some_rows_warning(title, len(frame), rows))
    lines = np.arange(len(frame)) + 1
    return TableSource(title, frame, lines, tuple(files), problems=problems, stream=stream, rows=rows)


def _some_rows(batches: Iterator[pa.RecordBatch], rows: int) -> pd.DataFrame:
    """Return rows of the first chunks: columnar files are read from the beginning only."""
    frames, count = [], 0
    for batch in batches:
        frames.append(_cells(batch))
        count += len(batch)
        if count >= min(_SAMPLE_ROWS, rows):
            break
    return pd.concat(frames, ignore_index=True)


def _cells(batch: pa.RecordBatch) -> pd.DataFrame:
    """Write every value as a file of text would hold it."""
    columns = [_text(column) for column in batch.columns]
    return text_frame(pa.RecordBatch.from_arrays(columns, names=batch.schema.names))


def _text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_decimal(column.type) or pa.types.is_float16(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_floating(column.type):
        # A whole number that stands in a column of floats is written as one: 3, not 3.0.
        column = pc.if_else(pc.is_nan(column), None, column)
    return column.cast(pa.string())


def _is_plain(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_temporal(kind)
        or pa.types.is_null(kind)
    )


def _left_out(title: str, names: list[str]) -> tuple[Problem, ...]:
    if not names:
        return ()
    message = (
        f"Columns of {title} that hold lists, bytes or nested values were left out: {', '.join(names[:5])}"
        f"{' …' if len(names) > 5 else ''}."
    )
    return (Problem("columns_left_out", message, field="source", severity="warning"),)


def _check(title: str, columns: list[str], rows: int) -> None:
    if not columns:
        message = f"{title} has no column of numbers or words that can be used. Choose another file."
        raise stop("no_columns", message, field="source")
    if len(columns) > MAXIMUM_COLUMNS:
        message = (
            f"{title} has {len(columns):,} columns; at most {MAXIMUM_COLUMNS:,} can be used. Keep those that "
            "matter and save the file again."
        )
        raise stop("too_many_columns", message, field="source")
    if not rows:
        raise stop("no_rows", f"{title} has columns but no rows. Choose a file with rows.", field="source")


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowIOError) as error:
        message = (
            f"{file.name} is damaged or was cut off while it was copied: it cannot be read to its end. Copy, "
            "download or save it again."
        )
        raise stop("damaged_file", message, field="source") from error
