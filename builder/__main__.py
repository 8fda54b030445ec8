"""The operations of the studio from a shell: ``python -m builder --help``.

Exit codes: 0 done; 1 the run or an export failed, or two projects differ; 2 the command, the
document or the data are wrong; 130 interrupted by the keyboard.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from builder.commands import (
    ask,
    augment,
    library,
    measure,
    preview,
    projects,
    runs,
    serve,
    truth,
    understand,
)
from builder.commands import (
    compress as recipes,
)
from builder.commands.follow import FAILED, follow, followed, progress_bar
from builder.commands.output import (
    console,
    errors,
    output_table,
    print_json,
    print_problems,
    say,
    write_new,
)
from builder.commands.quiet import load_tensorflow_quietly
from builder.commands.settings import refuse_idle
from builder.commands.targets import ProjectFile, Target, any_project, run_of
from builder.errors import BuilderError, stop
from builder.jobs import cross_validation, training
from builder.project import (
    DataRecipe,
    Project,
    load_preset,
    opened_project,
    preset_names,
    read_project,
    with_task,
)
from builder.runs.files import write_bytes
from builder.runs.records import RunRecord
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace
from builder.scores import number_words
from builder.workers.environment import use_own_environment
from builder.workers.launching import use_copies

WRONG = 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Check, train, evaluate and export Kerablocks projects without a browser.",
)


@app.command()
def samples() -> None:
    """List the bundled data samples."""
    from builder.data.sources import samples as bundled

    table = output_table("sample", "task", "rows", "title", "license")
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
        why = (
            "no preset is named. Name one, such as: python -m builder presets images/cnn --output digits.json"
        )
        refuse_idle({"--output": output is not None}, why)
        table = output_table("preset", "sample", "title")
        for preset_name in preset_names():
            preset = load_preset(preset_name)
            table.add_row(preset_name, str(preset.data.source.get("name")), preset.name)
        console.print(table)
        return
    project = load_preset(name)
    write_new(project, output or Path(f"{name.split('/')[-1]}.json"))


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
    """Make a project from your own data and a preset's model, and tell what its data lack for a training."""
    from builder.jobs import tasks

    started = load_preset(preset)
    recipe = with_task(_recipe_from(data, target, also or [], started.data.task), started.data.task)
    write_new(replace(started, name=Path(data).stem, data=recipe), output)
    problems = tasks.profile(recipe.to_json())["problems"]
    if any(problem["severity"] == "error" for problem in problems):
        print_problems(problems)


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
    print_problems(problems)
    if any(problem["severity"] == "error" for problem in problems):
        raise typer.Exit(WRONG)
    console.print(f"{file}: no errors.", soft_wrap=True)


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
            errors.print(f"It reads {', '.join(files)}; --output writes that beside it.")
        return
    write_bytes(output, code.encode())
    for name, text in files.items():
        write_bytes(output.with_name(name), text.encode())
    written = ", ".join(str(output.with_name(name)) for name in (output.name, *files))
    console.print(f"wrote {written}", soft_wrap=True)


@app.command()
def analyze(
    file: ProjectFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Tell what a model costs, block by block: weights, operations, memory, sizes. Nothing is trained."""
    from builder.commands.tables import analysis_lines, analysis_table
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
    from builder.commands.tables import preflight_lines, preflight_table
    from builder.jobs import tasks

    with progress_bar() as progress:
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
            say(line)
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
    use_copies()
    problems = _check(project)
    print_problems(problems)
    if any(problem["severity"] == "error" for problem in problems):
        raise typer.Exit(WRONG)
    ids = _submitted(project, folds)
    if followed(ids, detach) and folds:
        console.print(_folds_table([default_store().run(run_id) for run_id in ids]))


def _submitted(project: Project, folds: int) -> list[str]:
    if not folds:
        return [training.submit(project.to_json())]
    return cross_validation.submit_folds(project.to_json(), folds)


def _folds_table(runs: list[RunRecord]) -> Table:
    table = output_table("score", "mean", "deviation", "lowest", "highest")
    for name, spread in cross_validation.summary(runs).items():
        values = (spread.mean, spread.deviation, spread.smallest, spread.largest)
        table.add_row(name, *map(number_words, values))
    return table


@app.command()
def pause(run_id: str) -> None:
    """Pause a run; its memory stays taken until it is stopped."""
    training.pause(run_id)


@app.command()
def resume(run_id: str) -> None:
    """Go on with a paused, stopped or interrupted run from its last checkpoint, and follow it."""
    training.resume(run_id)
    follow(run_id)


@app.command("stop")
def stop_run(run_id: str) -> None:
    """Stop a run and keep its best weights."""
    training.stop(run_id)


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

    if data is None:
        why = "no data are named whose column it is. Add --data with a table, a folder or a sample's name."
        refuse_idle({"--label": label is not None}, why)
    run = run_of(target)
    pretrained = Project.from_json(default_store().run_document(run.id))
    spec = tasks.prepare(pretrained.data.to_json(), str(default_workspace().prepared_folder))["spec"]
    recipe = None if data is None else _recipe_from(data, label, [])
    length = spec["inputs"][0]["settings"]["sequence_length"]
    write_new(fine_tuning_project(pretrained, run.id, length, recipe), output)


@app.command()
def compress(
    target: Target,
    recipe: recipes.RecipeName,
    run: recipes.RunId = None,
    given: recipes.Given = None,
    student: recipes.StudentName = None,
    alone: recipes.Alone = False,
    detach: recipes.Detach = False,
) -> None:
    """Make a finished run's model smaller by a recipe, in a new run, and tell what that changed."""
    recipes.check_student(recipe, student)
    found = run_of(run or target)
    other = None if student in (None, recipes.HALF) else any_project(student).to_json()
    ids = recipes.submitted(found.id, recipe, given or [], other, alone)
    if followed(ids, detach):
        console.print(recipes.comparison([default_store().run(run_id) for run_id in ids]))


@app.command()
def export(
    target: Target,
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", help="A format; may be repeated. All by default.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Copy the bundle (zip) here.")] = None,
    keep_float: truth.KeepFloat = None,
    calibration: truth.Calibration = None,
) -> None:
    """Export a run and verify every file in its own runtime; exit code 1 where one failed."""
    from builder.commands.tables import verification_lines, verification_table
    from builder.export.bundle import bundle
    from builder.jobs import tasks

    truth.check_quantized(formats, keep_float, calibration)
    run = run_of(target)
    with progress_bar() as progress:
        bar = progress.add_task("exporting", total=1.0, detail="")
        report = tasks.export(
            run.id,
            formats,
            on_progress=lambda done, words: progress.update(bar, completed=done, detail=words),
            quantization=truth.quantization(keep_float, calibration),
        )
    console.print(verification_table(report))
    for line in verification_lines(report):
        say(line)
    folder = default_workspace().run_folder(run.id) / tasks.EXPORTS_FOLDER
    if output is not None:
        write_bytes(output, bundle(folder).read_bytes())
    console.print(f"wrote {output or folder}", soft_wrap=True)
    if any(entry["status"] == "failed" for entry in report["formats"]):
        raise typer.Exit(FAILED)


def _source(data: str) -> dict[str, Any]:
    from builder.data.sniffing import source_at
    from builder.data.sources import samples as bundled

    if data in {sample.name for sample in bundled()}:
        return {"kind": "sample", "name": data}
    for kind in ("keras", "huggingface"):
        if data.startswith(f"{kind}:"):
            return {"kind": kind, "name": data.removeprefix(f"{kind}:")}
    return source_at(Path(data).resolve())


def _recipe_from(data: str, target: str | None, also: list[str], task: str | None = None) -> DataRecipe:
    from builder.data.columns import check_column
    from builder.data.profile import propose

    recipe = propose(_source(data), target, task)
    roles = dict(recipe.roles)
    for column in also:
        check_column(column, list(roles))
        if column == recipe.target:
            message = f"The column '{column}' is the target already. Give --also-predict another column."
            raise stop("target_count", message)
        roles[column] = "number_target" if recipe.roles[column] == "numeric" else "class_target"
    return replace(recipe, roles=roles)


def _check(project: Project) -> list[dict[str, Any]]:
    from builder.jobs import tasks

    document, folder = project.to_json(), str(default_workspace().prepared_folder)
    return [*tasks.check(document, folder), *tasks.data_warnings(document, folder)]


@app.command("import")
def import_model(
    file: Annotated[Path, typer.Argument(help="A model saved by Keras (.keras).", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The project file to write.")],
) -> None:
    """Open a Keras model as a project of blocks, whose data are chosen afterwards."""
    from builder.jobs import tasks

    found = tasks.open_model(str(file))
    write_new(opened_project(found, file.resolve(), file.stem), output)
    blocks = len(found["graph"]["nodes"])
    console.print(f"{blocks:,} blocks, {found['parameters']:,} parameters")
    for note in found["notes"]:
        console.print(note, highlight=False)


@app.command("blocks")
def list_blocks(
    kind: Annotated[str | None, typer.Argument(help="A block, such as conv2d; all without it.")] = None,
) -> None:
    """List the blocks that models are made of, or explain one of them."""
    from builder.catalogue_pages import found, listing, page

    text = listing() if kind is None else page(found(kind))
    say(text)


for _act in (
    ask.evaluate,
    ask.predict,
    ask.explain,
    ask.write,
    ask.answer,
    ask.generate,
    augment.augment,
    measure.lr_range,
    measure.batch_size,
    truth.truth,
    truth.frontier,
    understand.report,
    serve.serve,
    preview.preview,
    projects.projects,
    projects.history,
    projects.restore,
    projects.diff,
    projects.share,
    projects.open_link,
):
    app.command(_act.__name__.replace("_", "-"))(_act)
app.add_typer(runs.app, name="runs")
app.add_typer(understand.app, name="understand")
app.add_typer(serve.app, name="servers")
app.add_typer(library.app, name="library")


def main() -> None:
    """Run the command line; problems go to standard error in plain words."""
    use_own_environment()
    load_tensorflow_quietly()
    try:
        app()
    except BuilderError as error:
        print_problems([problem.to_json() for problem in error.problems])
        raise SystemExit(WRONG) from None


if __name__ == "__main__":
    main()
