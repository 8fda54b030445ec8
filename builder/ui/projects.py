"""What people do with whole projects: create, duplicate, import, start training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from builder import share
from builder.data.sources import Sample, samples
from builder.errors import BuilderError
from builder.jobs import training
from builder.project import DataRecipe, Project, load_preset, preset_names, with_task
from builder.runs.records import ACTIVE, QUEUED, RunRecord
from builder.ui.services import store, workspace

PRESET_FOLDERS = {
    "image": "images",
    "audio": "audio",
    "text": "text",
    "table": "tabular",
    "mixed": "multimodal",
}
# The presets of these tasks have a folder of their own, whatever the kind of data.
TASK_FOLDERS = {
    "forecasting": "series",
    "language_model": "language",
    "masked_language_model": "language",
    "text_to_text": "text_to_text",
    "transcription": "transcription",
}
# The presets of what a generator makes, by the kind of data.
GENERATOR_FOLDERS = {"image": "images", "table": "series", "series": "series"}


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
    Task("outlines", "Outline things", "Each pixel gets its kind", "select_all", "image", "segmentation"),
    Task(
        "things", "Find things in pictures", "Boxes around each", "center_focus_strong", "image", "detection"
    ),
    Task("texts", "Classify text", "Messages, reviews, tickets", "chat", "text", "classification"),
    Task("names", "Find names in text", "Persons, places, products", "label", "text", "token_classification"),
    Task("rows", "Classify table rows", "Yes or no, this or that kind", "table", "table", "classification"),
    Task("sounds", "Recognize sounds", "Words, voices, machines", "graphic_eq", "audio", "classification"),
    Task(
        "mixed",
        "Combine inputs",
        "A photo and a question, a form and a voice",
        "join_inner",
        "mixed",
        "classification",
    ),
    Task(
        "transcribe", "Write down speech", "Spoken numbers, commands, names", "mic", "mixed", "transcription"
    ),
    Task("tags", "Tag images", "Several labels for a picture", "sell", "image", "multi_label"),
    Task("ranks", "Rank table rows", "Grades, stars, stages", "stairs", "table", "ordinal"),
    Task("counts", "Predict a count", "Visits, orders, defects", "tag", "table", "count"),
    Task(
        "unusual", "Find what is unusual", "Faults, fraud, defects", "troubleshoot", "table", "reconstruction"
    ),
    Task("number", "Predict a number", "Prices, demand, durations", "show_chart", "table", "regression"),
    Task("forecast", "Forecast a series", "Sales, weather, load", "timeline", "table", "forecasting"),
    Task(
        "write", "Write texts", "A model that goes on from your words", "edit_note", "text", "language_model"
    ),
    Task(
        "pretrain",
        "Learn a language",
        "From plain text, for few labels later",
        "school",
        "text",
        "masked_language_model",
    ),
    Task(
        "answer", "Turn text into text", "Translate, summarize, answer", "translate", "text", "text_to_text"
    ),
    Task("draw", "Make up pictures", "New ones that look like yours", "auto_fix_high", "image", "generation"),
    Task(
        "sequences",
        "Make up sequences",
        "New curves like those you have",
        "ssid_chart",
        "table",
        "generation",
    ),
)
# Samples that a task can be done with although they were made for another.
FURTHER_SAMPLES = {"draw": ("digits", "fashion"), "sequences": ("beijing_air",)}


def samples_for(task: Task) -> list[Sample]:
    """Return the bundled samples of a task."""
    further = FURTHER_SAMPLES.get(task.name, ())
    # The same texts serve both ways to learn from plain text.
    wanted = "language_model" if task.task == "masked_language_model" else task.task
    return [
        item for item in samples() if (item.kind, item.task) == (task.kind, wanted) or item.name in further
    ]


def presets_for(kind: str, task: str) -> dict[str, Project]:
    """Return the presets, by name, that suit a kind of data and a task."""
    folder = TASK_FOLDERS.get(task) or PRESET_FOLDERS.get(kind, "series")
    if task == "generation":
        folder = GENERATOR_FOLDERS.get(kind, "series")
    found = {name: load_preset(name) for name in preset_names() if name.startswith(f"{folder}/")}
    return {name: preset for name, preset in found.items() if preset.data.task == task}


def sample_recipe(sample: Sample, preset: Project) -> DataRecipe:
    """Return the recipe for a bundled sample; the preset's own where it was made for this sample."""
    if preset.data.source.get("name") == sample.name:
        return preset.data
    split = {"method": "given"} if sample.has_given_test else {}
    recipe = DataRecipe({"kind": "sample", "name": sample.name}, sample.task, sample.roles, split=split)
    return with_task(recipe, preset.data.task) if preset.data.task == "generation" else recipe


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


def file_text(project_id: str) -> str:
    """Return a project as the text of a file, without the paths of this machine's files."""
    return share.file_text(Project.from_json(store().project(project_id).document))


def exists(project_id: str) -> bool:
    """Tell whether there is such a project."""
    try:
        store().project(project_id)
    except BuilderError as error:
        # A database that is busy for a moment has not lost the project.
        return error.problems[0].code != "unknown_project"
    return True


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


def trained_project(run_id: str) -> tuple[Project, int]:
    """Return the project of a run, and the number of steps of the texts that it was trained on."""
    spec = json.loads((workspace().run_folder(run_id) / "spec.json").read_text(encoding="utf-8"))
    project = Project.from_json(store().run_document(run_id))
    return project, int(spec["inputs"][0]["settings"]["sequence_length"])


def going_on() -> list[RunRecord]:
    """Return the runs of all projects that are queued or at work."""
    return store().list_runs(statuses=(QUEUED, *ACTIVE), limit=20)


def data_kind(source: Mapping[str, Any], spec: Mapping[str, Any] | None) -> str:
    """Return the kind of a project's data: "image", "audio", "series", "text", "table" or "mixed"."""
    if spec and any("file_column" in item["settings"] for item in spec["inputs"]):
        return "mixed"
    if spec:
        return spec["inputs"][0]["kind"]
    if source.get("kind") == "sample":
        found = next((item for item in samples() if item.name == source.get("name")), None)
        return found.kind if found else "table"
    return {"images": "image", "audio": "audio", "linked": "mixed"}.get(str(source.get("kind")), "table")
