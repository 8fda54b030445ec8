"""Writing prepared arrays in order, so that a full disk is an error that can be told, not a crash.

Memory-mapped files are only ever read: writing through them on a full disk kills the process.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from builder.errors import stop

_ROWS_OF_A_BATCH = 10_000
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def further_targets_file(number: int) -> str:
    """Return the name of the file of a further target's values, counted from 0."""
    return f"further_targets_{number}.npy"


class ArrayWriter:
    """Appends rows to an ``.npy`` file whose number of rows is known only at the end."""

    def __init__(self, stream: BinaryIO, row_shape: tuple[int, ...], dtype: str) -> None:
        self._stream = stream
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self.rows = 0
        self._write_header()
        self._data_start = stream.tell()

    def append(self, rows: np.ndarray) -> None:
        """Write rows, shape (rows, *row_shape)."""
        self._stream.write(np.ascontiguousarray(rows, dtype=self._dtype).tobytes())
        self.rows += len(rows)

    def finish(self) -> None:
        """Put the final number of rows into the header."""
        self._stream.seek(0)
        self._write_header()
        # NumPy leaves room for a growing first axis; were that to change, the data would be damaged.
        if self._stream.tell() != self._data_start:
            raise RuntimeError("the header of the array file changed its length")

    def _write_header(self) -> None:
        shape = (self.rows, *self._row_shape)
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._stream, header)


def write_array(path: Path, array: np.ndarray) -> None:
    """Write one array as an ``.npy`` file."""
    with path.open("wb") as stream:
        writer = ArrayWriter(stream, array.shape[1:], array.dtype.str)
        writer.append(array)
        writer.finish()


class RowsWriter:
    """Appends a table's rows to an Arrow file, of which single rows can be read without the rest.

    Args:
        path: the file.
        schema: the columns and their types.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._waiting: list[pa.Table] = []
        self._count = 0

    def __enter__(self) -> RowsWriter:
        self._stream = self._path.open("wb")
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_file(self._stream, self._schema, options=options)
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                self._write(everything=True)
                self._writer.close()
        finally:
            self._stream.close()

    def append(self, columns: Mapping[str, pa.Array], count: int) -> None:
        """Add ``count`` rows, one array a column of the schema."""
        arrays = [columns[name] for name in self._schema.names]
        self._waiting.append(pa.Table.from_arrays(arrays, schema=self._schema))
        self._count += count
        if self._count >= _ROWS_OF_A_BATCH:
            self._write(everything=False)

    def _write(self, everything: bool) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting).combine_chunks()
        whole = len(table) if everything else len(table) - len(table) % _ROWS_OF_A_BATCH
        self._writer.write_table(table.slice(0, whole), max_chunksize=_ROWS_OF_A_BATCH)
        self._waiting = [table.slice(whole)] if whole < len(table) else []
        self._count = len(table) - whole


def read_row(path: Path, row: int) -> dict[str, Any]:
    """Return one row of a file that a ``RowsWriter`` wrote; missing values are None."""
    with pa.memory_map(str(path)) as source:
        batch = pa.ipc.open_file(source).get_batch(row // _ROWS_OF_A_BATCH)
        return batch.slice(row % _ROWS_OF_A_BATCH, 1).to_pylist()[0]


def write_json(path: Path, data: Any) -> None:
    """Write data as a JSON file."""
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


@contextmanager
def explained_disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full disk, or a folder that cannot be written, into a ``BuilderError`` in plain words."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            message = (
                f"The disk is full, so the data could not be prepared in {folder}. Nothing half-made was "
                "left "
                "there. Free some space, or choose smaller data or smaller pictures."
            )
            raise stop("disk_full", message) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            message = (
                f"The folder {folder} cannot be written: {error.strerror}. Choose another workspace folder."
            )
            raise stop("folder_not_writable", message) from error
        raise
