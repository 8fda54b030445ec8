"""Reading CSV and TSV files of unknown origin into columns of text, with bounded memory."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from builder.data.columns import looks_like_number
from builder.data.encodings import ENCODING_NAMES, encoding_problems, guessed_encoding, wide_encoding
from builder.data.files import describe_start, is_pickle, pickle_refused, unreadable
from builder.data.large_csv import Dialect, read_large_csv
from builder.data.packed import (
    MAXIMUM_UNPACKED_BYTES,
    damage_told,
    is_packed,
    open_unpacked,
    table_in_zip,
    table_suffix,
    too_large,
)
from builder.data.table_codes import MISSING
from builder.data.table_source import LARGE_BYTES, Chunk, TableSource
from builder.data.table_titles import check_title, names_again
from builder.errors import BuilderError, Problem, stop
from builder.sizes import MB, size_words

MAXIMUM_COLUMNS = 1_000
MAXIMUM_LINE_BYTES = 10 * MB
# Up to this share of broken rows (and always up to a few) the rest of the file is still worth using.
BROKEN_ROWS_SHARE = 0.05
BROKEN_ROWS_ALWAYS_SKIPPED = 3
# A broken row over more lines than this is a quotation mark that was opened and never closed.
_LINES_OF_AN_OPEN_QUOTE = 20
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 65_536
_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 8 << 20
_CHUNK_ROWS = 10_000
_ROWS_LOOKED_AT = 1_000
# Around a name where files were put together; the first is the mark at the beginning of UTF-8.
_BLANKS = "\ufeff \t"


def read_table(path: Path, title: str | None = None) -> TableSource:
    """Return the columns of a CSV or TSV file, plain, gzipped or the only table of a zip.

    Encoding (UTF-8, UTF-16, UTF-32, else what ``guessed_encoding`` tells), delimiter and header are detected.
    Broken rows are left out with a warning where they are few.

    Raises:
        BuilderError: where the file is empty, not text, too large, too wide or mostly broken.
    """
    try:
        with damage_told(path):
            return _read(path, title or path.name)
    except OSError as error:
        raise unreadable(path, error) from error


def join_tables(train: TableSource, test: TableSource) -> TableSource:
    """Return one table of training rows followed by the source's own test rows.

    Raises:
        BuilderError: where the two do not have the same columns.
    """
    if list(train.frame.columns) != list(test.frame.columns):
        message = (
            f"The test rows of {train.title} have other columns than its training rows. Save both with "
            "the same columns in the same order."
        )
        raise stop("columns_differ", message, field="source")

    def stream(problems: list[Problem]) -> Iterator[Chunk]:
        for table, is_test in ((train, False), (test, True)):
            for chunk in table.chunks(problems):
                yield replace(chunk, is_test=np.full(len(chunk.frame), is_test))

    return replace(
        train,
        frame=pd.concat([train.frame, test.frame], ignore_index=True),
        lines=np.concatenate([train.lines, test.lines]),
        files=train.files + test.files,
        is_test=np.repeat([False, True], [len(train.frame), len(test.frame)]),
        problems=train.problems + test.problems,
        stream=stream if train.is_large or test.is_large else None,
        rows=train.row_count + test.row_count,
    )


def _read(path: Path, title: str) -> TableSource:
    if path.stat().st_size > LARGE_BYTES:
        return _read_large(path, title)
    encoding, problems = _check_bytes(path)
    with _open_text(path, encoding) as stream:
        sample = stream.read(_SAMPLE_CHARACTERS)
    if not sample.strip():
        raise stop("empty_file", f"{path.name} is empty. Choose a file with rows of data.", field="source")
    dialect = _sniff(sample, encoding)
    names, header_problems, has_header = _header(path, sample, dialect)
    frame, lines, row_problems = _rows(path, dialect, names, has_header)
    return TableSource(
        title=title,
        frame=frame,
        lines=lines,
        files=(path,),
        decimal_comma=dialect.delimiter == ";",
        reading=_reading(dialect, names, bool(header_problems), has_header) | _packing(path),
        problems=(*problems, *header_problems, *_column_problems(path, names), *row_problems),
    )


def _read_large(path: Path, title: str) -> TableSource:
    """Look at the beginning with the same eyes as at a small file; the rest is read in chunks."""
    if is_packed(path):
        raise too_large(path)
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    encoding = _encoding_of_start(path, head[:4096]) or _encoding_of_letters(_first_letters(path))
    if encoding in ENCODING_NAMES and b"\0" in head:
        raise _not_text(path, "data that are not text")
    _check_size(path, 0, _longest_line(head, 0))
    with _open_text(path, encoding) as text:
        sample = text.read(_SAMPLE_CHARACTERS)
    dialect = _sniff(sample, encoding)
    names, header_problems, has_header = _header(path, sample, dialect)
    header_lines = _lines_before_rows(path, dialect) if has_header else 0
    source = read_large_csv(path, title, dialect, names, header_lines)
    guessed = encoding_problems(path.name, encoding)
    return replace(
        source,
        decimal_comma=dialect.delimiter == ";",
        reading=_reading(dialect, names, bool(header_problems), has_header),
        problems=(*guessed, *header_problems, *_column_problems(path, names), *source.problems),
    )


def _first_letters(path: Path) -> bytes:
    """Return the first piece of a file that holds more than ASCII, or nothing."""
    with path.open("rb") as stream:
        pieces = iter(lambda: stream.read(_HEAD_BYTES), b"")
        return next((piece for piece in pieces if not piece.isascii()), b"")


def _encoding_of_letters(data: bytes) -> str:
    # The last character may be cut in two.
    is_utf8 = _still_valid(codecs.getincrementaldecoder("utf-8")(), data) is not None
    return "utf-8" if is_utf8 else guessed_encoding(io.BytesIO(data))


def _reading(dialect: Dialect, names: list[str], renamed: bool, has_header: bool) -> dict[str, Any]:
    reading: dict[str, Any] = {}
    if dialect.delimiter != ",":
        reading["sep"] = dialect.delimiter
    if dialect.delimiter == ";":
        reading["decimal"] = ","
    if dialect.encoding not in ("utf-8", "utf-8-sig"):
        reading["encoding"] = dialect.encoding
    if dialect.quoting == csv.QUOTE_NONE:
        reading["quoting"] = csv.QUOTE_NONE
    if renamed:
        reading |= {"names": names, "header": 0 if has_header else None}
    return reading


def _packing(path: Path) -> dict[str, Any]:
    name = table_in_zip(path)
    return {} if name is None else {"zipped": table_suffix(name)}


def _open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(open_unpacked(path), encoding=encoding, errors="replace", newline="")


def _check_bytes(path: Path) -> tuple[str, list[Problem]]:
    """Read all bytes once, so that size, line length and encoding are known before any is parsed."""
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    total, line_bytes, encoding = 0, 0, None
    with open_unpacked(path) as stream:
        encoding = _encoding_of_start(path, stream.peek(4096)[:4096])
        while chunk := stream.read(_CHUNK_BYTES):
            total += len(chunk)
            line_bytes = _longest_line(chunk, line_bytes)
            _check_size(path, total, line_bytes)
            if encoding is None and b"\0" in chunk:
                raise _not_text(path, "data that are not text")
            decoder = _still_valid(decoder, chunk)
        decoder = _still_valid(decoder, b"", final=True)
    if encoding is not None or decoder is not None:
        return encoding or "utf-8", []
    with open_unpacked(path) as stream:
        encoding = guessed_encoding(stream)
    return encoding, encoding_problems(path.name, encoding)


def _encoding_of_start(path: Path, head: bytes) -> str | None:
    if is_pickle(head):
        raise pickle_refused(path.name)
    kind = describe_start(head)
    if kind is not None:
        raise _not_text(path, kind)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    wide = wide_encoding(head)
    if wide is not None:
        return wide
    # Without a mark, UTF-16 shows by a zero in every second byte of Latin text.
    if len(head) > 1 and head[1::2].count(0) > 0.7 * len(head[1::2]):
        return "utf-16-le"
    if len(head) > 1 and head[::2].count(0) > 0.7 * len(head[::2]):
        return "utf-16-be"
    return None


def _longest_line(chunk: bytes, line_bytes: int) -> int:
    last_end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
    return line_bytes + len(chunk) if last_end < 0 else len(chunk) - last_end - 1


def _check_size(path: Path, total: int, line_bytes: int) -> None:
    if total > MAXIMUM_UNPACKED_BYTES:
        raise too_large(path)
    if line_bytes > MAXIMUM_LINE_BYTES:
        message = (
            f"{path.name} has a line of more than {size_words(MAXIMUM_LINE_BYTES)}, so it does not look "
            "like a table with one row a line. Check how the file was saved."
        )
        raise stop("line_too_long", message, field="source")


def _still_valid(
    decoder: codecs.IncrementalDecoder | None, chunk: bytes, final: bool = False
) -> codecs.IncrementalDecoder | None:
    if decoder is None:
        return None
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return None
    return decoder


def _not_text(path: Path, kind: str) -> BuilderError:
    message = (
        f"{path.name} is not a CSV file: it holds {kind}. Save the table as CSV "
        "(in a spreadsheet program: File, Save as, CSV) and choose that file."
    )
    return stop("not_a_table", message, field="source")


def _sniff(sample: str, encoding: str) -> Dialect:
    """Choose the delimiter that cuts most rows into the same number of fields, more than one."""
    whole_lines = sample if len(sample) < _SAMPLE_CHARACTERS else sample[: sample.rfind("\n") + 1] or sample
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        widths = _widths(whole_lines, delimiter)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        score = (round(count / max(widths.total(), 1), 2), width)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return Dialect(encoding, best, _quoting(whole_lines, best))


def _widths(text: str, delimiter: str) -> Counter[int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=_quoting(text, delimiter))
    try:
        return Counter(len(row) for row in reader if row)
    except csv.Error:
        return Counter()


def _quoting(text: str, delimiter: str) -> Literal[0, 3]:
    """Tab-separated texts often hold stray quotation marks that enclose nothing: then they are text."""
    if delimiter != "\t":
        return csv.QUOTE_MINIMAL
    fields = [field.strip() for line in text.splitlines() for field in line.split("\t")]
    opened = [field for field in fields if field.startswith('"')]
    enclosed = [field for field in opened if len(field) > 1 and field.endswith('"')]
    return csv.QUOTE_MINIMAL if opened and len(enclosed) >= 0.9 * len(opened) else csv.QUOTE_NONE


def _reader(lines: Iterable[str], dialect: Dialect, strict: bool = False) -> Any:
    return csv.reader(lines, delimiter=dialect.delimiter, quoting=dialect.quoting, strict=strict)


def _header(path: Path, sample: str, dialect: Dialect) -> tuple[list[str], list[Problem], bool]:
    with _open_text(path, dialect.encoding) as stream:
        first = _first_row(path, stream, dialect)
    if len(first) > MAXIMUM_COLUMNS:
        message = (
            f"{path.name} has {len(first):,} columns; at most {MAXIMUM_COLUMNS:,} can be used. Keep the "
            "columns "
            "that matter and save the file again. (If rows and columns are swapped, turn the table first.)"
        )
        raise stop("too_many_columns", message, field="source")
    rows = _sample_rows(sample, dialect)
    check_title(path, rows[:_ROWS_LOOKED_AT])
    whole = [row for _, row in rows if len(row) == len(first)]
    if _is_header(first, whole[1 : _ROWS_LOOKED_AT + 1]):
        names, problems = _clean_names(path, first)
        return names, problems, True
    message = (
        f"{path.name} seems to have no header: its first line looks like data "
        f"({', '.join(first[:3])[:60]}, …). "
        f"The columns were named column_1 to column_{len(first)}. Add a first line with names if you can."
    )
    warning = Problem("no_header", message, field="source", severity="warning")
    return [f"column_{number}" for number in range(1, len(first) + 1)], [warning], False


def _column_problems(path: Path, names: list[str]) -> list[Problem]:
    if len(names) > 1:
        return []
    message = (
        f"{path.name} has one column only. That is enough to write texts or to forecast a series; to predict "
        "one column from another, a table needs both, separated by commas, semicolons or tabs."
    )
    return [Problem("one_column", message, field="source", severity="warning")]


def _first_row(path: Path, stream: io.TextIOBase, dialect: Dialect) -> list[str]:
    try:
        return next(([cell.strip() for cell in row] for row in _reader(stream, dialect) if row), [])
    except csv.Error as error:
        raise _open_quote(path, 1) from error


def _lines_before_rows(path: Path, dialect: Dialect) -> int:
    """Return the number of the line that the header ends on: it may hold line ends or follow empty lines."""
    with _open_text(path, dialect.encoding) as stream:
        reader = _reader(stream, dialect)
        next(row for row in reader if row)
        return int(reader.line_num)


def _sample_rows(sample: str, dialect: Dialect) -> list[tuple[int, list[str]]]:
    """Return the lines on which the rows of a sample end, and their cells."""
    reader = _reader(io.StringIO(sample, newline=""), dialect)
    try:
        return [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error:
        # The full read reports it, with its line.
        return []


def _is_header(first: list[str], rows: list[list[str]]) -> bool:
    """A header names columns: no number stands over numbers, and its words do not recur below."""
    if not rows:
        return not any(looks_like_number(cell) for cell in first)
    numeric = []
    for index, _ in enumerate(first):
        cells = [row[index] for row in rows if row[index]]
        if cells and sum(map(looks_like_number, cells)) >= 0.8 * len(cells):
            numeric.append(index)
    if numeric:
        return not all(
            looks_like_number(first[index]) or first[index].lower() in MISSING for index in numeric
        )
    recurring = [cell and cell in {row[index] for row in rows} for index, cell in enumerate(first)]
    return not any(recurring)


def _clean_names(path: Path, first: list[str]) -> tuple[list[str], list[Problem]]:
    names: list[str] = []
    changed = []
    for number, given in enumerate(first, start=1):
        stem = given or f"column_{number}"
        name, copy = stem, 2
        while name in names:
            name, copy = f"{stem}_{copy}", copy + 1
        names.append(name)
        if name != given:
            changed.append(name)
    if not changed:
        return names, []
    message = (
        f"Some columns of {path.name} had no name, or a name that was taken. They are called "
        f"{', '.join(changed[:5])}{' …' if len(changed) > 5 else ''} here."
    )
    return names, [Problem("columns_renamed", message, field="source", severity="warning")]


def _rows(
    path: Path, dialect: Dialect, names: list[str], has_header: bool
) -> tuple[pd.DataFrame, np.ndarray, list[Problem]]:
    chunks: list[pd.DataFrame] = []
    lines: list[int] = []
    broken: list[tuple[int, int]] = []
    waiting: list[list[str]] = []
    with _open_text(path, dialect.encoding) as stream:
        for line, row in _numbered_rows(path, stream, dialect, len(names), has_header):
            if len(row) != len(names):
                broken.append((line, len(row)))
                _check_broken(path, broken, len(lines), len(names), at_end=False)
                continue
            if (
                has_header
                and row[0].strip(_BLANKS) == names[0]
                and [cell.strip(_BLANKS) for cell in row] == names
            ):
                raise names_again(path, line)
            waiting.append(row)
            lines.append(line)
            if len(waiting) == _CHUNK_ROWS:
                chunks.append(_frame(waiting, names))
                waiting = []
    chunks.append(_frame(waiting, names))
    problems = _check_broken(path, broken, len(lines), len(names), at_end=True)
    if not lines:
        raise _no_rows(path, broken, len(names))
    return pd.concat(chunks, ignore_index=True), np.array(lines, dtype=np.int64), problems


def _no_rows(path: Path, broken: list[tuple[int, int]], width: int) -> BuilderError:
    message = f"{path.name} has a header but no rows. Choose a file with rows of data."
    if broken:
        line, count = broken[0]
        message = (
            f"{path.name} has no usable row: its header has {width} fields, but line {line} has {count}. "
            "Give every row as many fields as the header, or choose another file."
        )
    return stop("no_rows", message, field="source")


def _frame(rows: list[list[str]], names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=names, dtype="str")
    return frame.apply(lambda column: column.str.strip()) if rows else frame


def _numbered_rows(
    path: Path, stream: io.TextIOBase, dialect: Dialect, width: int, has_header: bool
) -> Iterator[tuple[int, list[str]]]:
    taken: list[str] = []
    reader = _reader(_remembered(stream, taken), dialect)
    is_first = True
    while True:
        line = reader.line_num + 1
        taken.clear()
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise _open_quote(path, line) from error
        if row is None:
            return
        if len(taken) > 1 and _swallows(taken, dialect, len(row), width):
            raise _open_quote(path, line)
        if row and not (is_first and has_header):
            yield line, row
        is_first = is_first and not row


def _remembered(stream: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in stream:
        taken.append(line)
        yield line


def _swallows(lines: list[str], dialect: Dialect, fields: int, width: int) -> bool:
    """Tell whether the lines of one row are rows that a stray quotation mark made into one.

    ``fields`` is how many the row has, ``width`` how many it should have: the mark may stand in the last
    column.
    """
    is_long = len(lines) > _LINES_OF_AN_OPEN_QUOTE
    if is_long and fields != width:
        return True
    try:
        # A mark that is still open takes in one line more.
        is_open = len(list(_reader([*lines, "end"], dialect))) == 1
        if not is_open and (is_long or _are_rows(lines, dialect, width)):
            list(_reader(lines, dialect, strict=True))
    except csv.Error:
        return True
    return is_open


def _are_rows(lines: list[str], dialect: Dialect, width: int) -> bool:
    """Tell whether every line has as many fields as a row, if quotation marks enclose nothing."""
    plain = csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)
    return all(len(row) == width for row in plain)


def _check_broken(
    path: Path, broken: list[tuple[int, int]], good: int, width: int, at_end: bool
) -> list[Problem]:
    if not broken:
        return []
    shown = "; ".join(f"line {line} has {count}" for line, count in broken[:5])
    fields = f"{width} fields were expected, but {shown}{' …' if len(broken) > 5 else ''}"
    # Half-way, only a file that is broken throughout is refused: what follows may be sound.
    share = BROKEN_ROWS_SHARE if at_end else 0.5
    limit = BROKEN_ROWS_ALWAYS_SKIPPED if at_end else _CHUNK_ROWS
    if len(broken) > limit and len(broken) > share * (good + len(broken)):
        message = (
            f"{len(broken):,} of {good + len(broken):,} rows of {path.name} are broken: {fields}. Check the "
            "separator and the quotation marks, and save the file again."
        )
        raise stop("broken_rows", message, field="source")
    message = f"{len(broken)} broken row(s) of {path.name} were left out: {fields}."
    return [Problem("rows_skipped", message, field="source", severity="warning")]


def _open_quote(path: Path, line: int) -> BuilderError:
    message = (
        f"{path.name} cannot be read from line {line} on: a quotation mark is opened there and not closed, "
        "or "
        "one cell holds more than 131,072 characters. Mend that line and save the file again."
    )
    return stop("open_quote", message, field="source")
