"""The text that a model's steps say, and how far it is from another text."""

from __future__ import annotations

import numpy as np


def decoded(outputs: np.ndarray, characters: tuple[str, ...]) -> list[str]:
    """Return the text of every sample: the best character of each step, repeats and blanks left out.

    Args:
        outputs: logits or probabilities, (samples, steps, characters), of which the first is the blank.
        characters: what each index stands for.

    Reference:
        Graves et al., Connectionist Temporal Classification (2006), section 3.2, best path decoding.
    """
    best = outputs.argmax(axis=-1)
    changes = np.concatenate([np.ones((len(best), 1), bool), best[:, 1:] != best[:, :-1]], axis=1)
    kept = changes & (best != 0)
    return [
        "".join(characters[number] for number in row[chosen]) for row, chosen in zip(best, kept, strict=True)
    ]


def edit_distance(first: str, second: str) -> int:
    """Return how many characters must be put in, taken out or exchanged to make one text of another.

    Reference: Wagner & Fischer, The String-to-String Correction Problem (1974).
    """
    row = list(range(len(second) + 1))
    for place, character in enumerate(first, start=1):
        before, row[0] = row[0], place
        for column, other in enumerate(second, start=1):
            cheapest = min(row[column] + 1, row[column - 1] + 1, before + (character != other))
            before, row[column] = row[column], cheapest
    return row[-1]


def character_error_rate(told: list[str], true: list[str]) -> float:
    """Return the edits that the texts need, divided by the characters of the true ones."""
    wrong = sum(edit_distance(said, wanted) for said, wanted in zip(told, true, strict=True))
    return wrong / max(sum(map(len, true)), 1)
