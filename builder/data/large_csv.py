"""CSV files larger than memory: read in chunks by Arrow, looked at by some of their rows."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from builder.data.table_source import Chunk, TableSource, some_rows_warning
from builder.errors import Problem, stop

# The same limit as for small files: up to this share the rest is still worth using.
BROKEN_ROWS_SHARE = 0.05
# A row must fit into a block.
_BLOCK_BYTES = 16 << 20
_SLICE_BYTES = 1 << 20
_SLICES = 8
_OPEN_QUOTE_CHARACTERS = 1_000_000
_STRINGS = pd.StringDtype("pyarrow", na_value=np.nan)


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written; ``quoting`` as in the module ``csv``: 0 with, 3 without quotation marks."""

    encoding: str
    delimiter: str
    quoting: Literal[0, 3]


def read_large_csv(
    path: Path, title: str, dialect: Dialect, names: Sequence[str], header_lines: int
) -> TableSource:
    """Return a CSV file as a table read in chunks; its ``frame`` holds slices spread over the file.

    Args:
        path: the file.
        title: what the table is called.
        dialect: how the file is written.
        names: the columns.
        header_lines: how many lines stand before the first row.
    """
    size = path.stat().st_size
    sample, sample_bytes = _sample(path, size, dialect, names, header_lines)
    if sample.empty:
        message = (
            f"No row that was looked at in {path.name} has the {len(names)} fields of its first line. Check "
            "the separator and the quotation marks, and save the file again."
        )
        raise stop("no_rows", message, field="source")
    rows = max(len(sample), round(len(sample) * size / max(sample_bytes, 1)))

    def stream(problems: list[Problem]) -> Iterator[Chunk]:
        return _chunks(path, dialect, names, header_lines, problems)

    return TableSource(
        title=title,
        frame=sample,
        lines=np.arange(1, len(sample) + 1),
        files=(path,),
        problems=(some_rows_warning(title, len(sample), rows),),
        stream=stream,
        rows=rows,
    )


def text_frame(batch: pa.RecordBatch) -> pd.DataFrame:
    """Return a batch of text columns as stripped cells, ``""`` for what is missing."""
    frame = batch.to_pandas(types_mapper=lambda _: _STRINGS)
    return frame.apply(lambda column: column.fillna("").str.strip())


class _AsUtf8(io.RawIOBase):
    """The bytes of a stream of text in another encoding, as UTF-8; what is no letter becomes a sign for that.

    Arrow's own change of encoding ends with an error at the first such byte.
    """

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._waiting:
            data = self._stream.read(_SLICE_BYTES)
            self._waiting = self._decoder.decode(data, not data).encode("utf-8", "replace")
            if not data:
                break
        count = min(len(buffer), len(self._waiting))
        buffer[:count], self._waiting = self._waiting[:count], self._waiting[count:]
        return count


@contextmanager
def _utf8_bytes(path: Path, encoding: str) -> Iterator[Any]:
    if encoding in ("utf-8", "utf-8-sig"):
        yield path
        return
    with path.open("rb") as stream:
        yield io.BufferedReader(_AsUtf8(stream, encoding), _SLICE_BYTES)


def _sample(
    path: Path, size: int, dialect: Dialect, names: Sequence[str], header_lines: int
) -> tuple[pd.DataFrame, int]:
    frames, read = [], 0
    length = min(_SLICE_BYTES, size // _SLICES + 1)
    encoding = _encoding_within(path, dialect.encoding)
    with path.open("rb") as stream:
        for start in np.linspace(0, max(size - length, 0), _SLICES).astype(int):
            # No letter of two or four bytes is cut there.
            stream.seek(start - start % 4)
            text = _whole_lines(stream.read(length).decode(encoding, "replace"), is_first=start == 0)
            frames.append(_parsed_slice(text, dialect, names, 0 if start else header_lines))
            read += len(text.encode(encoding, "replace"))
    return pd.concat(frames, ignore_index=True), read


def _encoding_within(path: Path, encoding: str) -> str:
    """Return the encoding by which any piece of a file can be decoded: only its beginning has a mark."""
    if encoding not in ("utf-16", "utf-32"):
        return encoding.removesuffix("-sig")
    with path.open("rb") as stream:
        is_big_endian = stream.read(4).startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    return f"{encoding}-{'be' if is_big_endian else 'le'}"


def _whole_lines(text: str, is_first: bool) -> str:
    end = "\n" if "\n" in text else "\r"
    first = 0 if is_first else text.find(end) + 1
    return text[first : text.rfind(end) + 1].removeprefix("\ufeff")


def _parsed_slice(text: str, dialect: Dialect, names: Sequence[str], header_lines: int) -> pd.DataFrame:
    try:
        options = _options(dialect, names, header_lines, lambda row: "skip")
        data = io.BytesIO(text.encode("utf-8", "replace"))
        return text_frame(csv.read_csv(data, **options).combine_chunks().to_batches()[0])
    except (pa.ArrowInvalid, IndexError):
        # A slice that begins within a quoted cell may make no sense; the others tell enough.
        return pd.DataFrame({name: pd.Series([], dtype=_STRINGS) for name in names})


def _options(dialect: Dialect, names: Sequence[str], header_lines: int, on_invalid: Any) -> dict[str, Any]:
    is_quoted = dialect.quoting == 0
    return {
        "read_options": csv.ReadOptions(
            block_size=_BLOCK_BYTES, column_names=list(names), skip_rows=header_lines
        ),
        "parse_options": csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char='"' if is_quoted else False,
            newlines_in_values=is_quoted,
            invalid_row_handler=on_invalid,
        ),
        "convert_options": csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False
        ),
    }


def _chunks(
    path: Path, dialect: Dialect, names: Sequence[str], header_lines: int, problems: list[Problem]
) -> Iterator[Chunk]:
    broken: list[tuple[int, int]] = []
    count = 0
    is_open = False

    def skip(row: Any) -> str:
        nonlocal count, is_open
        count += 1
        # A quotation mark that is never closed swallows the rest of the file into one row.
        is_open = is_open or len(row.text) > _OPEN_QUOTE_CHARACTERS
        if len(broken) < 5:
            broken.append((row.number or 0, row.actual_columns))
        return "skip"

    rows = 0
    try:
        with _utf8_bytes(path, dialect.encoding) as content:
            for batch in csv.open_csv(content, **_options(dialect, names, header_lines, skip)):
                if not len(batch):
                    continue
                yield Chunk(text_frame(batch), np.arange(rows, rows + len(batch)) + 1 + header_lines)
                rows += len(batch)
                _check_broken(path, count, rows, broken, len(names), problems=None)
    except pa.ArrowInvalid as error:
        raise _unreadable(path, rows, str(error)) from error
    if is_open:
        raise _unreadable(path, rows, "")
    _check_broken(path, count, rows, broken, len(names), problems)


def _check_broken(
    path: Path,
    count: int,
    good: int,
    broken: list[tuple[int, int]],
    width: int,
    problems: list[Problem] | None,
) -> None:
    fields = "; ".join(f"one has {found}" for _, found in broken)
    if count > 1000 and count > BROKEN_ROWS_SHARE * (good + count):
        message = (
            f"{count:,} of {good + count:,} rows of {path.name} are broken: {width} fields were expected, "
            f"but {fields}. Check the separator and the quotation marks, and save the file again."
        )
        raise stop("broken_rows", message, field="source")
    if problems is not None and count:
        message = (
            f"{count:,} broken row(s) of {path.name} were left out: {width} fields were expected, "
            f"but {fields}."
        )
        problems.append(Problem("rows_skipped", message, field="source", severity="warning"))


def _unreadable(path: Path, rows: int, words: str) -> Exception:
    if "UTF8" in words or "UTF-8" in words:
        message = (
            f"{path.name} begins as UTF-8, but somewhere after row {rows:,} it holds letters in another "
            "encoding. Save the whole file again with the encoding UTF-8."
        )
        return stop("mixed_encodings", message, field="source")
    message = (
        f"{path.name} cannot be read on after row {rows:,}: a row there is many megabytes "
        "long, often because a quotation mark is opened and not closed. Mend that row and save the file "
        "again."
    )
    return stop("open_quote", message, field="source")
