"""Everything that a report tells, gathered from a run: facts, scores, groups, importance, explanations."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from builder.adversarial.model import kept_part
from builder.data.labels import label_words
from builder.data.prepare import Prepared
from builder.data.received import received_words
from builder.data.some_rows import some_of
from builder.errors import BuilderError
from builder.explain.local.explaining import explained_row
from builder.explanation_methods import EXPLAINED_TASKS, METHODS
from builder.project import Project
from builder.runs.records import RunRecord
from builder.scores import number_words
from builder.tasks import TASKS

# Of the worst errors and of right answers, so many are explained.
EXPLAINED_EACH = 2
_OF_PLACES = ("image", "audio")
Tick = Callable[[float], None]
_SHARES = {"slices": 0.1, "importance": 0.4, "rules": 0.1}


@dataclass
class Found:
    """What a report tells.

    ``answers`` has for "slices", "importance" and "rules" the answer, or in words why there is none.
    ``explained`` are explanations of single rows, each with its ``sample`` and what was ``true`` and
    ``predicted``.
    """

    name: str
    facts: list[tuple[str, str]]
    data: list[tuple[str, str]]
    layers: list[tuple[str, str, str, int]]
    evaluation: dict[str, Any]
    answers: dict[str, dict[str, Any] | str] = field(default_factory=dict)
    explained: list[dict[str, Any]] = field(default_factory=list)


def collected(
    run: RunRecord,
    project: Project,
    prepared: Prepared,
    model: Callable[[], keras.Model],
    evaluation: dict[str, Any],
    ask: Callable[[str, Tick], dict[str, Any]],
    tick: Tick,
) -> Found:
    """Return everything that a report of a run tells.

    Args:
        run: the run.
        project: as it was when the run was started.
        prepared: its data.
        model: opens the trained model.
        evaluation: its scores on the test part.
        ask: answers "slices", "importance" or "rules", and tells how far it is.
        tick: called with the done share, 0 to 1; what it raises ends the work.
    """
    found = Found(
        project.name, _facts(run, evaluation), _data(prepared), _layers(kept_part(model())), evaluation
    )
    done = 0.0

    def within(begin: float, width: float) -> Tick:
        return lambda own: tick(begin + width * own)

    for what, share in _SHARES.items():
        found.answers[what] = _asked(ask, what, within(done, share))
        done += share
    if evaluation["task"] in EXPLAINED_TASKS:
        rows = _chosen_rows(evaluation, prepared)
        for number, row in enumerate(rows):
            found.explained.append(_explained(model(), prepared, row))
            tick(done + (1 - done) * (number + 1) / len(rows))
    tick(1.0)
    return found


def _asked(ask: Callable[[str, Tick], dict[str, Any]], what: str, tick: Tick) -> dict[str, Any] | str:
    try:
        return ask(what, tick)
    except BuilderError as error:
        if any(problem.code == "cancelled" for problem in error.problems):
            raise
        return str(error)


def _facts(run: RunRecord, evaluation: Mapping[str, Any]) -> list[tuple[str, str]]:
    task = TASKS[evaluation["task"]]
    seconds = run.result.get("seconds")
    return [
        ("Task", task.label),
        ("Trained", time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created_at))),
        ("Status", run.status),
        ("Training took", "unknown" if seconds is None else _duration(seconds)),
        ("Parameters", f"{run.result.get('parameters', 0):,}"),
        ("Run", run.id),
    ]


def _duration(seconds: float) -> str:
    return f"{seconds:,.0f} seconds" if seconds < 120 else f"{seconds / 60:,.0f} minutes"


def _data(prepared: Prepared) -> list[tuple[str, str]]:
    spec = prepared.spec
    facts = [("Source", spec.source_title)]
    facts += [(f"Rows: {part}", f"{len(rows):,}") for part, rows in prepared.indices.items()]
    for item in spec.inputs:
        facts.append((f"Input: {item.name}", received_words(item)))
    if spec.target_name:
        facts.append(("Target", spec.target_name))
    if spec.class_names and not TASKS[spec.task].predicts_tokens:
        facts.append(("Classes", ", ".join(spec.class_names[:40])))
    return facts


def _layers(model: keras.Model) -> list[tuple[str, str, str, int]]:
    told = []
    for layer in model.layers:
        shape = keras.tree.flatten(layer.output)[0].shape[1:]
        shown = " × ".join("?" if size is None else str(size) for size in shape)
        told.append((layer.name, type(layer).__name__, shown, int(layer.count_params())))
    return told


def _chosen_rows(evaluation: Mapping[str, Any], prepared: Prepared) -> list[int]:
    """Return the rows that are explained: the worst errors, and some other rows of the test part."""
    worst = [error["row"] for error in evaluation.get("worst_errors", ())][:EXPLAINED_EACH]
    wrong = {error["row"] for error in evaluation.get("worst_errors", ())}
    others = [row for row in np.asarray(prepared.indices["test"]).tolist() if row not in wrong]
    return [*worst, *some_of(others, EXPLAINED_EACH).tolist()]


def _explained(model: keras.Model, prepared: Prepared, row: int) -> dict[str, Any]:
    kinds = {item.kind for item in prepared.spec.inputs}
    method = "occlusion" if kinds & set(_OF_PLACES) else "shapley"
    answer = explained_row(kept_part(model), prepared, row, method)
    spec = prepared.spec
    target = prepared.targets[row]
    if spec.task == "multi_label":
        true = label_words(target, spec.class_names)
    elif spec.class_names:
        true = spec.class_names[int(target)]
    else:
        true = number_words(float(np.ravel(target)[0]))
    return {
        **answer,
        "sample": prepared.sample(row),
        "true": true,
        "method_label": METHODS[method].label,
        "is_class": bool(spec.class_names),
    }
