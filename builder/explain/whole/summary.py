"""Shapley values of many samples side by side: which parts speak for an answer, at which values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.data.spec import DataSpec
from builder.explain.local.answer import Answer, answer_of
from builder.explain.local.perturbing import shapley
from builder.explain.local.units import Units, usual_categories
from builder.explain.targets import of_target, some_rows
from builder.scores import number_words

SAMPLES = 60
SAMPLES_OF_PLACES = 24
MOST_PARTS = 40
# Coalitions beside two a part: fewer than for one sample alone, whose values have to be exact.
_COALITIONS = 256
_LEAST_TEXTS = 2
_MISSING = "missing"
Tick = Callable[[float], None]


def shapley_summary(
    model: keras.Model,
    prepared: Prepared,
    target: str | None = None,
    chosen: str | None = None,
    tick: Tick = lambda share: None,
) -> dict[str, Any]:
    """Return the Shapley values of the parts of some test samples, all for the same answer.

    Args:
        model: a model with one output a target.
        prepared: the data.
        target: which of several targets is looked at; None is the first.
        chosen: the class or label that the values speak for; None is the last of two classes, else the one
            that most of the samples have.
        tick: called with the done share, 0 to 1; what it raises ends the work.

    Returns:
        ``label`` (what is explained), ``samples`` (how many), ``largest_error`` (the largest additivity error
        of a sample) and ``inputs``. Each has ``name``, ``kind`` and, the most important first, ``parts`` with
        ``label``, ``place``, ``mean`` (of the absolute values) and ``points``: ``row``, ``score``, ``value``
        (in words) and ``share`` (0 to 1, where the value stands among those of the samples; None where it has
        no order). Words are parts by themselves, wherever they stand. Pictures also have their ``grid``.

    Raises:
        BuilderError: ``not_explained`` or ``unknown_class``.
    """
    single, data = of_target(model, prepared, target)
    is_table = {item.kind for item in data.spec.inputs} == {"table"}
    rows = some_rows(data, "test", SAMPLES if is_table else SAMPLES_OF_PLACES)
    answer = answer_of(single, data.spec, _chosen(data, rows) if chosen is None else chosen)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    grids: dict[str, list[int]] = {}
    kinds, worst = {item.name: item.kind for item in data.spec.inputs}, 0.0
    usual = usual_categories(data)
    for number, row in enumerate(rows.tolist()):
        units = Units(data.spec, data.arrays_of([row]), usual)
        explained = _values(answer, units)
        worst = max(worst, explained.accuracy["additivity_error"])
        shown = None if not is_table else data.sample(row)["row"]
        for group, scores in units.of_groups(explained.scores):
            points = found.setdefault(group.item.name, defaultdict(list))
            grids |= {} if group.grid is None else {group.item.name: list(group.grid)}
            for label, score in zip(group.labels, scores.tolist(), strict=True):
                points[label].append({"row": row, "score": score, **_value(shown, label)})
        tick((number + 1) / len(rows))
    return {
        "label": answer.label,
        "samples": len(rows),
        "largest_error": worst,
        "inputs": [_told(name, kinds[name], points, grids.get(name)) for name, points in found.items()],
    }


def _values(answer: Answer, units: Units) -> Any:
    return shapley(answer, units, lambda share: None, coalitions=_COALITIONS)


def _chosen(data: Prepared, rows: np.ndarray) -> str | None:
    spec: DataSpec = data.spec
    if not spec.class_names:
        return None
    if spec.task == "multi_label":
        return spec.class_names[int(np.asarray(data.targets[rows]).sum(axis=0).argmax())]
    if len(spec.class_names) == 2:
        return spec.class_names[1]
    return spec.class_names[int(np.bincount(data.targets[rows], minlength=len(spec.class_names)).argmax())]


def _value(shown: Mapping[str, Any] | None, label: str) -> dict[str, Any]:
    if shown is None:
        return {}
    value = shown.get(label)
    return {"value": value if value is None or isinstance(value, (int, float)) else str(value)}


def _told(
    name: str, kind: str, points: Mapping[str, list[dict[str, Any]]], grid: list[int] | None
) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    for place, (label, own) in enumerate(points.items()):
        if kind == "text" and len({point["row"] for point in own}) < _LEAST_TEXTS:
            continue
        mean = float(np.mean([abs(point["score"]) for point in own]))
        parts.append({"label": label, "place": place, "mean": mean, "points": _ranked(own)})
    ordered = sorted(parts, key=lambda part: -part["mean"])
    kept = ordered if grid is not None else ordered[:MOST_PARTS]
    return {"name": name, "kind": kind, "parts": kept} | ({} if grid is None else {"grid": grid})


def _ranked(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each point the place of its value among all, so that few far ones do not take all colors."""
    given = [point.get("value", "") for point in points]
    if all(value is None for value in given) or any(isinstance(value, str) for value in given):
        return [
            {**point, "value": _MISSING if value is None else value, "share": None}
            for point, value in zip(points, given, strict=True)
        ]
    values = np.array([np.nan if value is None else value for value in given], dtype=np.float64)
    known = values[~np.isnan(values)]
    below = (values[:, None] > known[None]).sum(axis=1)
    same = (values[:, None] == known[None]).sum(axis=1) - 1
    # What is missing stands in the middle: the model is given the column's mean.
    shares = np.where(np.isnan(values), 0.5, (below + same / 2) / max(len(known) - 1, 1))
    return [
        {
            **point,
            "value": _MISSING if np.isnan(value) else number_words(float(value), 6),
            "share": float(share),
        }
        for point, value, share in zip(points, values.tolist(), shares.tolist(), strict=True)
    ]
