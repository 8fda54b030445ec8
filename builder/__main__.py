"""The operations of the studio from a shell: ``python -m builder --help``.

Exit codes: 0 done; 1 the run or an export failed; 2 the command, the document or the data are
wrong; 130 interrupted by the keyboard.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from builder.errors import BuilderError, stop
from builder.jobs import training
from builder.project import (
    DataRecipe,
    Project,
    load_preset,
    preset_names,
    read_project,
    write_project,
)
from builder.runs.files import write_bytes
from builder.runs.records import ENDED, FINISHED, STOPPED, RunRecord
from builder.runs.store import Store, default_store
from builder.runs.workspace import default_workspace

FAILED, WRONG, INTERRUPTED = 1, 2, 130
POLL_SECONDS = 0.2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Check, train, evaluate and export Kerablocks projects without a browser.",
)
console = Console()
errors = Console(stderr=True)

ProjectFile = Annotated[Path, typer.Argument(help="A project file (JSON).", show_default=False)]
Target = Annotated[str, typer.Argument(help="A run's id, or a project file that has been trained.")]


@app.command()
def samples() -> None:
    """List the bundled data samples."""
    from builder.data.sources import samples as bundled

    table = _table("sample", "task", "rows", "title", "license")
    for sample in bundled():
        table.add_row(sample.name, sample.task, f"{sample.rows:,}", sample.title, sample.license)
    console.print(table)


@app.command()
def presets(
    name: Annotated[str | None, typer.Argument(help="The preset to write to a file.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The project file to write.")] = None,
) -> None:
    """List the presets, or write one as a project file of your own."""
    if name is None:
        table = _table("preset", "sample", "title")
        for preset_name in preset_names():
            preset = load_preset(preset_name)
            table.add_row(preset_name, str(preset.data.source.get("name")), preset.name)
        console.print(table)
        return
    project = load_preset(name)
    _write_new(project, output or Path(f"{name.split('/')[-1]}.json"))


@app.command()
def new(
    data: Annotated[str, typer.Argument(help="A CSV, a zip or folder of images, or a sample's name.")],
    preset: Annotated[str, typer.Option("--preset", "-p", help="The preset whose model to start from.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The project file to write.")],
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
) -> None:
    """Make a project from your own data and a preset's model."""
    from builder.jobs import tasks

    recipe = _recipe_from(tasks.propose(_source(data)), target)
    project = replace(load_preset(preset), name=Path(data).stem, data=recipe)
    _write_new(project, output)


@app.command()
def profile(file: ProjectFile) -> None:
    """Print what is known of a project's data, as JSON."""
    from builder.jobs import tasks

    print_json(tasks.profile(read_project(file).data.to_json()))


@app.command()
def check(file: ProjectFile) -> None:
    """Tell everything that is wrong with a project; exit code 2 where something is."""
    problems = _check(read_project(file))
    _print_problems(problems)
    if any(problem["severity"] == "error" for problem in problems):
        raise typer.Exit(WRONG)
    console.print(f"{file}: no errors.")


@app.command()
def script(
    file: ProjectFile,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The script to write.")] = None,
) -> None:
    """Write the project as a plain Keras script, and beside it the files that it reads."""
    from builder.jobs import tasks

    files = tasks.script(read_project(file).to_json(), str(default_workspace().prepared_folder))
    code = files.pop(tasks.SCRIPT_FILE)
    if output is None:
        sys.stdout.write(code)
        if files:
            errors.print(f"It reads {', '.join(files)}; --output writes that beside it.", markup=False)
        return
    write_bytes(output, code.encode())
    for name, text in files.items():
        write_bytes(output.with_name(name), text.encode())
    console.print(f"wrote {', '.join(str(output.with_name(name)) for name in (output.name, *files))}")


@app.command()
def train(
    file: ProjectFile,
    epochs: Annotated[int | None, typer.Option(help="Instead of the project's number of epochs.")] = None,
    detach: Annotated[bool, typer.Option(help="Return at once; the run goes on by itself.")] = False,
) -> None:
    """Train a project and follow its progress. Ctrl+C stops the run and keeps its best weights."""
    project = read_project(file)
    if epochs is not None:
        project = replace(project, training={**project.training, "epochs": epochs})
    problems = _check(project)
    _print_problems(problems)
    if any(problem["severity"] == "error" for problem in problems):
        raise typer.Exit(WRONG)
    run_id = training.submit(project.to_json())
    console.print(f"run {run_id}")
    if not detach:
        _follow(run_id)


@app.command()
def runs(limit: Annotated[int, typer.Option(help="How many of the newest runs to list.")] = 20) -> None:
    """List the newest runs."""
    table = _table("run", "project", "status", "epoch", "result")
    for run in default_store().list_runs(limit=limit):
        progress = run.progress
        epoch = f"{progress.get('epoch', 0)}/{progress.get('epochs', '?')}"
        table.add_row(run.id, run.name, run.status, epoch, _score_words(run.result.get("test", {})))
    console.print(table)


@app.command()
def pause(run_id: str) -> None:
    """Pause a run; its memory stays taken until it is stopped."""
    training.pause(run_id)


@app.command()
def resume(run_id: str) -> None:
    """Go on with a paused, stopped or interrupted run from its last checkpoint, and follow it."""
    training.resume(run_id)
    _follow(run_id)


@app.command("stop")
def stop_run(run_id: str) -> None:
    """Stop a run and keep its best weights."""
    training.stop(run_id)


@app.command()
def evaluate(target: Target) -> None:
    """Print the scores of a run on its held-out rows, as JSON."""
    from builder.jobs import tasks

    print_json(tasks.evaluate(_run_of(target).id))


@app.command()
def predict(
    target: Target,
    text: Annotated[str | None, typer.Option(help="A text to classify.")] = None,
    image: Annotated[Path | None, typer.Option(help="A picture to classify.")] = None,
    row: Annotated[str | None, typer.Option(help='A table row as JSON: {"column": value}.')] = None,
) -> None:
    """Print a run's prediction for one text, picture or row, as JSON."""
    from builder.jobs import tasks

    print_json(tasks.predict(_run_of(target).id, [_raw_input(text, image, row)]))


@app.command()
def export(
    target: Target,
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", help="A format; may be repeated. All by default.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Copy the bundle (zip) here.")] = None,
) -> None:
    """Export a run and verify every file in its own runtime; exit code 1 where one failed."""
    from builder.export.bundle import bundle
    from builder.jobs import tasks

    run = _run_of(target)
    with _progress() as progress:
        bar = progress.add_task("exporting", total=1.0, detail="")
        report = tasks.export(
            run.id,
            formats,
            on_progress=lambda done, words: progress.update(bar, completed=done, detail=words),
        )
    console.print(_verification_table(report))
    folder = default_workspace().run_folder(run.id) / tasks.EXPORTS_FOLDER
    if output is not None:
        write_bytes(output, bundle(folder).read_bytes())
    console.print(f"wrote {output or folder}", soft_wrap=True)
    if any(entry["status"] == "failed" for entry in report["formats"]):
        raise typer.Exit(FAILED)


def main() -> None:
    """Run the command line; problems go to standard error in plain words."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        app()
    except BuilderError as error:
        _print_problems([problem.to_json() for problem in error.problems])
        raise SystemExit(WRONG) from None


def print_json(data: Any) -> None:
    """Print data as JSON on standard output."""
    console.print_json(json.dumps(data))


def _table(*columns: str) -> Table:
    # The first column is what a person copies into the next command: it must never be cut.
    table = Table(*columns)
    table.columns[0].no_wrap = True
    return table


def _source(data: str) -> dict[str, Any]:
    from builder.data.sources import samples as bundled

    if data in {sample.name for sample in bundled()}:
        return {"kind": "sample", "name": data}
    path = Path(data).resolve()
    if not path.exists():
        raise stop("missing_data", f"There is no file, folder or sample named '{data}'.")
    is_images = path.is_dir() or path.suffix.lower() == ".zip"
    return {"kind": "images" if is_images else "csv", "path": str(path)}


def _recipe_from(proposed: dict[str, Any], target: str | None) -> DataRecipe:
    recipe = DataRecipe(**proposed)
    if target is None:
        return recipe
    if target not in recipe.roles:
        known = ", ".join(recipe.roles)
        raise stop("unknown_column", f"There is no column '{target}'. The columns are: {known}.")
    roles = {name: "ignore" if role == "target" else role for name, role in recipe.roles.items()}
    return replace(recipe, roles={**roles, target: "target"})


def _write_new(project: Project, file: Path) -> None:
    if file.exists():
        raise stop("file_exists", f"{file} exists already. Give another name with --output.")
    write_project(project, file)
    console.print(f"wrote {file}")


def _check(project: Project) -> list[dict[str, Any]]:
    from builder.jobs import tasks

    return tasks.check(project.to_json(), str(default_workspace().prepared_folder))


def _print_problems(problems: list[dict[str, Any]]) -> None:
    for problem in problems:
        place = f" [block {problem['block']}]" if problem.get("block") else ""
        errors.print(f"{problem['severity']}{place}: {problem['message']}", markup=False, highlight=False)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}"),
        console=console,
    )


def _follow(run_id: str) -> None:
    with _progress() as progress:
        bar = progress.add_task("waiting", total=1.0, detail="")
        run = _wait_for_end(default_store(), run_id, lambda seen: _show(progress, bar, seen))
    if run.status in ("failed", "interrupted"):
        errors.print((run.error or {}).get("message", f"The run is {run.status}."), markup=False)
        raise typer.Exit(FAILED)
    console.print(f"{run.status}: {_score_words(run.result.get('test', {}))}")


def _wait_for_end(store: Store, run_id: str, show: Callable[[RunRecord], None]) -> RunRecord:
    interrupted = False
    while True:
        try:
            training.reconcile()
            run = store.run(run_id)
            show(run)
            if run.status in ENDED:
                break
            time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            interrupted = True
            store.send_command(run_id, "stop")
    if interrupted:
        raise SystemExit(INTERRUPTED)
    return run


def _show(progress: Progress, bar: Any, run: RunRecord) -> None:
    seen = run.progress
    steps = max(1, seen.get("steps_per_epoch", 1) * seen.get("epochs", 1))
    done = seen.get("steps_per_epoch", 0) * max(0, seen.get("epoch", 1) - 1) + seen.get("step", 0)
    detail = f"epoch {seen.get('epoch', 0)}/{seen.get('epochs', '?')}  {seen.get('phase', run.status)}"
    # A run that stops early is done all the same.
    share = 1.0 if run.status in ENDED else done / steps
    progress.update(bar, description=run.status, completed=share, detail=detail)


def _score_words(scores: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" for name, value in scores.items() if isinstance(value, (int, float))
    )


def _run_of(target: str) -> RunRecord:
    store = default_store()
    if not target.endswith(".json"):
        return store.run(target)
    document = read_project(target).to_json()
    for run in store.list_runs(statuses=(FINISHED, STOPPED)):
        if _is_run_of(store.run_document(run.id), document):
            return run
    message = (
        f"The project {target} has no finished run as it stands. "
        f"Train it first: python -m builder train {target}"
    )
    raise stop("not_trained", message)


def _is_run_of(trained: dict[str, Any], document: dict[str, Any]) -> bool:
    # Training may be repeated with other settings; the data and the model say which project it is.
    return all(trained[part] == document[part] for part in ("name", "data", "model"))


def _raw_input(text: str | None, image: Path | None, row: str | None) -> dict[str, Any]:
    if text is not None:
        return {"text": text}
    if image is not None:
        from builder.data.sources import read_image

        return {"image": read_image(image)}
    if row is None:
        raise stop("nothing_to_predict", "Give one of --text, --image or --row.")
    try:
        return dict(json.loads(row))
    except (ValueError, TypeError) as error:
        raise stop("not_json", f'--row must be a JSON object such as {{"age": 39}}: {error}.') from error


def _verification_table(report: dict[str, Any]) -> Table:
    table = _table("format", "status", "agreement", "largest difference", "score", "bytes", "ms", "note")
    for entry in report["formats"]:
        table.add_row(*_verification_row(entry))
    return table


def _verification_row(entry: dict[str, Any]) -> list[str]:
    def number(name: str, form: str) -> str:
        value = entry.get(name)
        return "" if value is None else format(value, form)

    return [
        entry["label"],
        entry["status"],
        number("agreement", ".2%"),
        number("largest_difference", ".2g"),
        number("metric_export", ".4g"),
        number("bytes", ",d"),
        number("latency_ms_p50", ".2f"),
        entry["problem"]["message"] if entry["problem"] else entry["note"],
    ]


if __name__ == "__main__":
    main()
