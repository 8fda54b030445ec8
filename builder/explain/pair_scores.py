"""How well a text-to-text model answers the test part, beside the answers of similar training texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from builder.data.prepare import Prepared
from builder.data.prepare_pairs import pair_texts
from builder.data.some_rows import spread
from builder.explain.answering import answers
from builder.explain.text_scores import fitting_cut, text_scores
from builder.explain.vocabulary_scores import vocabulary_scores
from builder.params import with_defaults
from builder.writing_settings import ANSWER_PARAMETERS

# So many texts are answered; the score of more differs by less than it costs.
ANSWERED = 500
_COMPARED = 50_000
_EXAMPLES = 12
_AT_ONCE = 500


def pair_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return BLEU and ROUGE-L of written answers, and accuracy and perplexity of the tokens.

    Answers are written word by word without help, greedily, for at most ``ANSWERED`` of the rows, evenly
    spread. The tokens are scored over all rows, each from the right ones before it. The baseline answers with
    what the most similar training text was answered with.

    Args:
        model: a trained text-to-text model.
        prepared: the data.
        rows: the rows to score.

    Raises:
        BuilderError: where the model's answers are not numbers.
    """
    tokens = vocabulary_scores(model, prepared, rows)
    chosen = rows[spread(len(rows), ANSWERED)]
    arrays = {"tokens": np.asarray(prepared.arrays["tokens"][chosen])}
    settings = with_defaults(ANSWER_PARAMETERS, {})
    written = list(answers(model, prepared.spec, arrays, settings))
    texts, right = pair_texts(prepared.folder, prepared.spec)
    asked, wanted = [texts[row] for row in chosen], [right[row] for row in chosen]
    cut = fitting_cut(wanted)
    scores = text_scores(written, wanted, cut)
    simple = text_scores(_similar_answers(prepared, texts, right, asked), wanted, cut)
    return {
        **scores,
        **tokens,
        "answered": len(chosen),
        "baseline": {
            "rule": "the answer to the most similar training text",
            "bleu": simple["bleu"],
            "rouge_l": simple["rouge_l"],
        },
        "learned": scores["bleu"] > simple["bleu"],
        "examples": _examples(asked, wanted, written),
        "worst_errors": [],
    }


def _similar_answers(
    prepared: Prepared, texts: Sequence[str], right: Sequence[str], asked: Sequence[str]
) -> list[str]:
    """Return the answer to the training text that shares the most characters, three or so in a row."""
    training = np.asarray(prepared.indices["train"])
    training = training[spread(len(training), _COMPARED)]
    measure = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, max_features=100_000)
    known = measure.fit_transform([texts[row] for row in training])
    nearest: list[int] = []
    for start in range(0, len(asked), _AT_ONCE):
        closeness = measure.transform(asked[start : start + _AT_ONCE]) @ known.T
        nearest += np.asarray(closeness.argmax(axis=1)).ravel().tolist()
    return [right[training[place]] for place in nearest]


def _examples(asked: Sequence[str], wanted: Sequence[str], written: Sequence[str]) -> list[dict[str, str]]:
    places = spread(len(asked), _EXAMPLES)
    return [{"text": asked[place], "reference": wanted[place], "answer": written[place]} for place in places]
