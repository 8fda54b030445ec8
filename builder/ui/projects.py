"""What people do with whole projects: create, duplicate, import, start training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from builder.data.sources import Sample, samples
from builder.jobs import training
from builder.project import DataRecipe, Project, load_preset, preset_names
from builder.runs.records import ACTIVE, QUEUED, RunRecord
from builder.ui.services import store, workspace

PRESET_FOLDERS = {"image": "images", "text": "text", "table": "tabular"}


@dataclass(frozen=True)
class Task:
    """Something that a person wants done, with the kind of data and the task behind it."""

    name: str
    title: str
    summary: str
    icon: str
    kind: str
    task: str


TASKS = (
    Task("images", "Recognize images", "Photos, drawings, scans", "image_search", "image", "classification"),
    Task("texts", "Classify text", "Messages, reviews, tickets", "chat", "text", "classification"),
    Task("rows", "Classify table rows", "Yes or no, this or that kind", "table", "table", "classification"),
    Task("number", "Predict a number", "Prices, demand, durations", "show_chart", "table", "regression"),
)


def samples_for(task: Task) -> list[Sample]:
    """Return the bundled samples of a task."""
    return [item for item in samples() if (item.kind, item.task) == (task.kind, task.task)]


def presets_for(kind: str, task: str) -> dict[str, Project]:
    """Return the presets, by name, that suit a kind of data and a task."""
    folder = PRESET_FOLDERS[kind]
    found = {name: load_preset(name) for name in preset_names() if name.startswith(f"{folder}/")}
    return {name: preset for name, preset in found.items() if preset.data.task == task}


def sample_recipe(sample: Sample, preset: Project) -> DataRecipe:
    """Return the recipe for a bundled sample; the preset's own where it was made for this sample."""
    if preset.data.source.get("name") == sample.name:
        return preset.data
    split = {"method": "given"} if sample.has_given_test else {}
    return DataRecipe({"kind": "sample", "name": sample.name}, sample.task, sample.roles, split=split)


def with_task(recipe: DataRecipe, task: str) -> DataRecipe:
    """Return the recipe for another task; rows can be kept in proportion only where there are classes."""
    split = dict(recipe.split)
    if task == "regression" and recipe.split_settings()["method"] == "stratified":
        split["method"] = "random"
    return replace(recipe, task=task, split=split)


def create(name: str, recipe: DataRecipe, preset: Project) -> str:
    """Keep a new project made of data and a preset's model and training; return its id."""
    return keep(replace(preset, name=name, data=recipe))


def keep(project: Project) -> str:
    """Keep a project as a new one and return its id; a name that is taken gets a number."""
    return store().create_project(replace(project, name=free_name(project.name)).to_json())


def free_name(name: str) -> str:
    """Return the name, with the first number from 2 on that tells it from the projects there are."""
    taken = {record.name for record in store().list_projects()}
    numbered = (f"{name} {number}" for number in count(2))
    return name if name not in taken else next(other for other in numbered if other not in taken)


def duplicate(project_id: str) -> str:
    """Keep a copy of a project and return the copy's id."""
    project = Project.from_json(store().project(project_id).document)
    return keep(replace(project, name=f"{project.name} (copy)"))


def start_once(project_id: str) -> str:
    """Queue a training run of a project as it stands and return its id.

    A run of the same project that is still waiting or starting is returned instead of a second one:
    a double click starts one run.
    """
    waiting = store().list_runs(project_id=project_id, statuses=("queued", "starting"), limit=1)
    if waiting:
        return waiting[0].id
    document = store().project(project_id).document
    return training.submit(document, project_id=project_id, store=store(), workspace=workspace())


def delete(project_id: str) -> None:
    """Delete a project for good: its document, its runs and their files."""
    training.delete_project(project_id, store(), workspace())


def going_on() -> list[RunRecord]:
    """Return the runs of all projects that are queued or at work."""
    return store().list_runs(statuses=(QUEUED, *ACTIVE), limit=20)


def data_kind(source: Mapping[str, Any], spec: Mapping[str, Any] | None) -> str:
    """Return the kind of a project's data: "image", "text" or "table"."""
    if spec:
        return spec["inputs"][0]["kind"]
    if source.get("kind") == "sample":
        found = next((item for item in samples() if item.name == source.get("name")), None)
        return found.kind if found else "table"
    return "image" if source.get("kind") == "images" else "table"
