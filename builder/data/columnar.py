"""Parquet and Arrow files: their columns as text cells, a chunk at a time."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from builder.data.large_csv import text_frame
from builder.data.packed import damage_told, open_unpacked, table_in_zip
from builder.data.some_rows import spread
from builder.data.table_source import CHUNK_ROWS, LARGE_BYTES, Chunk, TableSource, some_rows_warning
from builder.data.tables import MAXIMUM_COLUMNS
from builder.errors import Problem, stop

_SAMPLE_ROWS = 20_000
_SLICES = 20
# Values that repeat take nearly no room in a columnar file, but as much as any others in memory.
_BYTES_OF_A_CELL = 8
Place = TypeVar("Place")


def read_parquet(files: Sequence[Path], title: str) -> TableSource:
    """Return the columns of Parquet files, one after the other; each may be the only table of a zip.

    Raises:
        BuilderError: where a file is damaged or cut off, or its columns are none that can be used.
    """
    schemas, rows, size = [], 0, 0
    for file in files:
        with _explained(file):
            metadata = parquet.read_metadata(_unpacked(file))
            schemas.append(parquet.read_schema(_unpacked(file)))
            rows += metadata.num_rows
            size += sum(
                metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)
            )

    def frames(columns: list[str]) -> Iterator[pd.DataFrame]:
        for file in files:
            with _explained(file):
                for batch in parquet.ParquetFile(_unpacked(file)).iter_batches(CHUNK_ROWS, columns=columns):
                    yield _cells(batch)

    def some(columns: list[str]) -> Iterator[pd.DataFrame]:
        groups = [(file, number) for file in files for number in range(_row_groups(file))]
        chosen = _spread(groups)
        for file, number in chosen:
            with _explained(file):
                batches = parquet.ParquetFile(_unpacked(file)).iter_batches(
                    max(_SAMPLE_ROWS // len(chosen), 1), row_groups=[number], columns=columns
                )
                yield from map(_cells, islice(batches, 1))

    return _table(files, title, schemas, rows, size, frames, some)


def read_arrow(files: Sequence[Path], title: str) -> TableSource:
    """Return the columns of Arrow files, as Hugging Face's ``save_to_disk`` writes them.

    Raises:
        BuilderError: where a file is damaged or cut off, or its columns are none that can be used.
    """
    schemas, lengths = [], []
    for file in files:
        with _explained(file), pa.memory_map(str(file)) as stream:
            schemas.append(pa.ipc.open_stream(stream).schema)
            lengths.append([len(batch) for batch in _stream_batches(file)])

    def frames(columns: list[str]) -> Iterator[pd.DataFrame]:
        for file in files:
            with _explained(file):
                for batch in _stream_batches(file):
                    for start in range(0, len(batch), CHUNK_ROWS):
                        yield _cells(batch.select(columns).slice(start, CHUNK_ROWS))

    def some(columns: list[str]) -> Iterator[pd.DataFrame]:
        places = [(file, place) for file, sizes in enumerate(lengths) for place in range(len(sizes))]
        chosen = set(_spread(places))
        most = max(_SAMPLE_ROWS // max(len(chosen), 1), 1)
        for number, file in enumerate(files):
            with _explained(file):
                for place, batch in enumerate(_stream_batches(file)):
                    if (number, place) in chosen:
                        yield _cells(batch.select(columns).slice(0, most))

    rows, size = sum(map(sum, lengths)), sum(file.stat().st_size for file in files)
    return _table(files, title, schemas, rows, size, frames, some)


def _stream_batches(file: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(file)) as stream:
        yield from pa.ipc.open_stream(stream)


def _unpacked(file: Path) -> Any:
    """Return a file as Arrow opens it; one in a zip is read into memory, since its end is read first."""
    if table_in_zip(file) is None:
        return file
    with damage_told(file), open_unpacked(file) as stream:
        return io.BytesIO(stream.read())


def _row_groups(file: Path) -> int:
    return int(parquet.read_metadata(_unpacked(file)).num_row_groups)


def _spread(places: list[Place]) -> list[Place]:
    """Return some of many places, evenly spread."""
    return [places[number] for number in spread(len(places), _SLICES)]


def _table(
    files: Sequence[Path],
    title: str,
    schemas: Sequence[pa.Schema],
    rows: int,
    size: int,
    frames: Callable[[list[str]], Iterator[pd.DataFrame]],
    some: Callable[[list[str]], Iterator[pd.DataFrame]],
) -> TableSource:
    fields = list(schemas[0])
    columns = [field.name for field in fields if _is_plain(field.type)]
    problems = _left_out(title, [field.name for field in fields if not _is_plain(field.type)])
    _check(title, columns, rows)
    _check_alike(files, columns, schemas)

    def stream(found: list[Problem]) -> Iterator[Chunk]:
        start = 0
        for frame in frames(columns):
            if len(frame):
                yield Chunk(frame, np.arange(start, start + len(frame)) + 1)
                start += len(frame)

    if max(size, rows * len(columns) * _BYTES_OF_A_CELL) <= LARGE_BYTES:
        frame = pd.concat([chunk.frame for chunk in stream([])], ignore_index=True)
        return TableSource(title, frame, np.arange(rows) + 1, tuple(files), problems=problems)
    frame = pd.concat(some(columns), ignore_index=True)
    problems = (*problems, some_rows_warning(title, len(frame), rows))
    lines = np.arange(len(frame)) + 1
    return TableSource(title, frame, lines, tuple(files), problems=problems, stream=stream, rows=rows)


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
        or pa.types.is_string_view(kind)
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


def _check_alike(files: Sequence[Path], columns: Sequence[str], schemas: Sequence[pa.Schema]) -> None:
    for file, schema in zip(files, schemas, strict=True):
        for name in columns:
            found = len(schema.get_all_field_indices(name))
            if found > 1:
                message = (
                    f"{file.name} has {found} columns of the name '{name}', so that they cannot be told "
                    "apart. Give each column a name of its own and save the file again."
                )
                raise stop("columns_alike", message, field="source")
            if not found:
                message = (
                    f"{file.name} has no column '{name}', which {files[0].name} has. Save all files with the "
                    "same columns, or leave that file out."
                )
                raise stop("columns_differ", message, field="source")


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
