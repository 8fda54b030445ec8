"""Boxes from the grid that a detection gives, and how good they are. Plain NumPy; no model needed.

Boxes are (left, top, right, bottom) as shares of the picture's size. Generated scripts carry most of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Two boxes of one class that overlap more are one thing found twice.
SAME_THING = 0.5
# From this score on a box is shown; for the score over all thresholds weaker ones count, too.
SHOWN_FROM = 0.3
COUNTED_FROM = 0.02
MOST_CELLS = 400
MOST_BOXES = 100


@dataclass(frozen=True)
class Detections:
    """Boxes on one picture, surest first: classes (boxes,), scores (boxes,), boxes (boxes, 4)."""

    classes: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray

    def above(self, score: float) -> Detections:
        """Return those of at least a score."""
        kept = self.scores >= score
        return Detections(self.classes[kept], self.scores[kept], self.boxes[kept])

    def of_class(self, number: int) -> Detections:
        """Return those of one class."""
        kept = self.classes == number
        return Detections(self.classes[kept], self.scores[kept], self.boxes[kept])


def detections(output: np.ndarray, least: float = COUNTED_FROM) -> Detections:
    """Return the boxes in a model's output for one picture.

    Every cell speaks for each class by its score; of boxes of one class that overlap by more than half, the
    surest stays.

    Args:
        output: (rows, columns, classes + 4), between 0 and 1.
        least: the lowest score that is looked at.
    """
    rows, columns, channels = output.shape
    scores = output[..., : channels - 4].reshape(rows * columns, channels - 4)
    cells, classes = np.nonzero(scores >= least)
    found = scores[cells, classes]
    order = np.argsort(-found, kind="stable")[:MOST_CELLS]
    cells, classes, found = cells[order], classes[order], found[order].astype(np.float64)
    distances = output[..., channels - 4 :].reshape(-1, 4)[cells].astype(np.float64)
    x, y = (cells % columns + 0.5) / columns, (cells // columns + 0.5) / rows
    boxes = np.stack(
        [x - distances[:, 0], y - distances[:, 1], x + distances[:, 2], y + distances[:, 3]], axis=1
    ).clip(0.0, 1.0)
    kept = without_repeats(boxes, classes)[:MOST_BOXES]
    return Detections(classes[kept], found[kept], boxes[kept])


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes, (n, 4), with other boxes, (m, 4): (n, m)."""
    corner = np.maximum(one[:, None, :2], other[None, :, :2])
    size = np.clip(np.minimum(one[:, None, 2:], other[None, :, 2:]) - corner, 0, None)
    both = size.prod(axis=-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    union = areas[0][:, None] + areas[1][None, :] - both
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0)


def without_repeats(boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the places of the boxes that stay, of boxes in order of falling score."""
    same = (overlap(boxes, boxes) > SAME_THING) & (classes[:, None] == classes[None, :])
    gone = np.zeros(len(boxes), bool)
    kept = []
    for place in range(len(boxes)):
        if not gone[place]:
            kept.append(place)
            gone |= same[place]
    return np.array(kept, dtype=np.int64)


def matched(found: Detections, classes: np.ndarray, boxes: np.ndarray, least: float = 0.5) -> np.ndarray:
    """Return for each found box the place of the true one that it is, or -1.

    The surest comes first; each takes the true box of its class that it overlaps most, at least by
    ``least``, and is wrong where a surer one has taken it already (Pascal VOC).

    Args:
        found: the boxes found.
        classes: the true boxes' classes, (n,).
        boxes: the true boxes, (n, 4).
    """
    taken = np.full(len(found.classes), -1)
    if not len(boxes) or not len(found.classes):
        return taken
    shares = np.where(found.classes[:, None] == classes[None, :], overlap(found.boxes, boxes), 0.0)
    used = np.zeros(len(boxes), bool)
    for place in range(len(taken)):
        best = int(shares[place].argmax())
        if shares[place, best] >= least and not used[best]:
            used[best] = True
            taken[place] = best
    return taken


def average_precision(scores: np.ndarray, is_right: np.ndarray, there: int) -> float:
    """Return the area under the curve of precision over recall, of one class over all pictures.

    Precision is made to fall only, and the area is taken at every recall (Pascal VOC from 2010 on).

    Args:
        scores: of every box found, (n,).
        is_right: whether each is matched with a true box, (n,).
        there: the number of true boxes, at least 1.

    Reference:
        Everingham et al., The Pascal Visual Object Classes Challenge: A Retrospective (2015), section 4.2.
    """
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(is_right[order])
    recall = np.concatenate([[0.0], right / there, [1.0]])
    precision = np.concatenate([[0.0], right / np.arange(1, len(order) + 1), [0.0]])
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(((recall[1:] - recall[:-1]) * precision[1:]).sum())


def true_boxes(target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes, (n,), and boxes, (n, 4), of one picture's target, (boxes, 5)."""
    there = target[:, 0] >= 0
    return target[there, 0].astype(np.int64), target[there, 1:].astype(np.float64)


def plain_boxes(classes: np.ndarray, boxes: np.ndarray) -> list[dict[str, Any]]:
    """Return boxes as JSON-ready data: ``number`` of the class and the sides as shares."""
    sides = ("left", "top", "right", "bottom")
    return [
        {"number": int(kind), **dict(zip(sides, map(float, box), strict=True))}
        for kind, box in zip(classes, boxes, strict=True)
    ]


def mean_average_precision(
    found: Sequence[Detections], targets: np.ndarray, classes: int
) -> tuple[float, list[float | None]]:
    """Return the mean over the classes of the average precision at half overlap, and that of each class.

    A class without a true box has None and does not count.

    Args:
        found: the boxes on every picture.
        targets: (pictures, boxes, 5), as prepared.
        classes: the number of classes.
    """
    there = np.zeros(classes, int)
    kinds, scores, rights = [], [], []
    for item, target in zip(found, targets, strict=True):
        own, boxes = true_boxes(target)
        there += np.bincount(own, minlength=classes)
        kinds.append(item.classes)
        scores.append(item.scores)
        rights.append(matched(item, own, boxes) >= 0)
    kind, score, right = (
        np.concatenate(items) if items else np.empty(0) for items in (kinds, scores, rights)
    )
    each = [
        average_precision(score[kind == number], right[kind == number], int(there[number]))
        if there[number]
        else None
        for number in range(classes)
    ]
    known = [value for value in each if value is not None]
    return (float(np.mean(known)) if known else 0.0), each
