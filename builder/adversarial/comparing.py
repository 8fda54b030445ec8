"""Made samples beside real ones. Generated scripts carry these functions."""

# Scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import numpy as np

from builder.adversarial.distance import diversity, frechet_distance
from builder.adversarial.model import make_samples
from builder.adversarial.noise import draw

MOST_COMPARED = 1000
# With fewer real samples than this, the distance tells more of their number than of the generator.
FEWEST_COMPARED = 200


def rows_to_compare(rows, train):
    """Return the rows of real samples to compare with; those of training stand in for too few."""
    chosen = np.asarray(rows if len(rows) >= FEWEST_COMPARED else train)
    # The data may lie class by class.
    return np.random.default_rng(0).permutation(chosen)[:MOST_COMPARED]


def distance_and_diversity(generator, features, real):
    """Return how far made samples are from real ones, and how varied they are; NaN where they are no numbers.

    They are made of the same noise every time.

    Args:
        generator: makes samples in the unit of the data.
        features: returns the features of samples.
        real: the features of real samples.
    """
    noise = draw(generator.inputs[0].shape[1:], max(len(real), FEWEST_COMPARED), seed=0)
    made = make_samples(generator, noise)
    if not np.isfinite(made).all():
        return np.nan, np.nan
    found = features(made)
    return frechet_distance(real, found), diversity(found, real)
