"""How well things are found on pictures: mean average precision at half overlap."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.data.some_rows import spread
from builder.detections import (
    SHOWN_FROM,
    Detections,
    detections,
    matched,
    mean_average_precision,
    true_boxes,
)
from builder.explain.answers import check_outputs
from builder.explain.boxes import named_boxes
from builder.explain.worst import WORST
from builder.outputs import predict_arrays

_ROWS_AT_ONCE = 32
_EXAMPLES = 6


def box_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return mean average precision, the classes' own scores and the worst pictures.

    The baseline draws on every picture, for each class, the mean box of the training part.

    Args:
        model: a model that gives a grid of scores and distances.
        prepared: the data.
        rows: the pictures to score.

    Returns:
        JSON-ready data. ``classes`` holds name, average precision, precision and recall of the boxes that are
        shown (from a score of 0.3), and how many are there; ``worst_errors`` and ``examples`` hold ``row``,
        ``missed``, ``extra`` and ``boxes`` (see ``named_boxes``) of some pictures.

    Raises:
        BuilderError: where the model's answers are not numbers or have another shape.

    References:
        Everingham et al., The Pascal Visual Object Classes Challenge: A Retrospective (2015), section 4.2.
        Lin et al., Microsoft COCO: Common Objects in Context (2014), for the mean over classes.
    """
    names = prepared.spec.class_names
    found: list[Detections] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        outputs = predict_arrays(model, prepared.arrays, rows[start : start + _ROWS_AT_ONCE], _ROWS_AT_ONCE)
        check_outputs(outputs, prepared.spec)
        found += [detections(output) for output in outputs]
    targets = np.asarray(prepared.targets[rows])
    mean, each = mean_average_precision(found, targets, len(names))
    simple, _ = mean_average_precision([_usual(prepared)] * len(rows), targets, len(names))
    shown = [item.above(SHOWN_FROM) for item in found]
    pictures = [
        _picture(int(row), item, target, names)
        for row, item, target in zip(rows, shown, targets, strict=True)
    ]
    wrong = sorted(pictures, key=lambda item: (-item["missed"] - item["extra"], item["row"]))
    return {
        "mean_average_precision": mean,
        **_found_at_all(shown, targets),
        "class_names": list(names),
        "classes": _classes(shown, targets, names, each),
        "baseline": {"rule": "each class's mean box on every picture", "mean_average_precision": simple},
        # Chance finds a box now and then.
        "learned": mean > simple + 0.01,
        "examples": [pictures[place] for place in spread(len(rows), _EXAMPLES)],
        "worst_errors": [item for item in wrong[:WORST] if item["missed"] + item["extra"]],
    }


def _picture(row: int, found: Detections, target: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    classes, boxes = true_boxes(target)
    right = int((matched(found, classes, boxes) >= 0).sum())
    return {
        "row": row,
        "missed": len(classes) - right,
        "extra": len(found.classes) - right,
        "boxes": named_boxes(found, names),
    }


def _found_at_all(found: list[Detections], targets: np.ndarray) -> dict[str, float]:
    right = sum(
        int((matched(item, *true_boxes(target)) >= 0).sum())
        for item, target in zip(found, targets, strict=True)
    )
    said, there = sum(len(item.classes) for item in found), int((targets[..., 0] >= 0).sum())
    return {"precision": right / said if said else 0.0, "recall": right / there if there else 0.0}


def _classes(
    found: list[Detections], targets: np.ndarray, names: tuple[str, ...], each: list[float | None]
) -> list[dict[str, Any]]:
    scored = []
    for number, name in enumerate(names):
        own = [item.of_class(number) for item in found]
        wanted = targets.copy()
        wanted[..., 0] = np.where(targets[..., 0] == number, number, -1)
        there = int((wanted[..., 0] >= 0).sum())
        shares = _found_at_all(own, wanted)
        scored.append({"name": name, "average_precision": each[number], **shares, "support": there})
    return scored


def _usual(prepared: Prepared) -> Detections:
    """Return for each class the mean of its boxes in the training part."""
    targets = np.asarray(prepared.targets[np.asarray(prepared.indices["train"])]).reshape(-1, 5)
    kinds = np.unique(targets[targets[:, 0] >= 0, 0])
    boxes = np.array([targets[targets[:, 0] == kind, 1:].mean(axis=0) for kind in kinds]).reshape(-1, 4)
    return Detections(kinds.astype(np.int64), np.ones(len(kinds)), boxes)
