"""What a Keras model holds likely next, for some texts at once, as they grow."""

from __future__ import annotations

import keras
import numpy as np

from builder.explain.decoding.cached_steps import CachedSteps, Seen
from builder.explain.decoding.growing import GrowingTexts
from builder.explain.decoding.layer_steps import CannotStep
from builder.outputs import arrange, output_activation

_CACHES = 4


class NextChances(GrowingTexts):
    """The log-probabilities of the next token of growing texts, of a Keras model.

    Args:
        model: a model that gives logits or probabilities, (batch, steps, vocabulary).
        written: the name of the input that grows; the other inputs are fixed.
        use_cache: whether to keep what was seen, where the model's layers let that be done.
    """

    def __init__(self, model: keras.Model, written: str, use_cache: bool = True) -> None:
        length = next(tensor.shape[1] for tensor in model.inputs if tensor.name == written)
        super().__init__(length, output_activation(model) == "softmax")
        self._model, self._written = model, written
        self._cached = _cached_steps(model, written) if use_cache else None
        self._kept: Seen | None = None

    @property
    def is_cached(self) -> bool:
        """Whether a step costs the new tokens alone."""
        return self._cached is not None

    def _forget(self) -> None:
        if self._cached is not None:
            self._kept = self._cached.begin(self._fixed, len(self._texts))

    def _keep(self, rows: np.ndarray) -> None:
        if self._cached is not None and self._kept is not None:
            self._kept = self._cached.keep(self._kept, rows)

    def _outputs(self, tokens: np.ndarray) -> np.ndarray:
        if self._cached is None or self._kept is None:
            return self._of_the_whole_model()
        outputs, self._kept = self._cached.feed(self._kept, tokens)
        return outputs

    def _of_the_whole_model(self) -> np.ndarray:
        window = np.zeros((len(self._seen), self.length), np.int32)
        window[:, : self._seen.shape[1]] = self._seen
        # What follows the last step is padding, which a model that only looks back does not see.
        inputs = arrange(self._model, {**self._fixed, self._written: window})
        return np.asarray(self._model.predict_on_batch(inputs))[:, self._seen.shape[1] - 1]


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
