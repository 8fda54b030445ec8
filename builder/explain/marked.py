"""Explanations drawn onto the samples that they are about: colored patches, colored words. No Keras."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from PIL import Image

from builder.data.tokenizers import REPLACEMENT

SIDE = 320
FOR, AGAINST = (16, 133, 120), (217, 89, 38)


def overlay(picture: np.ndarray, scores: Sequence[float], grid: Sequence[int]) -> np.ndarray:
    """Return a picture, (height, width, channels) uint8, in gray with its patches colored by their scores."""
    gray = np.asarray(Image.fromarray(picture.squeeze()).convert("L").resize((SIDE, SIDE)), np.float64)
    values = np.asarray(scores).reshape(grid)
    shares = values / max(float(np.abs(values).max()), 1e-12)
    rows, columns = (np.arange(SIDE) * size // SIDE for size in grid)
    share = shares[np.ix_(rows, columns)][..., None]
    color = np.where(share >= 0, FOR, AGAINST)
    strength = 0.75 * np.abs(share)
    return ((1 - strength) * gray[..., None] + strength * color).astype(np.uint8)


def legend(kind: str, signed: bool, words: Sequence[str] = ()) -> str:
    """Return what the colors of an explanation mean, in words.

    Args:
        kind: of the input.
        signed: whether a part may also speak against the answer.
        words: the parts of a text.
    """
    colors = "Green speaks for it, orange against it." if signed else "Green matters."
    is_hidden = kind == "text" and any(REPLACEMENT in word for word in words)
    return f"{colors} {REPLACEMENT} is a word that the model does not know." if is_hidden else colors


def marked_words(words: Sequence[str], scores: Sequence[float]) -> str:
    """Return words as HTML, each with a ground of its score's color and, for screen readers, its score."""
    most = max((abs(score) for score in scores), default=0.0) or 1.0
    pieces = []
    for word, score in zip(words, scores, strict=True):
        red, green, blue = FOR if score >= 0 else AGAINST
        ground = f"rgba({red},{green},{blue},{0.65 * abs(score) / most:.2f})"
        pieces.append(
            f'<span style="background:{ground};border-radius:3px;padding:1px 3px" title="{score:+.4g}">'
            f"{html.escape(word)}</span>"
        )
    return f'<p style="line-height:2.1">{" ".join(pieces)}</p>'
