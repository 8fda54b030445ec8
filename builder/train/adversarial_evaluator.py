"""How far a generator in training is from the real samples, measured at the end of every epoch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from builder.adversarial.distance import diversity, frechet_distance
from builder.adversarial.features import extractor
from builder.adversarial.latent import draw
from builder.adversarial.model import AdversarialModel, make_samples
from builder.train.training_data import TrainingData

DISTANCE, DIVERSITY = "frechet_distance", "diversity"
MOST_ROWS = 1000
# With fewer real samples than this, the distance tells more of their number than of the generator.
FEWEST_ROWS = 200


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
        latent = draw(self._model.latent_shape, max(len(real), FEWEST_ROWS), seed=0)
        made = make_samples(self._model.generator_in_units, latent)
        if not np.isfinite(made).all():
            return {DISTANCE: float("nan")}
        found = self._features(made)
        return {DISTANCE: frechet_distance(real, found), DIVERSITY: diversity(found, real)}

    def _real_features(self, part: str) -> np.ndarray:
        if part not in self._real:
            prepared = self._data.prepared
            enough = self._data.rows[part] >= FEWEST_ROWS
            rows = np.asarray(prepared.indices[part if enough else "train"])[:MOST_ROWS]
            samples = np.asarray(prepared.arrays[prepared.spec.arrays[0].name][rows])
            self._real[part] = self._features(samples)
        return self._real[part]
