"""Permutation importance: how much worse a model gets where one part of its input says nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from builder.data.prepare import Prepared
from builder.explain.answer_scores import check_explained, task_score
from builder.explain.answers import check_outputs
from builder.explain.targets import of_target, some_rows
from builder.explain.whole.parts import Part, parts_of
from builder.outputs import output_activation, predict_arrays
from builder.tasks import TASKS

REPEATS_OF_TABLES, REPEATS = 5, 3
ROWS_OF_TABLES, ROWS = 2_000, 200
_TABLE_BATCH, _BATCH = 2_048, 256
# A drop of so many deviations of its repeats is told from chance.
_CLEAR = 2.0
Tick = Callable[[float], None]


def permutation_importance(
    model: keras.Model,
    prepared: Prepared,
    target: str | None = None,
    repeats: int | None = None,
    seed: int = 1,
    tick: Tick = lambda share: None,
) -> dict[str, Any]:
    """Return how much a model's score on test rows falls where a part is mixed up between the rows.

    Args:
        model: a model with one output a target.
        prepared: the data.
        target: which of several targets is looked at; None is the first.
        repeats: how often each part is mixed up; None is five times for tables and three times for others.
        seed: of the permutations.
        tick: called with the done share, 0 to 1; what it raises ends the work.

    Returns:
        ``metric``, ``larger_is_better``, ``score`` (of the rows as they are), ``rows``, ``repeats``,
        ``parts`` (the most important first: ``input``, ``kind``, ``label``, ``place`` within the
        input, ``worse``, the mean fall of the score, ``spread``, its standard deviation, ``values``, and
        ``clear``, whether the fall is more than chance) and ``grids``,
        rows and columns of the parts of each picture.

    Raises:
        BuilderError: ``not_explained`` for a task without a score a row.

    Reference: Breiman, Random Forests (2001), section 10; Fisher, Rudin & Dominici, All Models are Wrong, but
        Many are Useful (2019).
    """
    single, data = of_target(model, prepared, target)
    check_explained(data.spec, "Permutation importance")
    is_table = {item.kind for item in data.spec.inputs} == {"table"}
    rows = some_rows(data, "test", ROWS_OF_TABLES if is_table else ROWS)
    arrays, targets = data.arrays_of(rows), np.asarray(data.targets[rows])
    activation, batch = output_activation(single), _TABLE_BATCH if is_table else _BATCH
    repeats = repeats or (REPEATS_OF_TABLES if is_table else REPEATS)
    plain = predict_arrays(single, arrays, np.arange(len(rows)), batch)
    check_outputs(plain, data.spec)

    def score_of(part: Part, order: np.ndarray) -> float:
        mixed, outputs = mixed_up(arrays, part, order), plain.copy()
        # A row that got the same again, such as a picture's empty corner, is answered as before.
        changed = np.flatnonzero(
            np.any([_differs(mixed[name], arrays[name]) for name in part.places], axis=0)
        )
        if len(changed):
            outputs[changed] = predict_arrays(single, mixed, changed, batch)
        return task_score(outputs, targets, data.spec, activation)

    task = TASKS[data.spec.task]
    whole = task_score(plain, targets, data.spec, activation)
    sign = 1.0 if task.larger_is_better else -1.0
    random, parts = np.random.default_rng(seed), parts_of(data.spec, arrays)
    orders = [random.permutation(len(rows)) for _ in range(repeats)]
    found = []
    places: dict[str, int] = {}
    for number, part in enumerate(parts):
        falls = []
        for repeat, order in enumerate(orders):
            falls.append(sign * (whole - score_of(part, order)))
            tick((number + (repeat + 1) / repeats) / len(parts))
        place = places.setdefault(f"{part.input}:{part.kind}", 0)
        places[f"{part.input}:{part.kind}"] += 1
        found.append(_told(part, place, falls))
    return {
        "metric": task.metric,
        "larger_is_better": task.larger_is_better,
        "score": whole,
        "rows": len(rows),
        "repeats": repeats,
        "parts": sorted(found, key=lambda item: -item["worse"]),
        "grids": picture_grids(parts),
    }


def mixed_up(arrays: dict[str, np.ndarray], part: Part, order: np.ndarray) -> dict[str, np.ndarray]:
    """Return arrays in which one part of each row is another row's."""
    changed = dict(arrays)
    for name, places in part.places.items():
        values = arrays[name].copy()
        values[:, places] = arrays[name][order][:, places]
        changed[name] = values
    return changed


def _differs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one != other).reshape(len(one), -1).any(axis=1)


def picture_grids(parts: list[Part]) -> dict[str, list[int]]:
    """Return the rows and columns of the parts of each picture, by the input's name."""
    grids: dict[str, tuple[set[int], set[int]]] = {}
    for part in parts:
        if part.kind == "image":
            [places] = part.places.values()
            across = np.flatnonzero(places.any(axis=(0, 2)))
            down = np.flatnonzero(places.any(axis=(1, 2)))
            rows, columns = grids.get(part.input, (set(), set()))
            grids[part.input] = (rows | {int(down[0])}, columns | {int(across[0])})
    return {name: [len(rows), len(columns)] for name, (rows, columns) in grids.items()}


def _told(part: Part, place: int, falls: list[float]) -> dict[str, Any]:
    worse = float(np.mean(falls))
    spread = float(np.std(falls, ddof=1)) if len(falls) > 1 else 0.0
    return {
        "input": part.input,
        "kind": part.kind,
        "label": part.label,
        "place": place,
        "worse": worse,
        "spread": spread,
        "values": falls,
        "clear": worse > _CLEAR * spread and worse > 0,
    }
