"""Texts as pieces in which words are hidden, and pairs of which the second half follows the first or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.files import hash_files
from builder.data.known_tokenizers import tokenizer_for
from builder.data.masking import CLASS, CLASS_TOKEN, MARKS, SEPARATOR, SEPARATOR_TOKEN, hidden_for_good
from builder.data.prepare_language import count_texts, end_of, text_column, texts_of, write_tokens
from builder.data.spec import TEXT_INPUT, ArraySpec, DataSpec, ModelInput, TargetSpec
from builder.data.splits import split_rows
from builder.data.table_source import TableSource
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
_SHORTEST = 8
_AT_ONCE = 1_000


def prepare_masked(
    recipe: DataRecipe, source: TableSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write pieces of a text with hidden words, targets and parts; return the specification and warnings.

    What is hidden here is what validation and test are scored on; training hides other words in every epoch
    (see ``builder.train.hiding``). With ``next_sentence``, a piece has two halves, and in half of the pieces
    the second one is taken from elsewhere in the same part.

    Raises:
        BuilderError: where no column holds texts, the tokenizer does not suit, or the text is too short.

    Reference:
        Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019), section 3.1.
    """
    settings = recipe.settings()
    _check_tokenizer(settings)
    column = text_column(recipe, source)
    problems = list(source.problems)
    rows = split_rows({**recipe.split_settings(), "method": "ordered"}, count_texts(source), None)
    last = int(rows["train"][-1])

    def training() -> Iterator[list[str]]:
        yield from ([text] for number, text in texts_of(source, column, []) if number <= last)

    plain = tokenizer_for(settings, training, MARKS)
    ends = write_tokens(source, column, with_frame(plain, None), folder, problems, on_progress)
    length = PROPOSED_LENGTH if settings["sequence_length"] == AUTO else settings["sequence_length"]
    edges = {part: (end_of(ends, chosen[0] - 1), end_of(ends, chosen[-1])) for part, chosen in rows.items()}
    # The pieces go by the name that the whole row has had.
    stream = (folder / TOKENS_FILE).rename(folder / _STREAM_FILE)
    pieces = _Pieces(
        np.load(stream, mmap_mode="r"),
        ends,
        length,
        settings[NEXT_SENTENCE],
        len(plain["vocabulary"]),
    )
    counts = _write_pieces(pieces, edges, folder, recipe.split_settings()["seed"])
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


@dataclass(frozen=True)
class _Pieces:
    """The pieces of one long row of tokens; ``ends`` are where its texts end."""

    tokens: np.ndarray
    ends: np.ndarray
    length: int
    has_pairs: bool
    size: int

    @property
    def body(self) -> int:
        """The number of words in a piece, which begins with the class token and has a separator a half."""
        return self.length - (3 if self.has_pairs else 2)

    def starts(self, first: int, last: int) -> np.ndarray:
        """Return where the pieces of a part begin that lies between two places."""
        return np.arange(first, max(last - min(_SHORTEST, self.body) + 1, first), self.body)

    def made(
        self, starts: np.ndarray, part: tuple[int, int], every: np.ndarray, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the pieces at some starts, (pieces, length), and whether each second half follows.

        Args:
            starts: where they begin.
            part: where the part begins and ends.
            every: where all pieces of the part begin, from which other second halves are taken.
            random: what is drawn with.
        """
        found = np.zeros((len(starts), self.length), np.int32)
        follows = (random.random(len(starts)) < 0.5).astype(np.int32)
        strangers = random.choice(every, len(starts))
        for row, start in enumerate(starts):
            words = self._words(start, part)
            if not self.has_pairs:
                piece = [CLASS_TOKEN, *words, SEPARATOR_TOKEN]
            else:
                cut = self._cut(start, len(words))
                other = self._words(strangers[row], part)
                second = words[cut:] if follows[row] else other[self._cut(strangers[row], len(other)) :]
                piece = [CLASS_TOKEN, *words[:cut], SEPARATOR_TOKEN, *second][: self.length - 1]
                piece.append(SEPARATOR_TOKEN)
            found[row, : len(piece)] = piece
        return found, follows

    def _words(self, start: int, part: tuple[int, int]) -> list[int]:
        return self.tokens[start : min(start + self.body, part[1])].tolist()

    def _cut(self, start: int, count: int) -> int:
        """Return where a piece has its second half: where a text ends near its middle, or in the middle."""
        place = np.searchsorted(self.ends, start + count // 4)
        near = self.ends[place : place + 50] - start
        near = near[near < 3 * count // 4]
        return int(near[np.abs(near - count // 2).argmin()]) if len(near) else count // 2


def _write_pieces(
    pieces: _Pieces, edges: Mapping[str, tuple[int, int]], folder: Path, seed: int
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
            starts = pieces.starts(*edge)
            if not len(starts):
                raise _too_short(part, edge, pieces.length)
            first, counts[part] = writers["tokens"].rows, len(starts)
            random = np.random.default_rng((seed, number))
            for place in range(0, len(starts), _AT_ONCE):
                found, follows = pieces.made(starts[place : place + _AT_ONCE], edge, starts, random)
                tokens, targets = hidden_for_good(found, pieces.size, random)
                for name, values in {"tokens": tokens, "targets": targets, "follows": follows}.items():
                    if name in writers:
                        writers[name].append(values)
            write_array(folder / f"{part}.npy", np.arange(first, first + len(starts)))
        for writer in writers.values():
            writer.finish()
    return counts


def _too_short(part: str, edge: tuple[int, int], length: int) -> Exception:
    message = (
        f"The {part} part of the text has {edge[1] - edge[0]:,} piece(s) of words, too few for a sample of "
        f"{length}. Lower the sequence length, or choose a longer text."
    )
    return stop("text_too_short", message, field="sequence_length")
