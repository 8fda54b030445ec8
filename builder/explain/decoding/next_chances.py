"""What a model holds likely next, for some texts at once, as they grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from builder.explain.decoding.cached_steps import CachedSteps, Seen
from builder.explain.decoding.layer_steps import CannotStep
from builder.explain.next_tokens import log_probabilities
from builder.outputs import arrange, output_activation

# The share of what a model sees that is given up at once where a text outgrows it.
GIVEN_UP = 0.25
_CACHES = 4


class NextChances:
    """The log-probabilities of the next token of growing texts.

    A text may outgrow what the model sees. Then a quarter of that is given up at its beginning, and the rest
    is read again: places move only then, which is what lets keys and values be kept in between.

    Args:
        model: a model that gives logits or probabilities, (batch, steps, vocabulary).
        written: the name of the input that grows; the other inputs are fixed.
        use_cache: whether to keep what was seen, where the model's layers let that be done.
    """

    def __init__(self, model: keras.Model, written: str, use_cache: bool = True) -> None:
        self._model, self._written = model, written
        self._is_probability = output_activation(model) == "softmax"
        self.length = next(tensor.shape[1] for tensor in model.inputs if tensor.name == written)
        self._cached = _cached_steps(model, written) if use_cache else None
        self._fixed: dict[str, np.ndarray] = {}
        self._texts = np.zeros((0, 0), np.int32)
        self._start = 0
        self._seen: Seen | None = None

    @property
    def is_cached(self) -> bool:
        """Whether a step costs the new tokens alone."""
        return self._cached is not None

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
            if self._cached is not None and self._seen is not None:
                self._seen = self._cached.keep(self._seen, np.asarray(rows))
        self._texts = np.concatenate([self._texts, np.asarray(tokens, np.int32)[:, None]], axis=1)
        if self._texts.shape[1] - self._start > self.length:
            self._start += max(int(self.length * GIVEN_UP), 1)
            return self._read_again()
        return self._read(self._texts[:, -1:])

    def _read_again(self) -> np.ndarray:
        if self._cached is not None:
            self._seen = self._cached.begin(self._fixed, len(self._texts))
        return self._read(self._texts[:, self._start :])

    def _read(self, tokens: np.ndarray) -> np.ndarray:
        if self._cached is None or self._seen is None:
            return self._full()
        outputs, self._seen = self._cached.feed(self._seen, tokens)
        return self._chances(outputs)

    def _full(self) -> np.ndarray:
        seen = self._texts[:, self._start :]
        window = np.zeros((len(seen), self.length), np.int32)
        window[:, : seen.shape[1]] = seen
        # What follows the last step is padding, which a model that only looks back does not see.
        inputs = arrange(self._model, {**self._fixed, self._written: window})
        return self._chances(np.asarray(self._model.predict_on_batch(inputs))[:, seen.shape[1] - 1])

    def _chances(self, outputs: np.ndarray) -> np.ndarray:
        return log_probabilities(outputs, self._is_probability)


_KNOWN: dict[int, tuple[keras.Model, CachedSteps | None]] = {}


def _cached_steps(model: keras.Model, written: str) -> CachedSteps | None:
    """Return the steps of a model; tracing them takes a second, so those of the last models are kept."""
    if id(model) not in _KNOWN or _KNOWN[id(model)][0] is not model:
        while len(_KNOWN) >= _CACHES:
            del _KNOWN[next(iter(_KNOWN))]
        try:
            _KNOWN[id(model)] = (model, CachedSteps(model, written))
        except CannotStep:
            _KNOWN[id(model)] = (model, None)
    return _KNOWN[id(model)][1]
