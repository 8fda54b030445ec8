"""The code that turns texts into tokens, as the studio did."""

from __future__ import annotations

import json

from builder.codegen.layout import INDENT, formatted, literal, source
from builder.codegen.loading import TOKENIZER_FILE, VOCABULARY_FILE, Beside, Reading
from builder.data.encodings import WINDOWS, decoded, unicode_encoding, wide_encoding
from builder.data.spec import DataSpec, ModelInput
from builder.data.text import words_of
from builder.data.tokenizers import SUBWORD

_CHARACTERS_FILE = "characters.json"

_VECTORIZED = '''\
def token_ids(texts, length=SEQUENCE_LENGTH):
    """Return the tokens of texts, each cut or padded to the same length."""
{call}
    return np.asarray(vectorize(texts)).astype("int32")'''

_SUBWORDS = '''\
def token_ids(texts, length=SEQUENCE_LENGTH):
    """Return the tokens of texts, each cut or padded to the same length."""
    tokens = np.zeros((len(texts), length), dtype="int32")
    for row, found in enumerate(TOKENIZER.encode_batch(texts)):
        ids = found.ids[:length]
        tokens[row, : len(ids)] = ids
    return tokens'''

_READ_LINES = '''\
def read_lines(path):
    """Return the lines of a text file."""
    text = decoded(path.read_bytes(), {encoding})
    return io.StringIO(text, newline=None).read().split("\\n")'''


def lines_reading(spec: DataSpec) -> Reading:
    """Return the code of ``read_lines``, which reads a text file in the encoding that the studio found."""
    encoding = literal(spec.reading.get("encoding", WINDOWS))
    code = _READ_LINES.replace("{encoding}", encoding)
    carried = (source(part) for part in (wide_encoding, unicode_encoding, decoded))
    return Reading(("import codecs", "import io"), (*carried, code))


def tokenizer_kind(item: ModelInput) -> str:
    """Return what an input's texts are cut into: "word", "character", "byte_pair" or "word_piece"."""
    return str(item.settings.get("tokenizer", "word"))


def tokenizer_constants(item: ModelInput, beside: Beside) -> Reading:
    """Return the code that reads an input's vocabulary or tokenizer from beside the script."""
    kind = tokenizer_kind(item)
    if kind in SUBWORD:
        line = f"TOKENIZER = Tokenizer.from_file(str({beside(TOKENIZER_FILE)}))"
        return Reading(("from pathlib import Path", "from tokenizers import Tokenizer"), (), (line,))
    note = f"# One {kind} a place; the first is the padding, the second stands for unknown ones."
    if kind == "character":
        line = f'VOCABULARY = json.loads({beside(_CHARACTERS_FILE)}.read_text("utf-8"))'
        return Reading(("import json", "from pathlib import Path"), (), (note, line))
    line = f'VOCABULARY = {beside(VOCABULARY_FILE)}.read_text("utf-8").split("\\n")'
    return Reading(("from pathlib import Path",), (), (note, line))


def input_tokens(texts: str) -> list[str]:
    """Return the lines that put the tokens of texts, an expression, into the arrays."""
    return [
        f'    arrays["tokens"] = token_ids({texts})',
        "    # A text without words counts as one unknown word, so that a mask leaves something of it.",
        '    arrays["tokens"][:, 0] = np.maximum(arrays["tokens"][:, 0], 1)',
    ]


def tokenizer_files(item: ModelInput) -> dict[str, str]:
    """Return the file that ``tokenizer_constants`` reads, as name and text."""
    kind = tokenizer_kind(item)
    if kind in SUBWORD:
        return {TOKENIZER_FILE: item.settings["tokenizer_file"]}
    if kind == "character":
        return {_CHARACTERS_FILE: json.dumps(list(item.settings["vocabulary"]), ensure_ascii=False) + "\n"}
    return {VOCABULARY_FILE: "\n".join(item.settings["vocabulary"])}


def tokens_reading(item: ModelInput, beside: Beside) -> Reading:
    """Return the code of ``token_ids``, which turns texts into arrays of tokens, with what it needs."""
    vocabulary, kind = tokenizer_constants(item, beside), tokenizer_kind(item)
    constants = (f"SEQUENCE_LENGTH = {item.settings['sequence_length']}", *vocabulary.constants)
    if kind in SUBWORD:
        return Reading(vocabulary.imports, (_SUBWORDS,), constants)
    arguments = "vocabulary=VOCABULARY[2:], output_sequence_length=length"
    if kind == "character":
        arguments = f'standardize=None, split="character", {arguments}'
    imports = (*vocabulary.imports, "from keras import layers")
    call = formatted(INDENT, f"vectorize = layers.TextVectorization({arguments})")
    return Reading(imports, (_VECTORIZED.replace("{call}", "\n".join(call)),), constants)


_TOKENS_OF = '''\
def tokens_of(text):
    """Return the tokens of a text."""
    return {tokens}'''

_TEXT_OF = '''\
def text_of(tokens):
    """Return the text that tokens stand for."""
    return {text}'''

_STANDARDIZED = (
    "STANDARDIZED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, string.punctuation)",
    'STANDARDIZED |= dict.fromkeys(map(ord, "\\t\\n\\v\\f\\r"), ord(" "))',
)


def tokens_function(item: ModelInput, framed: bool = False) -> Reading:
    """Return the code of ``tokens_of``, for a text of any length; it needs the vocabulary's.

    Args:
        item: the input.
        framed: whether its tokenizer puts marks around a text, which are left out here.
    """
    kind = tokenizer_kind(item)
    if kind in SUBWORD:
        arguments = "text, add_special_tokens=False" if framed else "text"
        return Reading((), (_TOKENS_OF.format(tokens=f"TOKENIZER.encode({arguments}).ids"),))
    index = "INDEX = {word: number for number, word in enumerate(VOCABULARY) if number > 1}"
    pieces = "text" if kind == "character" else "words_of(text)"
    code = _TOKENS_OF.format(tokens=f"[INDEX.get(piece, 1) for piece in {pieces}]")
    if kind == "character":
        return Reading((), (code,), (index,))
    return Reading(("import string",), (source(words_of), code), (*_STANDARDIZED, index))


def text_function(item: ModelInput) -> str:
    """Return the code of ``text_of``, which needs the vocabulary's."""
    kind = tokenizer_kind(item)
    if kind in SUBWORD:
        return _TEXT_OF.format(text="TOKENIZER.decode(np.asarray(tokens).tolist())")
    between = '" "' if kind == "word" else '""'
    return _TEXT_OF.format(text=f"{between}.join(VOCABULARY[token] for token in tokens)")
