"""The shell's commands on runs: list, search, tag, note, compare, delete, restore."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from builder.commands.output import console, output_table
from builder.commands.settings import refuse_idle
from builder.commands.tables import score_words
from builder.difference import catalogue_kinds, project_difference
from builder.jobs import training
from builder.project import Project
from builder.runs.comparison import compared
from builder.runs.records import RunRecord
from builder.runs.store import default_store
from builder.scores import number_words

NEWEST = 20

app = typer.Typer(help="List the newest runs; tag, note, compare, delete and restore them.")

RunIds = Annotated[list[str], typer.Argument(help="Ids of runs, as 'runs' lists them.", show_default=False)]
RunId = Annotated[str, typer.Argument(help="A run's id.", show_default=False)]
Limit = Annotated[int, typer.Option(help="How many of the newest runs to list.")]
Search = Annotated[str, typer.Option(help="Words that stand in name, status, owner, tags or note.")]
Trash = Annotated[bool, typer.Option("--trash", help="List what was deleted within the last day.")]


@app.callback(invoke_without_command=True)
def runs(context: typer.Context, limit: Limit = NEWEST, search: Search = "", trash: Trash = False) -> None:
    """List the newest runs."""
    command = context.invoked_subcommand
    if command is None:
        list_runs(limit, search, trash)
        return
    why = f"'{command}' follows. Leave that out, or put it behind 'list', as in: runs list --search good"
    refuse_idle({"--limit": limit != NEWEST, "--search": search != "", "--trash": trash}, why)


@app.command("list")
def list_runs(limit: Limit = NEWEST, search: Search = "", trash: Trash = False) -> None:
    """List the newest runs; with --search, those that fit."""
    table = output_table("run", "project", "status", "epoch", "result", "tags", "note")
    for run in default_store().list_runs(limit=limit, words=search, in_trash=trash):
        table.add_row(*_row(run))
    console.print(table)


@app.command()
def tag(
    run: RunId,
    tags: Annotated[list[str] | None, typer.Argument(help="The tags; none takes all away.")] = None,
) -> None:
    """Give a run these tags instead of those it has."""
    kept = default_store().tag_run(run, tags or [])
    console.print(f"tags: {', '.join(kept) or 'none'}", highlight=False)


@app.command()
def note(
    run: RunId, text: Annotated[str, typer.Argument(help="The note; an empty one takes it away.")]
) -> None:
    """Give a run this note instead of the one it has."""
    default_store().note_run(run, text)


@app.command()
def compare(
    ids: RunIds, as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False
) -> None:
    """Put runs side by side: scores of the best and the last epoch, settings and blocks that differ."""
    store = default_store()
    found = compared(store, ids)
    if as_json:
        console.print_json(data=found)
        return
    console.print(_comparison(found))
    first = Project.from_json(store.run_document(ids[0]))
    for other in ids[1:]:
        difference = project_difference(
            first, Project.from_json(store.run_document(other)), catalogue_kinds()
        )
        console.print(f"{ids[0]} -> {other}: {difference.words() or 'no difference'}")


@app.command()
def delete(ids: RunIds) -> None:
    """Put runs into the trash, from where 'runs restore' takes them back for a day."""
    for run_id in ids:
        training.trash_run(run_id)
    training.empty_trash()
    console.print(f"{len(ids)} in the trash for a day; 'runs restore' takes back", highlight=False)


@app.command()
def restore(ids: RunIds) -> None:
    """Take runs back out of the trash."""
    for run_id in ids:
        default_store().restore_run(run_id)


def _row(run: RunRecord) -> tuple[str, ...]:
    epoch = f"{run.progress.get('epoch', 0)}/{run.progress.get('epochs', '?')}"
    scores = score_words(run.result.get("test", {}))
    return run.id, run.name, run.status, epoch, scores, ", ".join(run.tags), run.note


def _comparison(found: dict[str, Any]) -> Table:
    rows = found["runs"]
    table = Table("", *[row["id"] for row in rows])
    scores = sorted({name for row in rows for name in row if name.split("_")[0] in ("best", "last", "test")})
    for name in ("name", "status", "epochs", *scores, "parameters", "seconds"):
        table.add_row(name, *[_words(row.get(name)) for row in rows])
    table.add_section()
    for name in found["differing"]:
        table.add_row(name, *[_words(row["settings"].get(name)) for row in rows])
    return table


def _words(value: Any) -> str:
    if value is None:
        return ""
    return number_words(value) if isinstance(value, float) else str(value)
