"""Texts as pieces in which words are hidden, and pairs of which the second half follows the first or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.files import hash_files
from builder.data.known_tokenizers import tokenizer_for
from builder.data.masking import CLASS, MARKS, SEPARATOR
from builder.data.prepare_language import checked_texts, end_of, text_column, texts_of, write_tokens
from builder.data.spec import TEXT_INPUT, ArraySpec, DataSpec, ModelInput, TargetSpec
from builder.data.splits import split_rows
from builder.data.table_source import TableSource
from builder.data.text_pieces import TextPieces, hidden_pieces
from builder.data.tokenizers import SUBWORD, with_frame
from builder.data.windows import TOKENS_FILE
from builder.data.writing import ArrayWriter, further_targets_file, write_array
from builder.errors import Problem, stop
from builder.params import AUTO
from builder.project import DataRecipe

PROPOSED_LENGTH = 64
FOLLOWS = ("another text", "the next text")
NEXT_SENTENCE = "next_sentence"
FOLLOWS_NAME = "next sentence"
_STREAM_FILE = "stream.npy"


def prepare_masked(
    recipe: DataRecipe, source: TableSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write pieces of a text with hidden words, targets and parts; return the specification and warnings.

    What is hidden here is what validation and test are scored on; training hides other words in every epoch
    (see ``builder.data.hiding``). With ``next_sentence``, a piece has two halves, and in half of the pieces
    the second one is taken from elsewhere in the same part.

    Raises:
        BuilderError: where no column holds texts, the tokenizer does not suit, or the text is too short.

    Reference:
        Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019), section 3.1.
    """
    settings = recipe.settings()
    _check_tokenizer(settings)
    length = _piece_length(settings)
    column = text_column(recipe, source)
    problems = list(source.problems)
    rows = split_rows({**recipe.split_settings(), "method": "ordered"}, checked_texts(source), None)
    last = int(rows["train"][-1])

    def training() -> Iterator[list[str]]:
        yield from ([text] for number, text in texts_of(source, column, []) if number <= last)

    plain = tokenizer_for(settings, training, MARKS)
    ends = write_tokens(source, column, with_frame(plain, None), folder, problems, on_progress)
    edges = {part: (end_of(ends, chosen[0] - 1), end_of(ends, chosen[-1])) for part, chosen in rows.items()}
    # The pieces go by the name that the whole row has had.
    stream = (folder / TOKENS_FILE).rename(folder / _STREAM_FILE)
    pieces = TextPieces(np.load(stream, mmap_mode="r"), ends, length, settings[NEXT_SENTENCE])
    seed = recipe.split_settings()["seed"]
    counts = _write_pieces(pieces, len(plain["vocabulary"]), edges, folder, seed)
    stream.unlink()
    described = {**with_frame(plain, (CLASS, SEPARATOR)), "sequence_length": length, "column": column}
    further = (TargetSpec(FOLLOWS_NAME, "classification", FOLLOWS),) if settings[NEXT_SENTENCE] else ()
    spec = DataSpec(
        task=recipe.task,
        inputs=(ModelInput(TEXT_INPUT, "text", (ArraySpec("tokens", (length,), "int32"),), described),),
        target_name=column,
        target_shape=(length,),
        rows=counts,
        data_hash=hash_files(source.files),
        source_title=source.title,
        reading=source.reading,
        further_targets=further,
    )
    return spec, problems


def _check_tokenizer(settings: Mapping[str, Any]) -> None:
    if settings["tokenizer"] not in SUBWORD:
        message = (
            f"The hidden words of a text are learned from pieces of words, but texts are cut into "
            f"'{settings['tokenizer']}'. Cut them into 'word_piece', as BERT does, or 'byte_pair'."
        )
        raise stop("needs_pieces", message, field="tokenizer")


def _piece_length(settings: Mapping[str, Any]) -> int:
    """Return the length of a piece, which has room for its marks and a word, or one in each half."""
    length = settings["sequence_length"]
    least = 5 if settings[NEXT_SENTENCE] else 3
    if length == AUTO:
        return PROPOSED_LENGTH
    if length < least:
        message = (
            f"A sample of {length} pieces of words has no room for a word beside its marks {CLASS} and "
            f"{SEPARATOR}. Raise the sequence length to {least} or more; {PROPOSED_LENGTH} is usual."
        )
        raise stop("sequence_too_short", message, field="sequence_length")
    return int(length)


def _write_pieces(
    pieces: TextPieces, size: int, edges: Mapping[str, tuple[int, int]], folder: Path, seed: int
) -> dict[str, int]:
    names: dict[str, tuple[int, ...]] = {"tokens": (pieces.length,), "targets": (pieces.length,)}
    names |= {"follows": ()} if pieces.has_pairs else {}
    files = {"follows": further_targets_file(0)}
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        writers = {
            name: ArrayWriter(
                stack.enter_context((folder / files.get(name, f"{name}.npy")).open("wb")), shape, "int32"
            )
            for name, shape in names.items()
        }
        for number, (part, edge) in enumerate(edges.items()):
            counts[part], first = len(pieces.starts(*edge)), writers["tokens"].rows
            if not counts[part]:
                raise _too_short(part, edge, pieces.length)
            random = np.random.default_rng((seed, number))
            for tokens, targets, follows in hidden_pieces(pieces, edge, size, random):
                for name, values in {"tokens": tokens, "targets": targets, "follows": follows}.items():
                    if name in writers:
                        writers[name].append(values)
            write_array(folder / f"{part}.npy", np.arange(first, first + counts[part]))
        for writer in writers.values():
            writer.finish()
    return counts


def _too_short(part: str, edge: tuple[int, int], length: int) -> Exception:
    message = (
        f"The {part} part of the text has {edge[1] - edge[0]:,} piece(s) of words, too few for a sample of "
        f"{length}. Lower the sequence length, or choose a longer text."
    )
    return stop("text_too_short", message, field="sequence_length")
