"""The code of texts as pieces with hidden words, and of pairs of halves that follow each other or not."""

from __future__ import annotations

from builder.codegen.layout import Name, constant, source
from builder.codegen.loading import Beside
from builder.codegen.script_parts import Part
from builder.codegen.split_code import batches_source, changed_batches_source
from builder.codegen.text_code import text_function, tokenizer_constants, tokens_function
from builder.codegen.window_code import LOAD_TEXT, texts_reading
from builder.data import masking
from builder.data.hiding import hidden_anew
from builder.data.partition import cut
from builder.data.spec import DataSpec
from builder.data.text_pieces import PIECES_AT_ONCE, SHORTEST_PIECE, TextPieces, hidden_pieces
from builder.project import DataRecipe

_MAKE_PIECES = '''\
def make_pieces(tokens, ends):
    """Return pieces with hidden words, {words}, and each part's rows."""
    pieces, borders = TextPieces(tokens, ends, LENGTH, has_pairs={has_pairs}), [0, *ends]
    found, counts = [], []
    # The parts follow each other in the text.
    for number, rows in enumerate(cut(np.arange(len(ends)), VALIDATION, TEST)):
        part, random = (borders[rows[0]], borders[rows[-1] + 1]), np.random.default_rng((SPLIT_SEED, number))
        found += hidden_pieces(pieces, part, VOCABULARY_SIZE, random)
        counts.append(len(pieces.starts(*part)))
    inputs, words, {follows} = (np.concatenate(items) for items in zip(*found, strict=True))
    parts = np.split(np.arange(sum(counts)), np.cumsum(counts)[:-1])
    return {{"tokens": inputs}}, {targets}, parts'''

_CHANGED_ONE = '''\
def changed(arrays, targets, seed):
    """Return a batch in which other words are hidden."""
    tokens, words = hidden_anew(arrays["tokens"], targets, VOCABULARY_SIZE, seed)
    return {"tokens": tokens}, words'''

_CHANGED_PAIRS = '''\
def changed(arrays, targets, seed):
    """Return a batch in which other words are hidden."""
    words, follows = targets
    tokens, words = hidden_anew(arrays["tokens"], words, VOCABULARY_SIZE, seed)
    return {"tokens": tokens}, (words, follows)'''


def masked_parts(recipe: DataRecipe, spec: DataSpec, beside: Beside) -> list[Part]:
    """Return the parts that read texts as one long row of tokens, cut it into pieces and hide words."""
    (item,) = spec.inputs
    texts, vocabulary = texts_reading(recipe, spec), tokenizer_constants(item, beside)
    functions = tokens_function(item, framed=True)
    reading = Part(
        "The data",
        "All texts stand in one long row of tokens.",
        imports=("import numpy as np", *texts.imports, *vocabulary.imports),
        constants=(*texts.constants, *vocabulary.constants),
        definitions=(*texts.definitions, *functions.definitions, text_function(item), LOAD_TEXT),
        steps=("tokens, ends = load_data(path)",),
    )
    return [reading, _pieces_part(recipe, spec)]


def _pieces_part(recipe: DataRecipe, spec: DataSpec) -> Part:
    split, has_pairs = recipe.split_settings(), bool(spec.further_targets)
    names = {name: getattr(masking, name) for name in _MASKING}
    pieces = _MAKE_PIECES.format(
        words="what is hidden and which halves follow" if has_pairs else "what is hidden",
        has_pairs=has_pairs,
        follows="follows" if has_pairs else "_",
        targets="(words, follows)" if has_pairs else "words",
    )
    return Part(
        "Pieces with hidden words",
        "What is hidden in validation and test stays hidden; training hides other words in every epoch.",
        imports=("import keras", "import numpy as np", "import tensorflow as tf"),
        constants=(
            f"LENGTH = {spec.sample_shape[0]}",
            f"VOCABULARY_SIZE = {spec.class_count}",
            f"SHORTEST_PIECE, PIECES_AT_ONCE = {SHORTEST_PIECE}, {PIECES_AT_ONCE:_}",
            "# The tokens that stand for no piece of text, and the first one that does.",
            *constant(", ".join(names), Name(", ".join(str(value) for value in names.values()))),
            "# Which share of the words is hidden, and of these becomes the mask or another word.",
            f"HIDDEN, AS_MASK, AS_OTHER = {masking.HIDDEN}, {masking.AS_MASK}, {masking.AS_OTHER}",
            f"VALIDATION, TEST = {split['validation']}, {split['test']}",
            f"SPLIT_SEED = {split['seed']}",
        ),
        definitions=(
            source(cut),
            *(source(item) for item in (masking.hidden, masking.hidden_for_good, TextPieces, hidden_pieces)),
            pieces,
            *(source(item) for item in (masking.shown, hidden_anew)),
            batches_source(has_pairs),
            _CHANGED_PAIRS if has_pairs else _CHANGED_ONE,
            changed_batches_source(),
        ),
        steps=(
            "arrays, targets, (train, validation, test) = make_pieces(tokens, ends)",
            "training = ChangedBatches(arrays, targets, train)",
        ),
    )


_MASKING = ("CLASS_TOKEN", "SEPARATOR_TOKEN", "MASK_TOKEN", "FIRST_WORD")
