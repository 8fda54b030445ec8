"""Plain text files: class folders of texts, and one long text as a table of its lines or paragraphs."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from builder.data.class_folders import FileKind, name_columns, name_values, read_class_folders
from builder.data.encodings import (
    ENCODING_NAMES,
    decoded,
    encoding_problems,
    guessed_encoding,
    unicode_encoding,
    wide_encoding,
)
from builder.data.files import describe_start, is_pickle, pickle_refused
from builder.data.table_source import CHUNK_ROWS, LARGE_BYTES, Chunk, TableSource, some_rows_warning
from builder.data.tables import MAXIMUM_LINE_BYTES
from builder.errors import BuilderError, Problem, stop
from builder.sizes import MB, size_words

TEXTS = FileKind((".txt", ".text", ".md"), "text file", "text files")
UNITS = ("line", "paragraph")
MAXIMUM_FILES_BYTES = 500 * MB
_SAMPLE_ROWS = 20_000


def read_text_folders(path: Path, title: str | None = None) -> TableSource:
    """Return the texts of a folder or zip in which every class has a folder of its own, one row a file.

    The columns are ``text``, ``class``, and the pieces of the files' names, by which rows can be grouped.

    Raises:
        BuilderError: where there are no texts, no class folders, or they are too many bytes.
    """
    found = read_class_folders(path, TEXTS)
    contents, total = [], 0
    for row in range(len(found.names)):
        contents.append(found.read(row))
        total += len(contents[-1])
        if total > MAXIMUM_FILES_BYTES:
            message = (
                f"The texts of {path.name} are more than {size_words(MAXIMUM_FILES_BYTES)} together. Put "
                "them into one CSV or Parquet file, which may be of any size."
            )
            raise stop("file_too_large", message, field="source")
    others = [data for data in contents if unicode_encoding(data) is None]
    # Together they tell more than a short text alone.
    encoding = guessed_encoding(line for data in others for line in data.splitlines())
    texts = [decoded(data, encoding).strip() for data in contents]
    classes = [found.class_names[label] for label in found.labels]
    columns = {"text": texts, "class": classes}
    for column in name_columns(found.names):
        columns[column] = name_values(found.names, column) or []
    frame = pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})
    roles = {name: "ignore" for name in frame.columns} | {"text": "text", "class": "target"}
    problems = [*found.problems, *([_guessed(path, encoding, len(others))] if others else [])]
    return TableSource(
        title or path.name,
        frame,
        np.arange(len(frame)) + 1,
        found.files,
        is_test=found.is_test,
        roles=roles,
        problems=tuple(problems),
    )


def read_text(path: Path, unit: str = "line", title: str | None = None) -> TableSource:
    """Return one text file as a table with the one column ``text``: a row a line, or a row a paragraph.

    Paragraphs are parted by empty lines.

    Raises:
        BuilderError: where the file is no text, is empty, or has lines of more than 10 MB.
    """
    title = title or path.name
    encoding, problems = _encoding(path)
    reading = {"encoding": encoding} if encoding in ENCODING_NAMES else {}

    def stream(found: list[Problem]) -> Iterator[Chunk]:
        yield from _chunks(path, encoding, unit)

    size = path.stat().st_size
    if size > LARGE_BYTES:
        first = next(stream([]), None)
        if first is not None:
            frame = first.frame.head(_SAMPLE_ROWS)
            read = int(frame["text"].str.len().sum()) + len(frame)
            rows = round(len(frame) * size / max(read, 1))
            problems = [*problems, some_rows_warning(title, len(frame), rows)]
            lines = first.lines[: len(frame)]
            roles = {"text": "text"}
            return TableSource(
                title,
                frame,
                lines,
                (path,),
                roles=roles,
                reading=reading,
                problems=tuple(problems),
                stream=stream,
                rows=rows,
            )
    chunks = list(stream([]))
    if not chunks:
        raise stop("empty_file", f"{path.name} holds no text. Choose another file.", field="source")
    return TableSource(
        title,
        pd.concat([chunk.frame for chunk in chunks], ignore_index=True),
        np.concatenate([chunk.lines for chunk in chunks]),
        (path,),
        roles={"text": "text"},
        reading=reading,
        problems=tuple(problems),
    )


def _encoding(path: Path) -> tuple[str, list[Problem]]:
    with path.open("rb") as stream:
        head = stream.read(4096)
        if is_pickle(head):
            raise pickle_refused(path.name)
        kind = describe_start(head)
        if kind is not None:
            raise _not_text(path, kind)
        wide = wide_encoding(head)
        if wide is not None:
            return wide, []
        if b"\0" in head:
            raise _not_text(path, "data that are not text")
        stream.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := stream.read(1 << 20):
                decoder.decode(chunk)
        except UnicodeDecodeError:
            stream.seek(0)
            encoding = guessed_encoding(stream)
            return encoding, encoding_problems(path.name, encoding)
    return "utf-8-sig", []


def _chunks(path: Path, encoding: str, unit: str) -> Iterator[Chunk]:
    texts: list[str] = []
    starts: list[int] = []
    for number, text in _units(path, encoding, unit):
        texts.append(text)
        starts.append(number)
        if len(texts) == CHUNK_ROWS:
            yield _chunk(texts, starts)
            texts, starts = [], []
    if texts:
        yield _chunk(texts, starts)


def _chunk(texts: list[str], starts: list[int]) -> Chunk:
    return Chunk(pd.DataFrame({"text": pd.Series(texts, dtype="str")}), np.array(starts))


def _units(path: Path, encoding: str, unit: str) -> Iterator[tuple[int, str]]:
    waiting: list[str] = []
    start = number = 0
    with path.open(encoding=encoding, errors="replace") as stream:
        while line := stream.readline(MAXIMUM_LINE_BYTES + 1):
            number += 1
            if len(line) > MAXIMUM_LINE_BYTES:
                message = (
                    f"Line {number} of {path.name} is longer than {MAXIMUM_LINE_BYTES // 1_000_000} million "
                    "characters. Break the text into lines or paragraphs and save it again."
                )
                raise stop("line_too_long", message, field="source")
            text = line.strip()
            if unit == "line" and text:
                yield number, text
            elif text:
                start = start if waiting else number
                waiting.append(text)
            elif waiting:
                yield start, "\n".join(waiting)
                waiting = []
    if waiting:
        yield start, "\n".join(waiting)


def _guessed(path: Path, encoding: str, count: int) -> Problem:
    which = "One file was" if count == 1 else f"{count:,} files were"
    message = (
        f"{path.name} is not all written in UTF-8. {which} read as {ENCODING_NAMES[encoding]}; if letters "
        "look wrong, save the texts again with the encoding UTF-8."
    )
    return Problem("encoding_guessed", message, field="source", severity="warning")


def _not_text(path: Path, kind: str) -> BuilderError:
    message = f"{path.name} is not a text file: it holds {kind}. Save the text as .txt in UTF-8."
    return stop("not_text", message, field="source")
