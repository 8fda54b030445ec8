"""Cutting texts into tokens: words, characters, or pieces of words learned from the texts themselves.

Byte-pair and WordPiece tokenizers are trained and run by Hugging Face's ``tokenizers``; their description is
a plain JSON file that the same library reads anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from builder.data.counting import LengthCounter, WordCounter
from builder.data.text import PADDING, UNKNOWN, build_vocabulary, words_of

KINDS = ("word", "character", "byte_pair", "word_piece")
# Their rules do not fit into a Keras layer: a client needs the library, too.
SUBWORD = ("byte_pair", "word_piece")
_PAD = "[PAD]"
UNKNOWN_TOKEN = 1
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
Texts = Callable[[], Iterator[Sequence[str]]]


def takes_ids(settings: Mapping[str, Any]) -> bool:
    """Tell whether no Keras layer can cut the texts of an input, so that its models take token ids."""
    return settings.get("tokenizer") in SUBWORD or bool(settings.get("of_words"))


def fit_tokenizer(kind: str, texts: Texts, size: int, marks: Sequence[str] = ()) -> dict[str, Any]:
    """Return the settings of a tokenizer of at most ``size`` tokens, learned from texts.

    Args:
        kind: one of ``KINDS``.
        texts: returns the training texts from the beginning, some at a time, whenever it is called.
        size: tokens, padding and unknown included.
        marks: names of tokens that stand for no text, such as the end; their indices are 2, 3 and so on.

    Returns:
        ``tokenizer`` (the kind), ``vocabulary`` (index 0 is ``""``, the padding; index 1 ``"[UNK]"``) and,
        of a subword tokenizer, ``tokenizer_file``: the text of its JSON file.
    """
    if kind == "word":
        found = build_vocabulary(texts(), size - len(marks))
        return {"tokenizer": kind, "vocabulary": [*found[:2], *marks, *found[2:]]}
    if kind == "character":
        counter = WordCounter()
        for some in texts():
            counter.add(mark for text in some for mark in text)
        kept = [mark for mark, _ in counter.ordered()[: max(size - 2 - len(marks), 0)]]
        return {"tokenizer": kind, "vocabulary": [PADDING, UNKNOWN, *marks, *kept]}
    trained = _train(kind, texts, size, [_PAD, UNKNOWN, *marks])
    words = sorted(trained.get_vocab().items(), key=lambda item: item[1])
    vocabulary = [PADDING, UNKNOWN, *(word for word, _ in words[2:])]
    return {"tokenizer": kind, "vocabulary": vocabulary, "tokenizer_file": trained.to_str()}


def tokens_of(settings: Mapping[str, Any], text: str) -> list[int]:
    """Return the token ids of a text, neither cut nor padded; 1 stands for an unknown token."""
    return cutter(settings)(text)


def cutter(settings: Mapping[str, Any]) -> Callable[[str], list[int]]:
    """Return what gives the token ids of a text, as ``tokens_of`` does; made once, it serves many texts."""
    kind = settings.get("tokenizer", "word")
    if kind in SUBWORD:
        trained = _tokenizer(settings["tokenizer_file"])
        return lambda text: list(trained.encode(text).ids)
    index = index_of(settings["vocabulary"])
    cut: Callable[[str], list[str]] = words_of if kind == "word" else list
    return lambda text: [index.get(piece, 1) for piece in cut(text)]


def index_of(vocabulary: Sequence[str]) -> dict[str, int]:
    """Return the id of every word of a vocabulary, without padding and unknown."""
    return {word: number for number, word in enumerate(vocabulary) if number > 1}


def text_of(settings: Mapping[str, Any], tokens: Sequence[int]) -> str:
    """Return the text that token ids stand for; an unknown one is shown as a replacement character."""
    kind = settings.get("tokenizer", "word")
    if kind in SUBWORD:
        return str(_tokenizer(settings["tokenizer_file"]).decode(list(tokens)))
    pieces = [REPLACEMENT if token == 1 else settings["vocabulary"][token] for token in tokens]
    return (" " if kind == "word" else "").join(pieces)


def encode_texts(settings: Mapping[str, Any], texts: Sequence[str]) -> np.ndarray:
    """Return token ids, int32, shape (texts, sequence_length): cut at the end or padded with 0.

    A text without words becomes one unknown word: where padding is masked, nothing would be left of it, and
    an average over nothing is no number.
    """
    tokens = padded_tokens(settings, texts)
    tokens[:, 0] = np.maximum(tokens[:, 0], UNKNOWN_TOKEN)
    return tokens


def padded_tokens(settings: Mapping[str, Any], texts: Sequence[str]) -> np.ndarray:
    """Return token ids, int32, shape (texts, sequence_length); of a text without words padding alone."""
    length = settings["sequence_length"]
    tokens = np.zeros((len(texts), length), dtype=np.int32)
    for row, ids in enumerate(_all_ids(settings, texts)):
        ids = ids[:length]
        tokens[row, : len(ids)] = ids
    return tokens


def fitting_length(settings: Mapping[str, Any], texts: Iterable[Sequence[str]], maximum: int = 4096) -> int:
    """Return the number of tokens that 95 of 100 texts do not exceed, between 2 and ``maximum``."""
    lengths = LengthCounter()
    for some in texts:
        lengths.add(len(ids) for ids in _all_ids(settings, some))
    return int(min(max(np.ceil(lengths.percentile(95)), 2), maximum))


def _all_ids(settings: Mapping[str, Any], texts: Sequence[str]) -> Iterator[list[int]]:
    kind = settings.get("tokenizer", "word")
    if kind in SUBWORD:
        found = _tokenizer(settings["tokenizer_file"]).encode_batch_fast(list(texts))
        yield from (list(item.ids) for item in found)
        return
    yield from map(cutter(settings), texts)


def with_frame(settings: Mapping[str, Any], frame: tuple[str, str] | None) -> dict[str, Any]:
    """Return a subword tokenizer that puts two of its marks around every text, or none."""
    from tokenizers import Tokenizer, processors

    trained = Tokenizer.from_str(settings["tokenizer_file"])
    if frame is None:
        trained.post_processor = processors.Sequence([])
    else:
        first, last = frame
        known = [(mark, trained.token_to_id(mark)) for mark in frame]
        trained.post_processor = processors.TemplateProcessing(f"{first} $A {last}", None, known)
    return {**settings, "tokenizer_file": trained.to_str()}


@lru_cache(maxsize=4)
def _tokenizer(description: str) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(description)


def _train(kind: str, texts: Texts, size: int, special: list[str]) -> Any:
    return (_byte_pair if kind == "byte_pair" else _word_piece)(texts, size, special)


def _byte_pair(texts: Texts, size: int, special: list[str]) -> Any:
    """Every text can be written in 256 bytes, so nothing is ever unknown."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE(unk_token=UNKNOWN))
    trained.normalizer = normalizers.NFC()
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=max(size, len(alphabet) + len(special)),
        special_tokens=special,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    trained.train_from_iterator((text for some in texts() for text in some), trainer)
    return trained


def _word_piece(texts: Texts, size: int, special: list[str]) -> Any:
    """Chinese characters become words of their own; letters are lowered and lose accents, as in BERT."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    normalizer, cutter = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()

    def made(vocabulary: dict[str, int]) -> Any:
        found = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=100))
        found.normalizer, found.pre_tokenizer = normalizer, cutter
        found.decoder = decoders.WordPiece()
        return found

    counter = WordCounter()
    for some in texts():
        for text in some:
            counter.add(word for word, _ in cutter.pre_tokenize_str(normalizer.normalize_str(text)))
    inner = sorted({f"##{mark}" for word in counter.counts for mark in word[1:]})
    # The library numbers inner characters in the order of a hash map, which differs from run to run, and so
    # would the pieces. As special tokens they get their numbers first; none of them is special afterwards.
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(size, len(inner) + len(special)),
        special_tokens=[*special, *inner],
        show_progress=False,
    )
    trained = made({})
    trained.train_from_iterator((text for some in texts() for text in some), trainer)
    plain = made(trained.get_vocab())
    plain.add_special_tokens(special)
    return plain
