"""Several runs side by side: the best epoch beside the last, curves, and which settings differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from builder.params import with_defaults
from builder.runs.records import RunRecord
from builder.runs.store import Store
from builder.training_parameters import TRAINING_PARAMETERS, counting

# Curves of a comparison are drawn over epochs; a run rarely has more.
MOST_POINTS = 100_000


def run_row(run: RunRecord) -> dict[str, Any]:
    """Return what a table says of a run: best epoch, last epoch and test, each value under its own name."""
    result = run.result
    row: dict[str, Any] = {
        "id": run.id,
        "name": run.name,
        "status": run.status,
        "owner": run.owner,
        "tags": list(run.tags),
        "note": run.note,
        "created_at": run.created_at,
        "epochs": result.get("epochs_run", run.progress.get("epoch", 0)),
        "best_epoch": result.get("best_epoch"),
        "parameters": result.get("parameters"),
        "seconds": result.get("seconds"),
    }
    for prefix, part in (("best", "metrics"), ("last", "last_metrics"), ("test", "test")):
        row |= {f"{prefix}_{name}": value for name, value in (result.get(part) or {}).items()}
    return row


def settings_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training settings of a run's document that count, defaults filled in."""
    return counting(with_defaults(TRAINING_PARAMETERS, document.get("training", {})))


def differing_settings(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the settings that are not equal in all runs, in their declared order.

    Where a setting does not apply to a run, it counts as its default: that says nothing of its own.
    """
    return [
        item.name
        for item in TRAINING_PARAMETERS
        if len({repr(values.get(item.name, item.default)) for values in settings}) > 1
    ]


def compared(store: Store, run_ids: Sequence[str]) -> dict[str, Any]:
    """Return runs side by side.

    Returns:
        "runs": a row each, as of ``run_row``, with "settings"; "differing": names of settings that differ;
        "curves": for each run's id, ``{name: [[epoch, value], …]}`` of the values at the epochs' ends.

    Raises:
        BuilderError: ``unknown_run``.
    """
    rows, curves = [], {}
    for run_id in run_ids:
        settings = settings_of(store.run_document(run_id))
        rows.append({**run_row(store.run(run_id)), "settings": settings})
        curves[run_id] = epoch_curves(store, run_id)
    differing = differing_settings([row["settings"] for row in rows])
    return {"runs": rows, "differing": differing, "curves": curves}


def epoch_curves(store: Store, run_id: str) -> dict[str, list[list[float]]]:
    """Return the values of a run at the ends of its epochs, by name, as pairs of epoch and value."""
    found: dict[str, dict[int, float]] = {}
    for row in store.epoch_metrics(run_id, MOST_POINTS):
        if not math.isnan(row.value):
            # A resumed run that repeats an epoch overwrites it.
            found.setdefault(row.name, {})[row.epoch] = row.value
    return {name: [[epoch, value] for epoch, value in points.items()] for name, points in found.items()}
