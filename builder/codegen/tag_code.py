"""The code that reads sentences whose words have tags."""

from __future__ import annotations

from builder.codegen.layout import source
from builder.codegen.loading import Beside, Reading
from builder.codegen.text_code import lines_reading, tokenizer_constants, tokenizer_kind
from builder.data.spec import DataSpec
from builder.data.tags import Entity, entities_of, parts_of, to_iob2
from builder.data.tokenizers import SUBWORD

_READ_SENTENCES = '''\
def is_tag(cell):
    """Tell whether a cell is a tag such as O or B-PER."""
    return cell == "O" or (cell[:1] in PREFIXES and cell[1:2] == "-" and len(cell) > 2)


def read_sentences(path):
    """Yield the words and the tags of every sentence of a CoNLL file: a word and its tag a line."""
    lines = read_lines(path)
    mark = "\\t" if "\\t" in "\\n".join(lines)[:100_000] else None
    rows, columns = [], 0
    for line in [*lines, ""]:
        cells = [cell.strip() for cell in line.split(mark) if cell.strip()]
        is_row = len(cells) > 1 and is_tag(cells[-1])
        # "#" is a word where a tag follows in the usual column; else it begins a comment.
        is_comment = line.startswith("# ") and not (is_row and len(cells) == columns)
        if cells and not is_comment and not line.startswith("-DOCSTART-"):
            rows += [cells] if is_row else []
            columns = len(cells) if is_row else columns
        elif rows:
            yield [row[0] for row in rows], to_iob2([row[-1] for row in rows])
            rows = []'''

_LOAD = '''\
def load_data(path):
    """Return the tokens of sentences, and the tag's class at each word's first token; -1 counts nothing."""
    sentences = list(read_sentences(path))
    tokens = np.zeros((len(sentences), SEQUENCE_LENGTH), dtype="int32")
    targets = np.full_like(tokens, -1)
    index = {name: number for number, name in enumerate(CLASS_NAMES)}
    for row, (words, tags) in enumerate(sentences):
        ids = []
        for word, tag in zip(words, tags, strict=True):
            if len(ids) < SEQUENCE_LENGTH:
                targets[row, len(ids)] = index.get(tag, -1)
            ids += pieces_of(word)
        tokens[row, : len(ids)] = ids[:SEQUENCE_LENGTH]
    return {"tokens": tokens}, targets'''

_PIECES_OF = '''\
def pieces_of(word):
    """Return the tokens of a word, at least one."""
    return {pieces}'''


def read_tagged(spec: DataSpec, beside: Beside) -> Reading:
    """Return the code that reads tagged sentences as tokens and classes."""
    (item,) = spec.inputs
    vocabulary, kind = tokenizer_constants(item, beside), tokenizer_kind(item)
    index = ["INDEX = {word: number for number, word in enumerate(VOCABULARY) if number > 1}"]
    pieces = "[INDEX.get(word, 1)]" if kind == "word" else "[INDEX.get(mark, 1) for mark in word]"
    if kind in SUBWORD:
        pieces, index = "TOKENIZER.encode(word).ids or [1]", []
    lines = lines_reading(spec)
    carried = [source(item) for item in (Entity, parts_of, entities_of, to_iob2)]
    return Reading(
        ("from typing import NamedTuple", *vocabulary.imports, *lines.imports),
        (*carried, *lines.definitions, _READ_SENTENCES, _PIECES_OF.format(pieces=pieces), _LOAD),
        (
            f"SEQUENCE_LENGTH = {item.settings['sequence_length']}",
            *vocabulary.constants,
            *index,
            'OUTSIDE, PREFIXES = "O", frozenset("BIOESLU")',
            'BEGINS, ENDS = frozenset("BSU"), frozenset("ESLU")',
        ),
    )
