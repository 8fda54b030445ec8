"""How good written answers are beside the right ones: BLEU and ROUGE-L."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# Scripts that put no spaces between words: Chinese has words for sacrebleu, the others go by character.
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_SHARE = 0.3


def fitting_cut(references: Sequence[str]) -> str:
    """Return how sacrebleu should cut texts: "zh" for Chinese, "13a" where words have spaces, or "char"."""
    text = "".join("".join(references).split())
    if len(_UNSPACED.findall(text)) > _SHARE * max(len(text), 1):
        return "char"
    return "zh" if len(_HAN.findall(text)) > _SHARE * max(len(text), 1) else "13a"


def text_scores(answers: Sequence[str], references: Sequence[str], cut: str) -> dict[str, Any]:
    """Return the corpus BLEU (0 to 100, with sacrebleu's signature) and the mean ROUGE-L (0 to 1).

    Args:
        answers: what was written.
        references: the right answer to each.
        cut: how texts are cut into words, see ``fitting_cut``.

    Reference:
        Papineni et al., BLEU: a Method for Automatic Evaluation of Machine Translation (2002); Post, A Call
        for Clarity in Reporting BLEU Scores (2018).
    """
    from sacrebleu.metrics import BLEU

    bleu = BLEU(tokenize=cut)
    score = bleu.corpus_score(list(answers), [list(references)]).score
    words = _cutter(cut)
    each = [
        rouge_l(words(answer), words(reference))
        for answer, reference in zip(answers, references, strict=True)
    ]
    return {"bleu": float(score), "rouge_l": float(np.mean(each)), "signature": str(bleu.get_signature())}


def rouge_l(answer: Sequence[str], reference: Sequence[str]) -> float:
    """Return the F1 of the longest row of words that both texts have in this order, 0 to 1.

    Reference:
        Lin, ROUGE: A Package for Automatic Evaluation of Summaries (2004), section 3.
    """
    common = _longest_common(answer, reference)
    return 2 * common / (len(answer) + len(reference)) if common else 0.0


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    lengths = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for place, other in enumerate(second, start=1):
            above = lengths[place]
            lengths[place] = before + 1 if word == other else max(above, lengths[place - 1])
            before = above
    return lengths[-1]


def _cutter(cut: str) -> Callable[[str], list[str]]:
    from sacrebleu.metrics import BLEU

    tokenizer = BLEU(tokenize=cut).tokenizer
    return lambda text: str(tokenizer(text)).split()
