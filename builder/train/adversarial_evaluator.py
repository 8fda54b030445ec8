"""How far a generator in training is from the real samples, measured at the end of every epoch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from builder.adversarial.comparing import distance_and_diversity, rows_to_compare
from builder.adversarial.features import extractor
from builder.adversarial.model import AdversarialModel
from builder.train.training_data import TrainingData

DISTANCE, DIVERSITY = "frechet_distance", "diversity"


class AdversarialEvaluator:
    """Measures samples that a generator makes of the same noise every time.

    Args:
        model: the pair in training.
        data: the run's data.
    """

    def __init__(self, model: AdversarialModel, data: TrainingData) -> None:
        self._model, self._data = model, data
        self._features = extractor(data.prepared)
        self._real: dict[str, np.ndarray] = {}

    def measure(self, part: str, between: Callable[[], None] = lambda: None) -> dict[str, float]:
        """Return the Fréchet distance of made to real samples, and how varied the made ones are.

        Args:
            part: whose real samples to compare with; the training part's stand in for one that is too small.
            between: called before the measuring; what it raises ends it.
        """
        between()
        real = self._real_features(part)
        generator = self._model.generator_in_units
        distance, varied = distance_and_diversity(generator, self._features, real)
        return {DISTANCE: distance, DIVERSITY: varied} if np.isfinite(distance) else {DISTANCE: distance}

    def _real_features(self, part: str) -> np.ndarray:
        if part not in self._real:
            prepared = self._data.prepared
            rows = rows_to_compare(prepared.indices[part], prepared.indices["train"])
            samples = np.asarray(prepared.arrays[prepared.spec.arrays[0].name][rows])
            self._real[part] = self._features(samples)
        return self._real[part]
