"""What can be compared with what, and how it differs; the history of a project in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from builder.difference import Difference, catalogue_kinds, project_difference
from builder.errors import BuilderError, stop
from builder.project import Project, load_preset, preset_names
from builder.runs import history
from builder.runs.records import VersionRecord
from builder.ui.format import clock, moment
from builder.ui.runs import titles
from builder.ui.services import store

VERSIONS_OFFERED = 30
RUNS_OFFERED = 30
PROJECTS_OFFERED = 50
STEP_WORDS = 3
NOW = "now"
FIRST = {history.CREATED: "The project as it began"}


@dataclass(frozen=True)
class Step:
    """A version with what it changed, in words."""

    version: VersionRecord
    words: str

    @property
    def title(self) -> str:
        """When it was, with its name."""
        named = f" · {self.version.name}" if self.version.name else ""
        return clock(self.version.created_at) + named


def steps(project_id: str, limit: int) -> list[Step]:
    """Return the newest versions of a project, newest first, each with what it changed."""
    found = store().versions(project_id, limit + 1)
    befores = [*found[1:], None]
    told = [
        Step(one, _step_words(project_id, one, before)) for one, before in zip(found, befores, strict=True)
    ]
    return told[:limit]


def version(project_id: str, sequence: int) -> Project:
    """Return a project as it was.

    Raises:
        BuilderError: where there is no such version, or it cannot be read any more.
    """
    return Project.from_json(store().version(project_id, sequence)[1])


def difference(before: Project, after: Project) -> Difference:
    """Return what differs between two projects, in the catalogue's words."""
    return project_difference(before, after, catalogue_kinds())


def offered(project_id: str) -> dict[str, str]:
    """Return what can be compared, in words, by key: now, versions, runs, other projects, presets."""
    words = {NOW: "This project, now"}
    for step in steps(project_id, VERSIONS_OFFERED)[1:]:
        words[f"version:{step.version.sequence}"] = f"Version · {step.title} · {step.words}"
    runs = store().list_runs(project_id=project_id, limit=RUNS_OFFERED)
    words |= {f"run:{run_id}": title for run_id, title in titles(runs, project_id).items()}
    for record in store().list_projects(PROJECTS_OFFERED):
        if record.id != project_id:
            words[f"project:{record.id}"] = f"Project · {record.name} · {moment(record.updated_at)}"
    for name in preset_names():
        words[f"preset:{name}"] = f"Preset · {load_preset(name).name}"
    return words


def chosen(key: str, project_id: str) -> Project:
    """Return the project behind a key of ``offered``.

    Raises:
        BuilderError: where it is gone or cannot be read.
    """
    sort, _, name = key.partition(":")
    match sort:
        case "version":
            return version(project_id, int(name))
        case "run":
            return Project.from_json(store().run_document(name))
        case "project":
            return Project.from_json(store().project(name).document)
        case "preset":
            return load_preset(name)
        case "now":
            return Project.from_json(store().project(project_id).document)
    raise stop("unknown_choice", f"'{key:.60}' is nothing that can be compared. Choose from the list.")


def _step_words(project_id: str, one: VersionRecord, before: VersionRecord | None) -> str:
    if before is None:
        return FIRST.get(one.reason, "The oldest version that was kept")
    changed = _words_between(project_id, before.sequence, one.sequence)
    return f"Restored {one.note}: {changed}" if one.reason == history.RESTORED else changed


@lru_cache(maxsize=2000)
def _words_between(project_id: str, before: int, after: int) -> str:
    # A version never changes, so its words are found once.
    try:
        words = difference(version(project_id, before), version(project_id, after)).words(STEP_WORDS)
    except BuilderError as error:
        return f"Cannot be told: {error}"
    return words[:1].upper() + words[1:]
