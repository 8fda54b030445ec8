"""What a model holds likely next, for some texts at once, as they grow. Plain NumPy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from builder.explain.next_tokens import log_probabilities

# The share of what a model sees that is given up at once where a text outgrows it.
GIVEN_UP = 0.25


class GrowingTexts(ABC):
    """The log-probabilities of the next token of growing texts.

    A text may outgrow what the model sees. Then a quarter of that is given up at its beginning, and the rest
    is read again: places move only then, which is what lets what was seen be kept in between.

    Args:
        length: how many tokens the model sees.
        is_probability: whether it gives probabilities; else logits.
    """

    def __init__(self, length: int, is_probability: bool) -> None:
        self.length = length
        self._is_probability = is_probability
        self._fixed: dict[str, np.ndarray] = {}
        self._texts = np.zeros((0, 0), np.int32)
        self._start = 0

    def begin(
        self, texts: Sequence[Sequence[int]], fixed: Mapping[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Begin with texts of equal length, at least one token, and return the chances, (texts, vocabulary).

        Args:
            texts: token ids.
            fixed: the other inputs by name, one row a text.
        """
        self._fixed = dict(fixed or {})
        self._texts = np.asarray(texts, np.int32)
        self._start = max(self._texts.shape[1] - self.length, 0)
        return self._read_again()

    def grow(self, tokens: Sequence[int], rows: Sequence[int] | None = None) -> np.ndarray:
        """Put one token behind each text and return the chances, (texts, vocabulary).

        Args:
            tokens: one token a text.
            rows: for each text the one that it goes on from, where some are dropped and others doubled; it
                must share that one's fixed inputs.
        """
        if rows is not None:
            self._texts = self._texts[np.asarray(rows)]
            self._keep(np.asarray(rows))
        self._texts = np.concatenate([self._texts, np.asarray(tokens, np.int32)[:, None]], axis=1)
        if self._texts.shape[1] - self._start > self.length:
            self._start += max(int(self.length * GIVEN_UP), 1)
            return self._read_again()
        return self._chances(self._texts[:, -1:])

    @property
    def _seen(self) -> np.ndarray:
        """The tokens that the model sees now, (texts, steps)."""
        return self._texts[:, self._start :]

    def _read_again(self) -> np.ndarray:
        self._forget()
        return self._chances(self._seen)

    def _chances(self, tokens: np.ndarray) -> np.ndarray:
        return log_probabilities(self._outputs(tokens), self._is_probability)

    @abstractmethod
    def _forget(self) -> None:
        """Forget what was seen of the texts."""

    @abstractmethod
    def _keep(self, rows: np.ndarray) -> None:
        """Let each text go on from what was seen of another, ``rows``."""

    @abstractmethod
    def _outputs(self, tokens: np.ndarray) -> np.ndarray:
        """Return the model's output for the last token, (texts, vocabulary).

        Args:
            tokens: what comes behind the tokens seen before, (texts, steps).
        """
