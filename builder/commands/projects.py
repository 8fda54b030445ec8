"""The shell's commands on projects: list, compare, share by a link, look back and restore."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from builder.commands.output import console, errors, moment, output_table, print_json, say, write_new
from builder.commands.settings import refuse_idle
from builder.commands.targets import ProjectFile, any_project
from builder.project import Project, read_project
from builder.runs.records import VersionRecord
from builder.runs.store import default_store

DIFFERENT = 1
NO_DIFFERENCE = "no difference"
NEWEST = 20
# More versions than a history holds: old ones are thinned out.
EVERY = 1_000_000

AProject = Annotated[
    str, typer.Argument(help="A project file (JSON), a preset, or the id of a project or a run.")
]


def diff(
    before: AProject,
    after: AProject,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON instead of words.")] = False,
) -> None:
    """Tell what differs between two projects; exit code 1 where data, model or training differ."""
    from builder.difference import catalogue_kinds, project_difference

    found = project_difference(any_project(before), any_project(after), catalogue_kinds())
    if as_json:
        print_json(found.to_json())
    else:
        for change in found.changes:
            say(change.words)
        if not found.changes:
            say(NO_DIFFERENCE)
    if not found.is_same:
        raise typer.Exit(DIFFERENT)


def share(
    file: ProjectFile,
    address: Annotated[str, typer.Option(help="Where the studio runs.")] = "http://localhost:8501",
) -> None:
    """Print a link that carries the whole project, without the paths of local files."""
    from builder.share import link, without_local_paths

    project = read_project(file)
    sys.stdout.write(link(project, address) + "\n")
    left_out = without_local_paths(project).files
    if left_out:
        errors.print(f"Data files do not travel along: {', '.join(left_out)}.")


def open_link(
    url: Annotated[str, typer.Argument(help="A link, or what stands behind 'shared=' in it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The project file to write.")],
) -> None:
    """Write the project in a link as a project file."""
    from builder import share as links

    write_new(links.open_link(url).project, output)


def projects() -> None:
    """List the projects of the studio, newest first."""
    table = output_table("project", "name", "changed")
    for record in default_store().list_projects():
        table.add_row(record.id, record.name, moment(record.updated_at))
    console.print(table)


def history(
    project: Annotated[str, typer.Argument(help="A project's id, as 'projects' lists it.")],
    limit: Annotated[int, typer.Option(help="How many of the newest versions to list.")] = NEWEST,
    version: Annotated[int | None, typer.Option(help="The version to tell of, write or name.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The project file to write.")] = None,
    name: Annotated[str | None, typer.Option(help="A name for the version, which keeps it for ever.")] = None,
) -> None:
    """List the versions of a project, newest first; tell of one, write it to a file, or name it."""
    store = default_store()
    store.project(project)
    if version is None:
        why = f"no version is chosen. Add --version with a number that 'history {project}' lists."
        refuse_idle({"--name": name is not None, "--output": output is not None}, why)
        _list_versions(project, limit)
        return
    why = f"one version is chosen, so nothing is listed. Leave out --limit or --version {version}."
    refuse_idle({"--limit": limit != NEWEST}, why)
    kept = Project.from_json(store.version(project, version)[1])
    if name is not None:
        store.name_version(project, version, name)
    if output is not None:
        write_new(kept, output)
    if name is None and output is None:
        _tell_version(project, version)


def _list_versions(project: str, limit: int) -> None:
    table = output_table("version", "when", "name", "run", "what")
    for item in default_store().versions(project, limit):
        when, run = moment(item.created_at), item.run_id or ""
        table.add_row(str(item.sequence), when, item.name, run, _reason(item))
    console.print(table)


def _reason(version: VersionRecord) -> str:
    return f"{version.reason} {version.note}".strip()


def _tell_version(project: str, number: int) -> None:
    store = default_store()
    version, document = store.version(project, number)
    older = (item.sequence for item in store.versions(project, EVERY) if item.sequence < number)
    before = next(older, None)
    run = f"run {version.run_id}" if version.run_id else ""
    facts = (moment(version.created_at), version.name, run, _reason(version))
    say(f"version {number}: {', '.join(fact for fact in facts if fact)}")
    changed = "no earlier version is kept"
    if before is not None:
        changed = _changes(store.version(project, before)[1], document)
    say(f"what it changed: {changed}")
    say(f"what has changed since then: {_changes(document, store.project(project).document)}")
    say("Add --output to write it to a file, or --name to keep it for ever under a name.")


def _changes(before: dict[str, Any], after: dict[str, Any]) -> str:
    from builder.difference import catalogue_kinds, project_difference

    found = project_difference(Project.from_json(before), Project.from_json(after), catalogue_kinds())
    return found.words() or NO_DIFFERENCE


def restore(
    project: Annotated[str, typer.Argument(help="A project's id, as 'projects' lists it.")],
    version: Annotated[int, typer.Argument(help="A version, as 'history' lists it.")],
) -> None:
    """Bring back a version of a project as its newest one; what is there now stays in the history."""
    from builder.runs.history import RESTORED

    store = default_store()
    kept = Project.from_json(store.version(project, version)[1])
    store.save_project(project, kept.to_json(), reason=RESTORED, note=f"version {version}")
    console.print(f"restored version {version} of '{kept.name}'")
