"""The scores of a model or of an exported file: the task's own metric, and class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from builder.data.prepare import Prepared
from builder.explain.evaluation import scores
from builder.tasks import TASKS

# What stands for a class in the scores of a task; the first that is there.
_OF_A_CLASS = ("recall", "iou", "average_precision", "f1")


def can_score(task: str) -> bool:
    """Tell whether an exported file can be scored by the task's own metric."""
    # The scores of samples that were made up ask the Keras model itself for more than answers.
    return task != "generation"


def scored(model: Any, prepared: Prepared, rows: np.ndarray) -> dict[str, Any]:
    """Return the task's metric and the classes' scores.

    Args:
        model: a Keras model with one output, or an ``ExportedModel``.
        prepared: the data of this output.
        rows: the samples.

    Returns:
        ``{"metric", "score", "classes": {name: score}, "class_measure"}``.
    """
    validation = np.asarray(prepared.indices["validation"])[: len(rows)]
    found = scores(model, replace(prepared, indices={**prepared.indices, "validation": validation}), rows)
    metric = TASKS[prepared.spec.task].metric
    classes = found.get("classes") or []
    measure = next((name for name in _OF_A_CLASS if classes and name in classes[0]), None)
    each = {item["name"]: item[measure] for item in classes} if measure else {}
    return {"metric": metric, "score": found[metric], "classes": each, "class_measure": measure}


def class_changes(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the classes with their scores before and after, those that lose most first."""
    changes = [
        {
            "name": name,
            "before": was,
            "after": after["classes"].get(name),
            "change": _change(was, after, name),
        }
        for name, was in before["classes"].items()
    ]
    return sorted(changes, key=lambda item: item["change"] if item["change"] is not None else 0.0)


def _change(before: float | None, after: dict[str, Any], name: str) -> float | None:
    now = after["classes"].get(name)
    return None if before is None or now is None else now - before


def most_rows(latencies: Sequence[float], most: int, least: int, seconds: float) -> int:
    """Return how many samples are asked about, so that the slowest file needs about so many seconds."""
    slowest = max([*latencies, 0.001]) / 1000
    return int(min(most, max(least, seconds / slowest)))
