"""Cross-validation: one run a fold, and what they say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.errors import shown_value, stop
from builder.jobs.training import submit
from builder.runs.records import ENDED, RunRecord
from builder.runs.store import Store, default_store
from builder.runs.workspace import Workspace

FEWEST, MOST = 2, 20
# Splits that say themselves which rows are the test.
_WITHOUT_FOLDS = ("given", "ordered", "time")


@dataclass(frozen=True)
class Spread:
    """A score over the folds: mean, standard deviation (of the sample, n - 1), smallest and largest."""

    mean: float
    deviation: float
    smallest: float
    largest: float


def submit_folds(
    document: Mapping[str, Any],
    folds: int,
    project_id: str | None = None,
    store: Store | None = None,
    workspace: Workspace | None = None,
) -> list[str]:
    """Queue one run for each fold of a project's data and return their ids.

    Every row is in the test part of exactly one run. The runs carry the tags ``"fold 1 of 5"`` and so on.

    Raises:
        BuilderError: ``bad_folds`` for a number of folds, or a split, that makes no folds.
    """
    if not FEWEST <= folds <= MOST:
        message = f"Cross-validation takes {FEWEST} to {MOST} folds. Got {shown_value(folds)}."
        raise stop("bad_folds", message, field="folds")
    method = document["data"]["split"].get("method", "stratified")
    if method in _WITHOUT_FOLDS:
        message = (
            f"The split '{method}' says itself which rows are the test, so there are no folds. Choose the "
            "split 'stratified', 'random' or 'group' on the Data page."
        )
        raise stop("bad_folds", message, field="method")
    store = store or default_store()
    ids: list[str] = []
    for number in range(1, folds + 1):
        split = {**document["data"]["split"], "folds": folds, "fold": number}
        one = {**document, "data": {**document["data"], "split": split}}
        run_id = submit(one, project_id=project_id, store=store, workspace=workspace)
        project_id = project_id or store.run(run_id).project_id
        store.tag_run(run_id, [tag_of(number, folds)])
        ids.append(run_id)
    return ids


def tag_of(number: int, folds: int) -> str:
    """Return the tag of a fold's run."""
    return f"fold {number} of {folds}"


def newest_folds(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the runs of the newest cross-validation among runs that are given newest first."""
    found: dict[str, RunRecord] = {}
    wanted: list[str] = []
    for run in runs:
        tag = next((tag for tag in run.tags if tag.startswith("fold ")), None)
        if tag is None:
            continue
        if not wanted:
            folds = int(tag.rsplit(" ", 1)[-1])
            wanted = [tag_of(number, folds) for number in range(1, folds + 1)]
        if tag in wanted and tag not in found:
            found[tag] = run
    return [found[tag] for tag in wanted if tag in found]


def summary(runs: Sequence[RunRecord]) -> dict[str, Spread]:
    """Return the spread of every score of the test part over the runs that have ended with a result.

    With fewer than two results the deviation is NaN.
    """
    results = [run.result["test"] for run in runs if run.status in ENDED and run.result.get("test")]
    names = [name for name in (results[0] if results else {}) if all(name in item for item in results)]
    return {name: _spread([item[name] for item in results]) for name in names}


def _spread(values: Sequence[float]) -> Spread:
    mean = sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    deviation = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else math.nan
    return Spread(mean, deviation, min(values), max(values))
