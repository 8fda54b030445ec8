"""Sentences whose words have tags: CoNLL files, and JSON Lines with ``tokens`` and ``tags``.

Both become a table of two columns, ``tokens`` and ``tags``, whose cells hold JSON lists of equal length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from builder.data.encodings import (
    WINDOWS,
    encoding_of,
    encoding_problems,
    unicode_encoding,
)
from builder.data.files import describe_start, is_pickle, pickle_refused
from builder.data.table_source import TableSource
from builder.data.tags import OUTSIDE, PREFIXES, begun_inside
from builder.errors import BuilderError, Problem, shown_value, stop
from builder.sizes import MB, size_words

TOKENS, TAGS = "tokens", "tags"
ROLES = {TOKENS: "text", TAGS: "target"}
MAXIMUM_BYTES = 200 * MB
MAXIMUM_WORDS = 5_000
_DOCUMENT = "-DOCSTART-"
_SHOWN = 5
_LOOKED_AT = 400
_BROKEN_SHARE = 0.05
_BROKEN_ALWAYS_SKIPPED = 3


class _Sentence(NamedTuple):
    words: list[str]
    tags: list[str]
    line: int


class _Line(NamedTuple):
    number: int
    text: str
    cells: list[str]


def looks_tagged(head: bytes) -> bool:
    """Tell whether the beginning of a file is one word a line with its tag, as in CoNLL files.

    The lines have two to ten columns, equally many each, and the last one holds tags: ``O``, and others
    such as ``B-PER``. Empty lines stand between sentences.
    """
    lines = [line.split() for line in head.decode("utf-8", "replace").split("\n")[:-1][:_LOOKED_AT]]
    words = [line for line in lines if line and line[0] != _DOCUMENT and not line[0].startswith("#")]
    counts = {len(line) for line in words}
    if len(words) < 3 or len(counts) > 2 or not 2 <= min(counts) <= max(counts) <= 10:
        return False
    tags = [line[-1] for line in words]
    outside = sum(tag == "O" for tag in tags)
    marked = sum(tag[:1] in PREFIXES and tag[1:2] == "-" for tag in tags)
    return outside > 0 and outside + marked > 0.9 * len(words)


def read_tagged(path: Path, title: str | None = None) -> TableSource:
    """Return the sentences of a CoNLL file: one word a line, its tag in the last column.

    Columns are parted by tabs, or by white space where no line has a tab; columns between are left out.
    Empty lines part sentences, ``-DOCSTART-`` lines part documents, lines that begin with ``# `` are
    comments, unless they have as many columns as the rows before them and a tag: then ``#`` is a word.

    Raises:
        BuilderError: where the file is too large, in a mixed or unknown encoding, or mostly not of that form.
    """
    title = title or path.name
    text, encoding = _text(path)
    sentences: list[_Sentence] = []
    broken: list[_Line] = []
    for block in _blocks(text):
        good = [line for line in block if _is_row(line.cells)]
        broken += [line for line in block if not _is_row(line.cells)]
        if good:
            words, tags = [line.cells[0] for line in good], [line.cells[-1] for line in good]
            sentences.append(_Sentence(words, tags, block[0].number))
    _check_broken(path, broken, sum(len(item.words) for item in sentences))
    if not sentences:
        raise _not_tagged(path, "it holds no words")
    guessed = encoding_problems(path.name, encoding)
    problems = [*guessed, *_broken_warning(path, broken)]
    table = _table(title, sentences, (path,), problems)
    return replace(table, reading={"encoding": encoding}) if guessed else table


def tagged_rows(table: TableSource) -> TableSource:
    """Return a table whose columns ``tokens`` and ``tags`` hold lists, checked row by row.

    Rows whose lists are broken are left out with a warning that names their lines.

    Raises:
        BuilderError: where most rows are broken.
    """
    sentences: list[_Sentence] = []
    broken: list[str] = []
    kept: list[int] = []
    cells = zip(table.frame[TOKENS], table.frame[TAGS], table.lines.tolist(), strict=True)
    for place, (tokens, tags, line) in enumerate(cells):
        words, names = _list_of(tokens), _list_of(tags)
        fault = _fault(words, names)
        if fault or words is None or names is None:
            broken.append(f"line {line}: {fault}")
            continue
        sentences.append(_Sentence(words, names, line))
        kept.append(place)
    total = len(broken) + len(sentences)
    if not sentences or (len(broken) > _BROKEN_ALWAYS_SKIPPED and len(broken) > _BROKEN_SHARE * total):
        message = (
            f"{len(broken):,} of {total:,} rows of {table.title} have no usable words and tags ({broken[0]})."
            ' Each row needs two lists of equal length, such as {"tokens": ["Ann", "ran"], "tags": ["B-PER", '
            '"O"]}.'
        )
        raise stop("not_tagged", message, field="source")
    problems = list(table.problems)
    if broken:
        shown = "; ".join(broken[:_SHOWN])
        message = f"{len(broken):,} row(s) of {table.title} were left out: {shown}."
        problems.append(Problem("rows_skipped", message, field="source", severity="warning"))
    is_test = None if table.is_test is None else table.is_test[kept]
    return _table(table.title, sentences, table.files, problems, is_test)


def has_tags(table: TableSource) -> bool:
    """Tell whether a table has the columns of tagged sentences, with lists in them."""
    if not {TOKENS, TAGS} <= set(table.frame.columns):
        return False
    first = table.frame[[TOKENS, TAGS]].head(20)
    return bool(len(first)) and all(cell.startswith("[") for cell in first.to_numpy().ravel())


def words_in(cell: str) -> list[str]:
    """Return the words, or tags, in a cell of a tagged table."""
    return list(json.loads(cell))


def _table(
    title: str,
    sentences: Sequence[_Sentence],
    files: tuple[Path, ...],
    problems: Sequence[Problem],
    is_test: np.ndarray | None = None,
) -> TableSource:
    words = [json.dumps(item.words, ensure_ascii=False) for item in sentences]
    tags = [json.dumps(item.tags, ensure_ascii=False) for item in sentences]
    return TableSource(
        title=title,
        frame=pd.DataFrame({TOKENS: pd.Series(words, dtype="str"), TAGS: pd.Series(tags, dtype="str")}),
        lines=np.array([item.line for item in sentences]),
        files=files,
        is_test=is_test,
        roles=ROLES,
        problems=(*problems, *_begin_warning(title, sentences)),
    )


def _text(path: Path) -> tuple[str, str]:
    size = path.stat().st_size
    if size > MAXIMUM_BYTES:
        limit = size_words(MAXIMUM_BYTES)
        message = f"{path.name} is larger than {limit}. Cut it into several files and choose one."
        raise stop("file_too_large", message, field="source")
    data = path.read_bytes()
    if is_pickle(data[:16]):
        raise pickle_refused(path.name)
    kind = describe_start(data[:16])
    if kind is not None or b"\0" in data[:4096]:
        raise _not_tagged(path, f"it is {kind or 'no text in UTF-8'}")
    encoding = encoding_of(data)
    if encoding == WINDOWS:
        _check_mixed(path, data.split(b"\n"))
    return data.decode(encoding, "replace"), encoding


def _check_mixed(path: Path, lines: Sequence[bytes]) -> None:
    bad = [number for number, line in enumerate(lines, start=1) if unicode_encoding(line) is None]
    whole = sum(not line.isascii() for line in lines)
    if len(bad) == whole:
        return
    where = ", ".join(str(number) for number in bad[:_SHOWN])
    message = (
        f"{path.name} mixes encodings: {len(bad):,} line(s) are not UTF-8 (line {where}), while "
        f"{whole - len(bad):,} other(s) with accents are. Save those lines as UTF-8 in a text "
        "editor, or leave them out, and choose the file again."
    )
    raise stop("mixed_encodings", message, field="source")


def _blocks(text: str) -> Iterator[list[_Line]]:
    """Return the lines of each sentence."""
    by_tab = "\t" in text[:100_000]
    block: list[_Line] = []
    columns = 0
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        parts = [cell.strip() for cell in line.split("\t")] if by_tab else line.split()
        cells = [cell for cell in parts if cell]
        is_row = _is_row(cells)
        is_comment = line.startswith("# ") and not (is_row and len(cells) == columns)
        if cells and not is_comment and not line.startswith(_DOCUMENT):
            block.append(_Line(number, line.strip(), cells))
            columns = len(cells) if is_row else columns
        elif block:
            yield block
            block = []


def _is_row(cells: Sequence[str]) -> bool:
    return len(cells) > 1 and _is_tag(cells[-1])


def _is_tag(cell: str) -> bool:
    return cell == OUTSIDE or (cell[:1] in PREFIXES and cell[1:2] == "-" and len(cell) > 2)


def _check_broken(path: Path, broken: Sequence[_Line], total: int) -> None:
    if len(broken) <= _BROKEN_ALWAYS_SKIPPED or len(broken) <= _BROKEN_SHARE * (total + len(broken)):
        return
    number, _, cells = broken[0]
    reason = (
        f"line {number} has {len(cells)} column(s) instead of a word and its tag"
        if len(cells) < 2
        else f"on line {number} the last column is '{cells[-1]:.30}', which is no tag"
    )
    raise _not_tagged(path, f"{len(broken):,} of {total + len(broken):,} lines are otherwise; {reason}")


def _not_tagged(path: Path, reason: str) -> BuilderError:
    message = (
        f"{path.name} cannot be read as words with tags: {reason}. Write one word a line, then a tab and its "
        "tag (O, or B- and I- with the type, such as B-PER), and an empty line after each sentence."
    )
    return stop("not_tagged", message, field="source")


def _broken_warning(path: Path, broken: Sequence[_Line]) -> list[Problem]:
    if not broken:
        return []
    shown = ", ".join(f"{line.number} ('{line.text:.30}')" for line in broken[:_SHOWN])
    message = (
        f"{len(broken):,} line(s) of {path.name} have no word and tag and were left out: line {shown}. The "
        "words around them stay in their sentence."
    )
    return [Problem("rows_skipped", message, field="source", severity="warning")]


def _begin_warning(title: str, sentences: Sequence[_Sentence]) -> list[Problem]:
    """Tell of entities that begin with I-: mistakes, or the older scheme IOB1."""
    lines = [item.line for item in sentences for _ in range(begun_inside(item.tags))]
    if not lines:
        return []
    message = (
        f"{len(lines):,} entities of {title} begin with I- instead of B- (first in the sentence of line "
        f"{lines[0]}). They are taken to begin there, as in the older scheme IOB1; if two entities of one "
        "type follow each other, mark the second with B-."
    )
    return [Problem("begins_with_i", message, field="source", severity="warning")]


def _list_of(cell: str) -> list[str] | None:
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _fault(words: list[str] | None, tags: list[str] | None) -> str:
    if words is None or tags is None:
        return f"'{TOKENS if words is None else TAGS}' is no list"
    if not words:
        return "the list of words is empty"
    if len(words) != len(tags):
        return f"there are {len(words)} word(s) but {len(tags)} tag(s)"
    if len(words) > MAXIMUM_WORDS:
        return f"there are more than {MAXIMUM_WORDS:,} words"
    for name, items in ((TOKENS, words), (TAGS, tags)):
        wrong = next((item for item in items if not isinstance(item, str) or not item.strip()), None)
        if wrong is not None or not all(isinstance(item, str) for item in items):
            return f"'{name}' holds {shown_value(wrong)}, where a word must stand"
    wrong = next((tag for tag in tags if not _is_tag(tag)), None)
    return "" if wrong is None else f"'{wrong:.30}' is no tag such as O or B-PER"
