"""The runs of recipes that make a trained model smaller: their documents, and how they are queued."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.compression_parameters import DISTILLATION, RECIPES
from builder.errors import stop
from builder.jobs.training import submit
from builder.project import Project
from builder.runs.records import RunRecord
from builder.runs.store import Store, default_store
from builder.runs.workspace import MODEL_FILE, Workspace, default_workspace
from builder.tasks import TASKS

ALONE = "student alone"
_TAUGHT = ("classification", "multi_label", "regression", "count", "forecasting", "segmentation")


def compressed_document(
    run_id: str,
    recipe: str,
    values: Mapping[str, Any],
    student: Mapping[str, Any] | None = None,
    store: Store | None = None,
    workspace: Workspace | None = None,
) -> dict[str, Any]:
    """Return the document of a recipe's run, with what it cuts: ``{"document", "cut", "left"}``.

    Args:
        run_id: a finished run.
        recipe: a name in ``builder.compression_parameters.RECIPES``.
        values: the recipe's and the fine-tuning's settings.
        student: for distillation, the document whose blocks the student has.

    Raises:
        BuilderError: where the run has no trained model, or recipe and settings do not fit.
    """
    # Here alone: blocks bring Keras along, which the pages that queue a run must not import.
    from builder.compress.projects import shrunk_project

    store, workspace = store or default_store(), workspace or default_workspace()
    run = store.run(run_id)
    _check_run(run, workspace)
    project = Project.from_json(store.run_document(run_id))
    if recipe in RECIPES:
        _check_task(recipe, project)
    taught = None if student is None else Project.from_json(student)
    made = shrunk_project(project, run_id, recipe, values, taught)
    return {"document": made.project.to_json(), "cut": made.cut, "left": made.left}


def submit_compressed(
    run_id: str,
    document: Mapping[str, Any],
    alone: bool = False,
    project_id: str | None = None,
    store: Store | None = None,
    workspace: Workspace | None = None,
) -> list[str]:
    """Queue the run of a recipe beside the run that it starts from, and return its id.

    Args:
        run_id: the run that it starts from.
        document: from ``compressed_document``.
        alone: also queue the same model without the recipe, from new weights, for comparison; its id follows.
        project_id: the project that the runs belong to; that of ``run_id`` where None.
    """
    store = store or default_store()
    owner = project_id or store.run(run_id).project_id
    recipe = document["compression"]["recipe"]
    ids = [submit(document, owner, store, workspace)]
    store.tag_run(ids[0], [recipe.replace("_", " ")])
    if alone:
        plain = {name: value for name, value in document.items() if name != "compression"}
        ids.append(submit(plain, owner, store, workspace))
        store.tag_run(ids[1], [ALONE])
    return ids


def _check_run(run: RunRecord, workspace: Workspace) -> None:
    if workspace.run_file(run.id, MODEL_FILE).exists():
        return
    message = (
        f"The run of '{run.name}' is {run.status} and has no trained model, so there is nothing to make "
        "smaller. Let it finish, or stop it, or choose another run."
    )
    raise stop("not_trained", message, field="run")


def _check_task(recipe: str, project: Project) -> None:
    task = project.data.task
    if task == "generation":
        message = (
            "Recipes for smaller models suit models that predict something. A generator cannot be shrunk yet."
        )
        raise stop("recipe_misfit", message, field="recipe")
    if recipe == DISTILLATION and task not in _TAUGHT:
        known = ", ".join(TASKS[name].noun for name in _TAUGHT)
        message = (
            f"A teacher for {TASKS[task].noun} cannot be followed. Distillation suits {known}. Choose "
            "another recipe."
        )
        raise stop("recipe_misfit", message, field="recipe")
