"""The order of an epoch in which every class is shown equally often."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

import numpy as np

RESAMPLED_TASKS = ("classification", "ordinal")


def resampled_rows(classes, method):
    """Return how many samples an epoch has after resampling; see ``resampled_order``."""
    counts = np.bincount(classes)
    counts = counts[counts > 0]
    return int(len(counts) * (counts.max() if method == "oversample" else counts.min()))


def resampled_order(classes, method, seed, epoch):
    """Return positions within the training part, shuffled, the same number of every class.

    It depends on the classes, seed and epoch (from 0) alone. No sample is repeated once more before every
    other one of its class has been shown as often.

    Args:
        classes: the class of every training row.
        method: ``"oversample"`` shows every class as often as the most frequent one, ``"undersample"`` as
            often as the rarest.
        seed: the run's seed.
        epoch: which epoch.
    """
    random = np.random.default_rng((seed, epoch))
    counts = np.bincount(classes)
    present = np.flatnonzero(counts)
    wanted = counts[present].max() if method == "oversample" else counts[present].min()
    found = []
    for number in present:
        rows = np.flatnonzero(classes == number)
        whole = np.tile(rows, wanted // len(rows))
        found.append(np.concatenate([whole, random.permutation(rows)[: wanted - len(whole)]]))
    return random.permutation(np.concatenate(found))
