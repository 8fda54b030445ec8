"""How well the pixels of pictures are put into classes: intersection over union."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from builder.data.overlays import png_text
from builder.data.prepare import Prepared
from builder.data.some_rows import some_of, spread
from builder.data.spec import IGNORED
from builder.explain.answers import check_outputs
from builder.explain.worst import WORST
from builder.outputs import predict_arrays

_ROWS_AT_ONCE = 32
_EXAMPLES = 6
# So many masks tell which class is the most common.
_COUNTED = 2000


def mask_scores(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return mean intersection over union, pixel accuracy, the classes' own scores and the worst pictures.

    Pixels marked to be left out do not count. The baseline gives every pixel the class that is most common
    in the training part.

    Args:
        model: a model that gives one score a class for every pixel.
        prepared: the data.
        rows: the pictures to score.

    Returns:
        JSON-ready data. ``worst_errors`` and ``examples`` hold, for some pictures, ``row``, ``mean_iou``,
        ``wrong`` (share of pixels) and ``mask``, the predicted classes as a PNG file in base64.

    Raises:
        BuilderError: where the model's answers are not numbers or have another shape.

    Reference:
        Everingham et al., The Pascal Visual Object Classes Challenge: A Retrospective (2015), section 4.3.
    """
    names = prepared.spec.class_names
    matrices: list[np.ndarray] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chosen = rows[start : start + _ROWS_AT_ONCE]
        predicted = _predicted(model, prepared, chosen)
        truth = np.asarray(prepared.targets[chosen])
        matrices += [
            pixel_confusion(true, said, len(names)) for true, said in zip(truth, predicted, strict=True)
        ]
    total = np.sum(matrices, axis=0)
    scores = union_scores(total)
    simple = _most_common(prepared, total)
    own = [union_scores(matrix) for matrix in matrices]
    order = np.argsort([item["mean_iou"] for item in own], kind="stable")

    def shown(place: int) -> dict[str, Any]:
        wrong = 1.0 - own[place]["pixel_accuracy"]
        # Asked again, since the masks of all pictures would be too many to be held.
        [mask] = _predicted(model, prepared, rows[[place]])
        iou = own[place]["mean_iou"]
        return {"row": int(rows[place]), "mean_iou": iou, "wrong": wrong, "mask": png_text(mask)}

    classes = [
        {"name": name, "iou": iou, "pixels": int(count)}
        for name, iou, count in zip(names, scores.pop("ious"), total.sum(axis=1), strict=True)
    ]
    return {
        **scores,
        "class_names": list(names),
        "classes": classes,
        "confusion_matrix": total.tolist(),
        "baseline": simple,
        "learned": scores["mean_iou"] > simple["mean_iou"],
        "examples": [shown(place) for place in spread(len(rows), _EXAMPLES)],
        "worst_errors": [shown(int(place)) for place in order[:WORST] if own[place]["pixel_accuracy"] < 1],
    }


def _predicted(model: keras.Model, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    """Return the predicted classes of some pictures, uint8 (pictures, height, width)."""
    outputs = predict_arrays(model, prepared.arrays, rows, _ROWS_AT_ONCE)
    check_outputs(outputs, prepared.spec)
    # One unit speaks for the second of two classes only where there is one sample an answer: never here.
    return outputs.argmax(axis=-1).astype(np.uint8)


def pixel_confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return how many pixels of class t (row) were taken for p (column); ``IGNORED`` ones do not count."""
    counted = truth != IGNORED
    places = truth[counted].astype(np.int64) * classes + predicted[counted]
    return np.bincount(places, minlength=classes**2).reshape(classes, classes)


def union_scores(matrix: np.ndarray) -> dict[str, Any]:
    """Return ``mean_iou``, ``pixel_accuracy`` and ``ious`` (None for a class that is neither there nor said).

    The mean is over the classes that are there or were said.
    """
    right = np.diag(matrix).astype(np.float64)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - right
    present = union > 0
    ious = [float(a / b) if b else None for a, b in zip(right, union, strict=True)]
    mean = float((right[present] / union[present]).mean()) if present.any() else 1.0
    total = matrix.sum()
    return {"mean_iou": mean, "pixel_accuracy": float(right.sum() / total) if total else 1.0, "ious": ious}


def _most_common(prepared: Prepared, matrix: np.ndarray) -> dict[str, Any]:
    counts = np.zeros(len(matrix), np.int64)
    for row in some_of(prepared.indices["train"], _COUNTED).tolist():
        classes = np.asarray(prepared.targets[row])
        counts += np.bincount(classes[classes != IGNORED], minlength=len(matrix))
    common = int(counts.argmax())
    constant = np.zeros_like(matrix)
    constant[:, common] = matrix.sum(axis=1)
    scores = union_scores(constant)
    rule = f"always '{prepared.spec.class_names[common]}'"
    return {"rule": rule, "mean_iou": scores["mean_iou"], "pixel_accuracy": scores["pixel_accuracy"]}
