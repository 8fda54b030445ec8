"""Weight clustering: the weights of a kernel share a few values, which training moves together.

Weights of one cluster have one value, so the weights themselves tell the clusters; a checkpoint needs nothing
more. Zeros, as pruning leaves them, are a cluster of their own that does not move.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from builder.compress.kernels import Chosen
from builder.compress.magnitude_pruning import FEWEST_ZEROS
from builder.errors import stop

_ROUNDS = 30

Step = Callable[[Any], dict[str, Any]]


def cluster(chosen: Chosen, clusters: int) -> None:
    """Give every kernel so many different values, zero among them where it has many zeros; changed in place.

    Raises:
        BuilderError: ``nothing_to_cluster`` where there is no kernel.

    Reference:
        Han, Mao and Dally, Deep Compression (2016), section 3.
    """
    if not chosen.kernels:
        reasons = "; ".join(f"'{layer}': {why}" for layer, why in chosen.left.items())
        message = (
            f"This model has no layer whose weights could be shared. {reasons} Choose another recipe or "
            "another "
            "run."
        )
        raise stop("nothing_to_cluster", message, field="recipe")
    for kernel in chosen.kernels:
        kernel.variable.assign(clustered(np.asarray(kernel.variable), clusters))


def clustered(values: np.ndarray, clusters: int) -> np.ndarray:
    """Return an array, same shape, in which every value is the nearest of so many found by k-means.

    The first centers are spread evenly between the smallest and the largest value, which keeps the few large
    weights that matter most.
    """
    flat = values.reshape(-1).astype(np.float64)
    is_sparse = np.mean(flat == 0) >= FEWEST_ZEROS
    moving = flat[flat != 0] if is_sparse else flat
    if not len(moving):
        return values
    centers = _centers(moving, max(clusters - int(is_sparse), 1))
    found = centers[_nearest(moving, centers)]
    if is_sparse:
        whole = np.zeros_like(flat)
        whole[flat != 0] = found
        found = whole
    return found.reshape(values.shape).astype(values.dtype)


def clustered_steps(variables: Sequence[Any]) -> Callable[[Step], Step]:
    """Return what makes steps after which the weights of a cluster have one value again: their mean.

    That is the gradient's mean over the cluster.
    """

    def around(step: Step) -> Step:
        def shaped(batch: Any) -> dict[str, Any]:
            found = [tf.unique(tf.reshape(variable.value, [-1])) for variable in variables]
            logs = step(batch)
            for variable, item in zip(variables, found, strict=True):
                variable.assign(_together(variable.value, item.y, item.idx))
            return logs

        return shaped

    return around


def _together(moved: Any, before: Any, places: Any) -> Any:
    means = tf.math.unsorted_segment_mean(tf.reshape(moved, [-1]), places, tf.size(before))
    means = tf.where(tf.equal(before, 0.0), 0.0, means)
    return tf.reshape(tf.gather(means, places), moved.shape)


def _centers(values: np.ndarray, count: int) -> np.ndarray:
    centers = np.linspace(values.min(), values.max(), count)
    for _ in range(_ROUNDS):
        places = _nearest(values, centers)
        members = np.bincount(places, minlength=count)
        sums = np.bincount(places, values, minlength=count)
        moved = np.where(members > 0, sums / np.maximum(members, 1), centers)
        if np.array_equal(moved, centers):
            break
        # They stay in order, and the nearest is found by halving.
        centers = np.sort(moved)
    return centers


def _nearest(values: np.ndarray, centers: np.ndarray) -> np.ndarray:
    return np.searchsorted((centers[1:] + centers[:-1]) / 2, values)
