"""JSON Lines, one JSON object a line, or one JSON list of objects, as columns of text cells."""

from __future__ import annotations

import codecs
import io
import json
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd

from builder.data.encodings import (
    decoded,
    encoding_of,
    encoding_problems,
    guessed_encoding,
    lines_with_letters,
    unicode_encoding,
    wide_encoding,
)
from builder.data.packed import MAXIMUM_UNPACKED_BYTES, damage_told, is_packed, open_unpacked, too_large
from builder.data.table_source import CHUNK_ROWS, LARGE_BYTES, Chunk, TableSource, some_rows_warning
from builder.data.tables import MAXIMUM_COLUMNS, MAXIMUM_LINE_BYTES
from builder.errors import Problem, shown_value, stop
from builder.sizes import MB, size_words

_SAMPLE_ROWS = 20_000
_SLICES = 20
_BROKEN_ALWAYS_SKIPPED = 3
_BROKEN_SHARE = 0.05
_HEAD_BYTES = 256
# A list can only be read whole, and takes several times as much memory.
MAXIMUM_ARRAY_BYTES = 100 * MB


def read_json_lines(path: Path, title: str | None = None) -> TableSource:
    """Return the fields of a file with one JSON object a line, or a list of them; nested values stay JSON.

    The file may be gzipped, or the only table of a zip.
    The columns are the keys of the first rows, of a large file of rows all over it, in order of appearance.

    Raises:
        BuilderError: where lines are too long, no objects, or mostly broken; where a list is too large, empty
            or holds something else.
    """
    title = title or path.name
    with damage_told(path):
        listed = _listed(path)
        return _table(path, title) if listed is None else _list_table(path, title, *listed)


def _listed(path: Path) -> tuple[list[Any], str] | None:
    """Return the values of the JSON list that a file holds, and its encoding; None for another file."""
    with open_unpacked(path) as stream:
        data = stream.read(_HEAD_BYTES)
        if not decoded(data, "latin-1").lstrip().startswith("["):
            return None
        data += stream.read(MAXIMUM_ARRAY_BYTES)
    if len(data) > MAXIMUM_ARRAY_BYTES:
        message = (
            f"{path.name} is a JSON list of more than {size_words(MAXIMUM_ARRAY_BYTES)}, which has to be in "
            "memory whole. Save it as JSON Lines, one object a line, which may be of any size."
        )
        raise stop("file_too_large", message, field="source")
    encoding = encoding_of(data)
    try:
        found = json.loads(data.decode(encoding, "replace"))
    except (ValueError, RecursionError):
        return None
    return (found, encoding) if isinstance(found, list) else None


def _list_table(path: Path, title: str, values: list[Any], encoding: str) -> TableSource:
    if not values:
        message = f"{path.name} holds an empty list. Choose a file with rows of data."
        raise stop("no_rows", message, field="source")
    for number, value in enumerate(values, start=1):
        if not isinstance(value, dict):
            message = (
                f"{path.name} holds a JSON list whose value {number} is no object such as "
                f'{{"text": "hello", "label": 1}}: {shown_value(value)}. Make every value an object.'
            )
            raise stop("not_json_lines", message, field="source")
    rows = [{_whole_letters(key): cell for key, cell in value.items()} for value in values]
    names = list(dict.fromkeys(key for row in rows for key in row))
    _check_names(path, names)
    guessed = encoding_problems(path.name, encoding)
    lines = np.arange(len(rows)) + 1
    return TableSource(title, _frame(rows, names), lines, (path,), problems=tuple(guessed))


def _table(path: Path, title: str) -> TableSource:
    size = path.stat().st_size
    is_large = size > LARGE_BYTES
    if is_large and is_packed(path):
        raise too_large(path)
    encoding = _encoding(path)
    guessed = encoding_problems(path.name, encoding)
    some, some_bytes = _spread_rows(path, size, encoding) if is_large else (_first_rows(path, encoding), 0)
    names = list(dict.fromkeys(key for row in some for key in row))
    _check_names(path, names)

    def stream(problems: list[Problem]) -> Iterator[Chunk]:
        for rows, lines in _read(path, names, problems, encoding):
            yield Chunk(_frame(rows, names), np.array(lines))

    if not is_large:
        chunks = list(stream(guessed))
        frame = pd.concat([chunk.frame for chunk in chunks], ignore_index=True)
        lines = np.concatenate([chunk.lines for chunk in chunks])
        return TableSource(title, frame, lines, (path,), problems=tuple(guessed))
    count = max(round(len(some) * size / max(some_bytes, 1)), len(some))
    warning = some_rows_warning(title, len(some), count)
    lines = np.arange(len(some)) + 1
    return TableSource(
        title, _frame(some, names), lines, (path,), problems=(*guessed, warning), stream=stream, rows=count
    )


def _encoding(path: Path) -> str:
    """Return the encoding of a file: another one than UTF-8 only where most of its letters are not UTF-8."""
    first = (line for _, line in islice(_lines(path), _SAMPLE_ROWS))
    lines = list(lines_with_letters(first))
    others = [line for line in lines if unicode_encoding(line) is None]
    return guessed_encoding(others) if len(others) > len(lines) / 2 else "utf-8"


def _first_rows(path: Path, encoding: str) -> list[dict[str, Any]]:
    return [row for rows, _ in _read(path, None, [], encoding, limit=_SAMPLE_ROWS) for row in rows]


def _spread_rows(path: Path, size: int, encoding: str) -> tuple[list[dict[str, Any]], int]:
    """Return some rows from all over a file, and how many bytes they take."""
    rows: list[dict[str, Any]] = []
    taken = 0
    for number in range(_SLICES):
        start, end = size * number // _SLICES, size * (number + 1) // _SLICES
        for _, line in islice(_lines(path, start), max(_SAMPLE_ROWS // _SLICES, 1)):
            row = _parsed(line, encoding)
            rows += [] if row is None else [row]
            taken += len(line)
            start += len(line)
            if start >= end:
                break
    if not rows:
        raise _not_json_lines(path, [1])
    return rows, taken


def _read(
    path: Path,
    names: Sequence[str] | None,
    problems: list[Problem],
    encoding: str,
    limit: int | None = None,
) -> Iterator[tuple[list[dict[str, Any]], list[int]]]:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    broken: list[int] = []
    unknown: set[str] = set()
    good = 0
    for number, line in _lines(path):
        row = _parsed(line, encoding)
        if row is None:
            broken.append(number)
            _check_broken(path, broken, good, at_end=False)
            continue
        if names is not None:
            unknown.update(key for key in row if key not in names)
        rows.append(row)
        lines.append(number)
        good += 1
        if len(rows) == CHUNK_ROWS:
            yield rows, lines
            rows, lines = [], []
        if good == limit:
            break
    if rows:
        yield rows, lines
    if not good:
        raise _not_json_lines(path, broken)
    _check_broken(path, broken, good, at_end=True)
    problems += _warnings(path, broken, unknown)


def _lines(path: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Return the lines of a file that are not empty, with their numbers; from the first that begins there."""
    with _opened(path) as stream:
        number = total = 0
        limit = MAXIMUM_UNPACKED_BYTES if is_packed(path) else math.inf
        if start:
            stream.seek(start - 1)
            stream.readline(MAXIMUM_LINE_BYTES)
        while line := stream.readline(MAXIMUM_LINE_BYTES + 1):
            number, total = number + 1, total + len(line)
            if total > limit:
                raise too_large(path)
            if len(line) > MAXIMUM_LINE_BYTES:
                which = "A line" if start else f"Line {number}"
                message = (
                    f"{which} of {path.name} is longer than {size_words(MAXIMUM_LINE_BYTES)}. JSON "
                    "Lines hold one object a line; shorten that line or leave it out."
                )
                raise stop("line_too_long", message, field="source")
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if line.strip():
                yield number, line


def _opened(path: Path) -> BinaryIO:
    """Return the bytes of a file, in UTF-8 where they are UTF-16 or UTF-32."""
    stream = open_unpacked(path)
    encoding = wide_encoding(stream.peek(4))
    if encoding is None:
        return cast(BinaryIO, stream)
    with stream:
        if path.stat().st_size > LARGE_BYTES:
            message = (
                f"{path.name} is large and written in {encoding.upper()}, of which no part can be read by "
                "itself. Save it in UTF-8."
            )
            raise stop("file_too_large", message, field="source")
        data = stream.read(MAXIMUM_UNPACKED_BYTES + 1)
    if len(data) > MAXIMUM_UNPACKED_BYTES:
        raise too_large(path)
    return io.BytesIO(data.decode(encoding, "replace").encode("utf-8", "replace"))


def _parsed(line: bytes, encoding: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line if encoding == "utf-8" else line.decode(encoding, "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return {_whole_letters(key): value for key, value in row.items()}
    return row


def _frame(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([_cell(row.get(name)) for row in rows], dtype="str") for name in names}
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return _whole_letters(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).strip()


def _whole_letters(text: str) -> str:
    # Half of a surrogate pair passes as JSON, but is no text.
    return text.encode("utf-8", "replace").decode("utf-8")


def _check_names(path: Path, names: list[str]) -> None:
    if not names:
        message = f"The objects in {path.name} have no keys, so there are no columns. Choose another file."
        raise stop("no_columns", message, field="source")
    if len(names) > MAXIMUM_COLUMNS:
        message = (
            f"The objects in {path.name} have {len(names):,} different keys; at most {MAXIMUM_COLUMNS:,} can "
            "be used. Write the same few keys in every line."
        )
        raise stop("too_many_columns", message, field="source")


def _check_broken(path: Path, broken: list[int], good: int, at_end: bool) -> None:
    limit = _BROKEN_ALWAYS_SKIPPED if at_end else 1000
    if len(broken) > limit and len(broken) > _BROKEN_SHARE * (good + len(broken)):
        raise _not_json_lines(path, broken)


def _not_json_lines(path: Path, broken: list[int]) -> Exception:
    where = f" Line {broken[0]} is the first that is none." if broken else " It is empty."
    message = (
        f'{path.name} does not hold one JSON object a line, such as {{"text": "hello", "label": 1}}.'
        f"{where} Write every row on a line of its own."
    )
    return stop("not_json_lines", message, field="source")


def _warnings(path: Path, broken: list[int], unknown: set[str]) -> list[Problem]:
    problems = []
    if broken:
        where = ", ".join(str(line) for line in broken[:5])
        message = (
            f"{len(broken):,} line(s) of {path.name} are no JSON objects and were left out: line {where}."
        )
        problems.append(Problem("rows_skipped", message, field="source", severity="warning"))
    if unknown:
        message = (
            f"Keys of {path.name} that do not occur in the rows looked at first were left out: "
            f"{', '.join(sorted(unknown)[:5])}."
        )
        problems.append(Problem("columns_left_out", message, field="source", severity="warning"))
    return problems
