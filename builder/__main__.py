"""The operations of the studio from a shell: ``python -m builder --help``.

Exit codes: 0 done; 1 the run or an export failed, or two projects differ; 2 the command, the
document or the data are wrong; 130 interrupted by the keyboard.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from builder import (
    command_augment,
    command_compress,
    command_measure,
    command_runs,
    command_serve,
    command_truth,
    command_understand,
)
from builder.command_settings import settings_in
from builder.command_targets import Target, run_of
from builder.errors import BuilderError, stop
from builder.explanation_methods import METHODS
from builder.jobs import cross_validation, training
from builder.project import (
    DataRecipe,
    Project,
    load_preset,
    opened_project,
    preset_names,
    read_project,
    write_project,
)
from builder.runs.files import write_bytes
from builder.runs.records import ENDED, RunRecord
from builder.runs.store import Store, default_store
from builder.runs.workspace import default_workspace

FAILED, WRONG, INTERRUPTED = 1, 2, 130
DIFFERENT = 1
POLL_SECONDS = 0.2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Check, train, evaluate and export Kerablocks projects without a browser.",
)
console = Console()
errors = Console(stderr=True)

app.command("augment")(command_augment.augment)
app.command("lr-range")(command_measure.lr_range)
app.command("batch-size")(command_measure.batch_size)
app.command("truth")(command_truth.truth)
app.command("frontier")(command_truth.frontier)
app.command("serve")(command_serve.serve)
app.add_typer(command_runs.app, name="runs")
app.add_typer(command_understand.app, name="understand")
app.command("report")(command_understand.report)
app.add_typer(command_serve.app, name="servers")

ProjectFile = Annotated[Path, typer.Argument(help="A project file (JSON).", show_default=False)]


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
    data: Annotated[
        str,
        typer.Argument(help="A table, text, .npz, zip or folder; a sample; keras:NAME or huggingface:NAME."),
    ],
    preset: Annotated[str, typer.Option("--preset", "-p", help="The preset whose model to start from.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The project file to write.")],
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    also: Annotated[
        list[str] | None, typer.Option("--also-predict", help="A further column to predict; may be repeated.")
    ] = None,
) -> None:
    """Make a project from your own data and a preset's model."""
    from builder.jobs import tasks

    recipe = _recipe_from(tasks.propose(_source(data)), target, also or [])
    project = replace(load_preset(preset), name=Path(data).stem, data=recipe)
    _write_new(project, output)


@app.command()
def profile(
    file: ProjectFile,
    quality: Annotated[bool, typer.Option("--quality", help="Tell what is doubtful, with the rows.")] = False,
) -> None:
    """Print what is known of a project's data, as JSON."""
    from builder.jobs import tasks

    if quality:
        recipe = read_project(file).data.to_json()
        print_json(tasks.quality(recipe, str(default_workspace().prepared_folder)))
        return
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
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; .ipynb makes a notebook.")
    ] = None,
    notebook: Annotated[bool, typer.Option("--notebook", help="Write a Jupyter notebook.")] = False,
) -> None:
    """Write the project as a plain Keras script or notebook, and beside it the files that it reads."""
    from builder.jobs import tasks

    files = tasks.script(read_project(file).to_json(), str(default_workspace().prepared_folder))
    texts = {name: files.pop(name, "") for name in (tasks.SCRIPT_FILE, tasks.NOTEBOOK_FILE)}
    wanted = notebook or (output is not None and output.suffix == ".ipynb")
    code = texts[tasks.NOTEBOOK_FILE if wanted else tasks.SCRIPT_FILE]
    if not code:
        raise stop(
            "no_data", "A notebook trains the model, but this project has no data yet. Choose them first."
        )
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
def analyze(
    file: ProjectFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Tell what a model costs, block by block: weights, operations, memory, sizes. Nothing is trained."""
    from builder.command_tables import analysis_lines, analysis_table
    from builder.jobs import tasks

    project = read_project(file)
    spec = tasks.prepare(project.data.to_json(), str(default_workspace().prepared_folder))["spec"]
    figures = tasks.analyze(project.model.to_json(), spec, project.training_settings())
    if as_json:
        print_json(figures)
        return
    console.print(analysis_table(figures))
    for line in analysis_lines(figures):
        console.print(line, highlight=False)


@app.command()
def preflight(
    file: ProjectFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Try the export of the untrained model and a few training steps; exit code 1 where a format fails."""
    from builder.command_tables import preflight_lines, preflight_table
    from builder.jobs import tasks

    with _progress() as progress:
        bar = progress.add_task("preflight", total=1.0, detail="")
        answer = tasks.preflight(
            read_project(file).to_json(),
            on_progress=lambda done, words: progress.update(bar, completed=done, detail=words),
        )
        progress.update(bar, completed=1.0, detail="")
    if as_json:
        print_json(answer)
    else:
        console.print(preflight_table(answer))
        for line in preflight_lines(answer):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    if any(item["problem"] for item in answer["formats"]):
        raise typer.Exit(FAILED)


@app.command()
def train(
    file: ProjectFile,
    epochs: Annotated[int | None, typer.Option(help="Instead of the project's number of epochs.")] = None,
    detach: Annotated[bool, typer.Option(help="Return at once; the run goes on by itself.")] = False,
    folds: Annotated[int, typer.Option(help="Cross-validate: train once for each of so many folds.")] = 0,
) -> None:
    """Train a project and follow its progress. Ctrl+C stops the run and keeps its best weights."""
    project = read_project(file)
    if epochs is not None:
        project = replace(project, training={**project.training, "epochs": epochs})
    problems = _check(project)
    _print_problems(problems)
    if any(problem["severity"] == "error" for problem in problems):
        raise typer.Exit(WRONG)
    ids = _submitted(project, folds)
    if _followed(ids, detach) and folds:
        console.print(_folds_table([default_store().run(run_id) for run_id in ids]))


def _submitted(project: Project, folds: int) -> list[str]:
    if not folds:
        return [training.submit(project.to_json())]
    return cross_validation.submit_folds(project.to_json(), folds)


def _folds_table(runs: list[RunRecord]) -> Table:
    table = _table("score", "mean", "deviation", "lowest", "highest")
    for name, spread in cross_validation.summary(runs).items():
        values = (spread.mean, spread.deviation, spread.smallest, spread.largest)
        table.add_row(name, *(f"{value:.4g}" for value in values))
    return table


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

    print_json(tasks.evaluate(run_of(target).id))


@app.command()
def predict(
    target: Target,
    text: Annotated[str | None, typer.Option(help="A text to classify.")] = None,
    image: Annotated[Path | None, typer.Option(help="A picture to classify.")] = None,
    row: Annotated[str | None, typer.Option(help='A table row as JSON: {"column": value}.')] = None,
    audio: Annotated[Path | None, typer.Option(help="A recording to classify.")] = None,
) -> None:
    """Print a run's prediction for one text, picture, recording or row, as JSON."""
    from builder.jobs import tasks

    print_json(tasks.predict(run_of(target).id, [_raw_input(text, image, row, audio)]))


@app.command()
def explain(
    target: Target,
    sample: Annotated[int, typer.Option(help="Which sample of the test part, counted from 1.")] = 1,
    method: Annotated[str, typer.Option(help=f"How: {', '.join(METHODS)}.")] = "occlusion",
    chosen: Annotated[str | None, typer.Option("--class", help="The class to explain.")] = None,
    predicted: Annotated[
        str | None, typer.Option("--target", help="Which of several targets to explain.")
    ] = None,
) -> None:
    """Print why a run's model answers as it does for a test sample, and how far to trust that, as JSON."""
    from builder.jobs import tasks

    run = run_of(target)
    print_json(tasks.explain(run.id, tasks.test_row(run.id, sample), method, chosen, predicted))


@app.command()
def write(
    target: Target,
    prompt: Annotated[str, typer.Option(help="The beginning that the model goes on from.")],
    settings: Annotated[
        str,
        typer.Option("--set", help='How it writes, as JSON, such as {"temperature": 0.5, "tokens": 100}.'),
    ] = "{}",
) -> None:
    """Print what a run's language model writes after a beginning."""
    from builder.jobs import tasks

    typer.echo(prompt + tasks.write(run_of(target).id, prompt, settings_in(settings)))


@app.command()
def answer(
    target: Target,
    text: Annotated[str, typer.Option(help="The text, with its task prefix in front where there is one.")],
    settings: Annotated[
        str,
        typer.Option("--set", help='How it answers, as JSON, such as {"method": "beam", "beams": 4}.'),
    ] = "{}",
) -> None:
    """Print what a run's text-to-text model makes of a text: a translation, a summary, an answer."""
    from builder.jobs import tasks

    typer.echo(tasks.answer(run_of(target).id, text, settings_in(settings)))


@app.command("fine-tune")
def fine_tune(
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="The project file to write.")],
    data: Annotated[
        str | None, typer.Option(help="Texts with labels: a table, a folder, a sample's name.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
) -> None:
    """Make a project that trains a pretrained encoder on labels, from the run of a masked language model."""
    from builder.fine_tuning import fine_tuning_project
    from builder.jobs import tasks

    run = run_of(target)
    pretrained = Project.from_json(default_store().run_document(run.id))
    spec = tasks.prepare(pretrained.data.to_json(), str(default_workspace().prepared_folder))["spec"]
    recipe = None if data is None else _recipe_from(tasks.propose(_source(data)), label, [])
    length = spec["inputs"][0]["settings"]["sequence_length"]
    _write_new(fine_tuning_project(pretrained, run.id, length, recipe), output)


@app.command()
def compress(
    target: Target,
    recipe: command_compress.RecipeName,
    run: command_compress.RunId = None,
    given: command_compress.Given = None,
    student: command_compress.StudentName = None,
    alone: command_compress.Alone = False,
    detach: command_compress.Detach = False,
) -> None:
    """Make a finished run's model smaller by a recipe, in a new run, and tell what that changed."""
    found = run_of(run or target)
    other = None if student in (None, command_compress.HALF) else _any_project(student).to_json()
    ids = command_compress.submitted(found.id, recipe, given or [], other, alone)
    if _followed(ids, detach):
        console.print(command_compress.comparison([default_store().run(run_id) for run_id in ids]))


@app.command()
def generate(
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write the samples into.")],
    count: Annotated[int, typer.Option(help="How many samples are made.")] = 16,
    seed: Annotated[int, typer.Option(help="The same seed makes the same samples again.")] = 1,
    to_seed: Annotated[
        int | None, typer.Option(help="Go from the sample of --seed to this seed's, step by step.")
    ] = None,
) -> None:
    """Write samples that a run's generator makes: pictures as PNG, series as CSV."""
    from builder.jobs import tasks
    from builder.sample_files import write_samples

    way = {} if to_seed is None else {"between": True, "other_seed": to_seed}
    found = tasks.generate(run_of(target).id, {"count": count, "seed": seed, **way})
    written = write_samples(found["kind"], found["samples"], output)
    console.print(f"wrote {written} files into {output}", soft_wrap=True)


@app.command()
def export(
    target: Target,
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", help="A format; may be repeated. All by default.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Copy the bundle (zip) here.")] = None,
    keep_float: command_truth.KeepFloat = None,
    calibration: command_truth.Calibration = None,
) -> None:
    """Export a run and verify every file in its own runtime; exit code 1 where one failed."""
    from builder.export.bundle import bundle
    from builder.jobs import tasks

    run = run_of(target)
    with _progress() as progress:
        bar = progress.add_task("exporting", total=1.0, detail="")
        report = tasks.export(
            run.id,
            formats,
            on_progress=lambda done, words: progress.update(bar, completed=done, detail=words),
            quantization=command_truth.quantization(keep_float, calibration),
        )
    console.print(_verification_table(report))
    folder = default_workspace().run_folder(run.id) / tasks.EXPORTS_FOLDER
    if output is not None:
        write_bytes(output, bundle(folder).read_bytes())
    console.print(f"wrote {output or folder}", soft_wrap=True)
    if any(entry["status"] == "failed" for entry in report["formats"]):
        raise typer.Exit(FAILED)


AProject = Annotated[
    str, typer.Argument(help="A project file (JSON), a preset, or the id of a project or a run.")
]


@app.command()
def diff(
    before: AProject,
    after: AProject,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON instead of words.")] = False,
) -> None:
    """Tell what differs between two projects; exit code 1 where data, model or training differ."""
    from builder.difference import catalogue_kinds, project_difference

    found = project_difference(_any_project(before), _any_project(after), catalogue_kinds())
    if as_json:
        print_json(found.to_json())
    else:
        for change in found.changes:
            console.print(change.words, markup=False, highlight=False, soft_wrap=True)
        if not found.changes:
            console.print("no difference")
    if not found.is_same:
        raise typer.Exit(DIFFERENT)


@app.command()
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
        errors.print(f"Data files do not travel along: {', '.join(left_out)}.", markup=False)


@app.command("open-link")
def open_shared_link(
    url: Annotated[str, typer.Argument(help="A link, or what stands behind 'shared=' in it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The project file to write.")],
) -> None:
    """Write the project in a link as a project file."""
    from builder.share import open_link

    _write_new(open_link(url).project, output)


@app.command()
def projects() -> None:
    """List the projects of the studio, newest first."""
    table = _table("project", "name", "changed")
    for record in default_store().list_projects():
        table.add_row(record.id, record.name, _moment(record.updated_at))
    console.print(table)


@app.command()
def history(
    project: Annotated[str, typer.Argument(help="A project's id, as 'projects' lists it.")],
    limit: Annotated[int, typer.Option(help="How many of the newest versions to list.")] = 20,
    version: Annotated[int | None, typer.Option(help="The version to write to a file or to name.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The project file to write.")] = None,
    name: Annotated[str | None, typer.Option(help="A name for the version, which keeps it for ever.")] = None,
) -> None:
    """List the versions of a project, newest first; write one to a file, or name it."""
    store = default_store()
    store.project(project)
    if version is not None:
        kept = Project.from_json(store.version(project, version)[1])
        if name is not None:
            store.name_version(project, version, name)
        if output is not None:
            _write_new(kept, output)
        return
    table = _table("version", "when", "name", "run", "what")
    for item in store.versions(project, limit):
        what = f"{item.reason} {item.note}".strip()
        table.add_row(str(item.sequence), _moment(item.created_at), item.name, item.run_id or "", what)
    console.print(table)


@app.command()
def restore(
    project: Annotated[str, typer.Argument(help="A project's id, as 'projects' lists it.")],
    version: Annotated[int, typer.Argument(help="A version, as 'history' lists it.")],
) -> None:
    """Bring back a version of a project as its newest one; what is there now stays in the history."""
    from builder.runs.history import RESTORED

    store = default_store()
    kept = Project.from_json(store.version(project, version)[1])
    store.save_project(project, kept.to_json(), reason=RESTORED, note=f"version {version}")
    console.print(f"restored version {version} of '{kept.name}'", markup=False)


library = typer.Typer(no_args_is_help=True, help="Keep blocks of your own for every project.")
app.add_typer(library, name="library")
BlockKind = Annotated[str, typer.Argument(help="A block's kind, such as own.pair.")]


@library.command("list")
def list_library() -> None:
    """List the own blocks in the library."""
    table = _table("kind", "label", "blocks inside")
    for block in default_store().blocks():
        table.add_row(block.kind, block.label, str(len(block.definition["graph"]["nodes"])))
    console.print(table)


@library.command("add")
def add_to_library(
    file: Annotated[Path, typer.Argument(help="A block file, or a project file that has own blocks.")],
) -> None:
    """Add the own blocks in a file to the library, in place of those of the same kind."""
    from builder.library import parse_block_file

    try:
        found = parse_block_file(file.read_bytes(), file.name)
    except OSError as error:
        raise stop("unreadable_file", f"The file {file} cannot be read: {error.strerror}.") from error
    for kind, definition in found.items():
        default_store().save_block(kind, definition["label"], definition)
    console.print(f"added {', '.join(found)}", markup=False)


@library.command("remove")
def remove_from_library(kind: BlockKind) -> None:
    """Take an own block out of the library; projects that use it keep their copies."""
    default_store().remove_block(kind)
    console.print(f"removed {kind}", markup=False)


@library.command("write")
def write_from_library(
    kind: BlockKind,
    output: Annotated[Path, typer.Option("--output", "-o", help="The block file to write.")],
) -> None:
    """Write an own block, with those that it uses, to a file."""
    from builder.library import block_file
    from builder.runs.files import write_json

    if output.exists():
        raise stop("file_exists", f"{output} exists already. Give another name with --output.")
    known = {block.kind: block.definition for block in default_store().blocks()}
    write_json(output, block_file(kind, known))
    console.print(f"wrote {output}", markup=False)


@app.command()
def preview(
    file: ProjectFile,
    sample: Annotated[int, typer.Option(help="The sample's number within its part, from 0.")] = 0,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    run: Annotated[str | None, typer.Option(help="The run whose weights are used; else untrained.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A folder for PNG files.")] = None,
) -> None:
    """Send one sample through the model and tell what every block puts out."""
    from builder.jobs import tasks

    project = read_project(file)
    folder = tasks.prepare(project.data.to_json(), str(default_workspace().prepared_folder))["folder"]
    asked = {"graph": project.model.to_json(), "prepared_folder": folder, "part": part, "index": sample}
    answer = tasks.preview(**asked, run_id=run, seconds=math.inf)
    shown = answer["sample"]
    console.print(f"{shown['part']} sample {shown['index']} of {shown['count']:,}, label {shown['label']}")
    console.print(_preview_table(answer["blocks"]))
    for block in answer["blocks"].values():
        for mark in block["marks"]:
            errors.print(f"{mark['severity']}: {mark['message']}", markup=False, highlight=False)
    if output is not None:
        details = (tasks.preview(**asked, run_id=run, block=name)["detail"] for name in answer["blocks"])
        console.print(f"wrote {_write_pictures(details, output)} pictures to {output}", soft_wrap=True)


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
    from builder.data.sniffing import source_at
    from builder.data.sources import samples as bundled

    if data in {sample.name for sample in bundled()}:
        return {"kind": "sample", "name": data}
    for kind in ("keras", "huggingface"):
        if data.startswith(f"{kind}:"):
            return {"kind": kind, "name": data.removeprefix(f"{kind}:")}
    return source_at(Path(data).resolve())


def _recipe_from(proposed: dict[str, Any], target: str | None, also: list[str]) -> DataRecipe:
    recipe = DataRecipe(**proposed)
    roles = dict(recipe.roles)
    for column in [*([target] if target is not None else []), *also]:
        if column not in roles:
            raise stop(
                "unknown_column", f"There is no column '{column}'. The columns are: {', '.join(roles)}."
            )
    if target is not None:
        roles = {name: "ignore" if role == "target" else role for name, role in roles.items()}
        roles[target] = "target"
    for column in also:
        roles[column] = "number_target" if roles[column] == "numeric" else "class_target"
    return replace(recipe, roles=roles)


def _write_new(project: Project, file: Path) -> None:
    if file.exists():
        raise stop("file_exists", f"{file} exists already. Give another name with --output.")
    write_project(project, file)
    console.print(f"wrote {file}")


def _any_project(text: str) -> Project:
    """Return the project behind a file's name, a preset's name, or the id of a project or a run."""
    if text.endswith(".json") or Path(text).is_file():
        return read_project(text)
    if "/" in text:
        return load_preset(text)
    try:
        return Project.from_json(default_store().project(text).document)
    except BuilderError:
        return Project.from_json(default_store().run_document(text))


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


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


def _followed(run_ids: list[str], detach: bool) -> bool:
    """Name new runs and, unless they are detached, follow each to its end; tell whether that was done."""
    for run_id in run_ids:
        console.print(f"run {run_id}")
    for run_id in () if detach else run_ids:
        _follow(run_id)
    return not detach


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


def _raw_input(text: str | None, image: Path | None, row: str | None, audio: Path | None) -> dict[str, Any]:
    """Return the sample that the options describe together."""
    sample: dict[str, Any] = {}
    if row is not None:
        try:
            sample |= dict(json.loads(row))
        except (ValueError, TypeError) as error:
            raise stop("not_json", f'--row must be a JSON object such as {{"age": 39}}: {error}.') from error
    if text is not None:
        sample["text"] = text
    if image is not None:
        from builder.data.sources import read_image

        sample["image"] = read_image(image)
    if audio is not None:
        from builder.data.sources import read_recording

        recording = read_recording(audio)
        sample |= {"audio": recording.samples, "rate": recording.rate}
    if not sample:
        raise stop(
            "nothing_to_predict", "Give one of --text, --image, --audio or --row, or several together."
        )
    return sample


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


def _preview_table(blocks: dict[str, Any]) -> Table:
    table = _table("block", "shape", "mean", "deviation", "range", "zeros", "marks")
    for name, block in blocks.items():
        marks = ", ".join(mark["code"] for mark in block["marks"]) or block["failure"]
        for output in block["outputs"]:
            numbers = output["statistics"] or {}
            names = ("mean", "deviation", "minimum", "maximum")
            mean, deviation, least, most = (_short_number(numbers.get(key)) for key in names)
            zeros = f"{numbers['zeros']:.0%}" if numbers else ""
            shape = "x".join(str(size) for size in output["shape"])
            title = name if len(block["outputs"]) == 1 else f"{name}.{output['port']}"
            span = f"{least}..{most}" if least else ""
            table.add_row(title, shape, mean, deviation, span, zeros, marks)
        if not block["outputs"]:
            table.add_row(name, *[""] * 5, marks)
    return table


def _short_number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _write_pictures(details: Iterable[dict[str, Any]], folder: Path) -> int:
    from builder.explain.preview.png import pictures

    written = 0
    folder.mkdir(parents=True, exist_ok=True)
    for detail in details:
        for name, picture in pictures(detail):
            stream = io.BytesIO()
            picture.save(stream, "PNG")
            write_bytes(folder / f"{detail['id']}_{name}.png", stream.getvalue())
            written += 1
    return written


@app.command("import")
def import_model(
    file: Annotated[Path, typer.Argument(help="A model saved by Keras (.keras).", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The project file to write.")],
) -> None:
    """Open a Keras model as a project of blocks, whose data are chosen afterwards."""
    from builder.jobs import tasks

    found = tasks.open_model(str(file))
    _write_new(opened_project(found, file.resolve(), file.stem), output)
    blocks = len(found["graph"]["nodes"])
    console.print(f"{blocks:,} blocks, {found['parameters']:,} parameters")
    for note in found["notes"]:
        console.print(note, markup=False, highlight=False)


@app.command("blocks")
def list_blocks(
    kind: Annotated[str | None, typer.Argument(help="A block, such as conv2d; all without it.")] = None,
) -> None:
    """List the blocks that models are made of, or explain one of them."""
    from builder.catalogue_pages import found, listing, page

    text = listing() if kind is None else page(found(kind))
    console.print(text, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
