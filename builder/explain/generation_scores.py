"""How close a generator comes to the real samples: its distance beside that of real samples and of noise."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from builder.adversarial.distance import diversity, frechet_distance, nearest
from builder.adversarial.features import extractor
from builder.adversarial.model import make_samples
from builder.adversarial.noise import draw
from builder.data.prepare import Prepared
from builder.errors import stop

MOST_SAMPLES = 1000
# The evaluation's own noise, which no training measures with.
_SEED = 11


def generation_scores(generator: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return the Fréchet distance of made samples to held-out real ones, and what it means.

    Args:
        generator: from noise to samples in the unit of the data.
        prepared: the data.
        rows: the held-out rows.

    Returns:
        JSON-ready data. ``floor`` is the distance of training samples to the held-out ones: no generator is
        expected to come closer. The ``baseline`` draws every value by itself, with its own mean and spread.
        ``diversity`` is 1 where two made samples differ as much as two real ones. ``closeness`` compares how
        near made samples are to the nearest training sample with how near held-out ones are: far below 1 they
        are copies.

    Raises:
        BuilderError: ``not_a_number`` where the generator makes no numbers.
    """
    real = _samples(prepared, rows)
    known = _samples(prepared, np.asarray(prepared.indices["train"]))
    made = make_samples(generator, draw(tuple(generator.inputs[0].shape[1:]), len(real), _SEED))
    if not np.isfinite(made).all():
        message = (
            "The generator makes samples that are not numbers (NaN or infinite): training diverged. Lower "
            "both learning rates and train again."
        )
        raise stop("not_a_number", message)
    features = extractor(prepared)
    found, wanted, trained = features(made), features(real), features(known)
    noise = features(_independent(known, len(real)))
    distance, simple = frechet_distance(wanted, found), frechet_distance(wanted, noise)
    return {
        "frechet_distance": distance,
        "floor": frechet_distance(wanted, trained[: len(wanted)]),
        "baseline": {"rule": "every value drawn by itself", "frechet_distance": simple},
        "learned": distance < simple,
        "diversity": diversity(found, wanted),
        "closeness": float(
            np.median(nearest(found, trained)) / max(np.median(nearest(wanted, trained)), 1e-12)
        ),
        "samples": len(real),
    }


def _samples(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    chosen = np.random.default_rng(_SEED).permutation(rows)[:MOST_SAMPLES]
    return np.asarray(prepared.arrays[prepared.spec.arrays[0].name][chosen], np.float32)


def _independent(known: np.ndarray, count: int) -> np.ndarray:
    """Return samples in which every value is drawn by itself, within the range of the known ones."""
    random = np.random.default_rng(_SEED)
    drawn = random.normal(known.mean(axis=0), known.std(axis=0), (count, *known.shape[1:]))
    return np.clip(drawn, known.min(), known.max()).astype(np.float32)
