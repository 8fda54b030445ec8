"""Assigning whole groups of rows to parts, so that no group is on both sides of a cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# With more groups than this, chance alone keeps the parts' classes alike.
BALANCED_GROUPS = 20_000


def assign_groups(
    groups: np.ndarray,
    classes: np.ndarray | None,
    class_count: int,
    shares: Sequence[float],
    random: np.random.Generator,
) -> np.ndarray:
    """Return the part of every row, an index into ``shares``; rows of one group get the same part.

    Large groups are placed first, each where the part's rows of every class are then nearest to its share:
    a greedy form of a stratified split. Every part gets a group while there are enough.

    Args:
        groups: a number a row that rows of one group share, shape (rows,).
        classes: class index of every row, or None.
        class_count: the number of classes.
        shares: the wanted share of each part; they sum to 1.
        random: decides between groups of equal size.
    """
    names, rows_group = np.unique(groups, return_inverse=True)
    counts = class_counts(rows_group, len(names), classes, class_count)
    sizes = counts.sum(axis=1)
    chance = random.permutation(len(names))
    order = np.lexsort((chance, -sizes))
    if len(names) > BALANCED_GROUPS:
        part = parts_by_size(sizes, chance, shares)
    else:
        part = balanced_parts(counts, order, np.asarray(shares))
    fill_empty(part, order, len(shares))
    return part[rows_group]


def class_counts(
    rows_group: np.ndarray, group_count: int, classes: np.ndarray | None, class_count: int
) -> np.ndarray:
    """Return how many rows of each class every group has, shape (groups, classes)."""
    if classes is None:
        return np.bincount(rows_group, minlength=group_count)[:, np.newaxis].astype(np.float64)
    flat = np.bincount(rows_group * class_count + classes, minlength=group_count * class_count)
    return flat.reshape(group_count, class_count).astype(np.float64)


def balanced_parts(counts: np.ndarray, order: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the part of every group; each in turn goes where the part's rows are then nearest its share."""
    total = np.maximum(counts.sum(axis=0), 1)
    # Each class counts alike, however rare it is; the sizes of the parts count as one class more.
    features = np.concatenate([counts / total, counts.sum(axis=1, keepdims=True) / total.sum()], axis=1)
    missing = np.repeat(shares[:, np.newaxis], features.shape[1], axis=1)
    part = np.zeros(len(counts), dtype=np.int64)
    for group in order:
        # The squared distance to the wanted shares falls most where a part lacks most of this group.
        gain = ((missing**2) - (missing - features[group]) ** 2).sum(axis=1)
        best = int(np.argmax(gain))
        part[group] = best
        missing[best] -= features[group]
    return part


def parts_by_size(sizes: np.ndarray, chance: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Return the part of every group, by chance, so that the parts have their shares of the rows."""
    ends = np.cumsum(sizes[chance]) / sizes.sum()
    part = np.empty(len(sizes), dtype=np.int64)
    part[chance] = np.minimum(np.searchsorted(np.cumsum(shares)[:-1], ends - 1e-12), len(shares) - 1)
    return part


def fill_empty(part: np.ndarray, order: np.ndarray, parts: int) -> None:
    """Give a part without a group the smallest one of the part with most groups."""
    for empty in range(parts):
        if (part == empty).any():
            continue
        counts = np.bincount(part, minlength=parts)
        richest = int(np.argmax(counts))
        if counts[richest] < 2:
            return
        smallest = [group for group in order if part[group] == richest][-1]
        part[smallest] = empty
