"""The shell's command that makes a trained model smaller."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from builder.commands.output import errors
from builder.commands.settings import refuse_idle
from builder.compression_parameters import DISTILLATION, RECIPES
from builder.errors import BuilderError, Problem, shown_value, stop
from builder.runs.records import RunRecord
from builder.runs.workspace import default_workspace
from builder.scores import number_words
from builder.sizes import size_words
from builder.workers.launching import use_copies

HALF = "half"

RecipeName = Annotated[str, typer.Option(help=f"What is done: {', '.join(RECIPES)}.")]
RunId = Annotated[
    str | None,
    typer.Option("--run", help="The finished run to start from; the newest of the project where not given."),
]
Given = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the recipe, such as sparsity=0.8, or epochs; may be repeated."),
]
StudentName = Annotated[
    str | None,
    typer.Option(
        help="For distillation: a project file, a preset or an id whose blocks the student has; 'half', as "
        "without it, is half of the run's own filters and units."
    ),
]
Alone = Annotated[
    bool, typer.Option("--alone", help="Also train the same model without the recipe, to compare.")
]
Detach = Annotated[bool, typer.Option(help="Return at once; the run goes on by itself.")]


def submitted(
    run_id: str, recipe: str, given: Sequence[str], student: Mapping[str, Any] | None, alone: bool
) -> list[str]:
    """Queue the run of a recipe and return its id, and the id of the run alone.

    Raises:
        BuilderError: for wrong settings, or where the recipe does not fit the run.
    """
    use_copies()
    from builder.jobs import tasks
    from builder.jobs.compression import compressed_document, submit_compressed

    made = compressed_document(run_id, recipe, settings_of(given), student)
    _tell(made)
    problems = tasks.check(made["document"], str(default_workspace().prepared_folder))
    wrong = [Problem(**{**item, "repair": None}) for item in problems if item["severity"] == "error"]
    if wrong:
        raise BuilderError(wrong)
    return submit_compressed(run_id, made["document"], alone)


def check_student(recipe: str, student: str | None) -> None:
    """Make sure that a student was named only where one is trained.

    Raises:
        BuilderError: ``idle_option``.
    """
    if recipe in RECIPES and recipe != DISTILLATION:
        why = (
            f"the recipe {recipe} trains no student. Choose --recipe {DISTILLATION}, or leave --student out."
        )
        refuse_idle({"--student": student is not None}, why)


def settings_of(given: Sequence[str]) -> dict[str, Any]:
    """Return settings given as ``NAME=VALUE``; a value is JSON, or else a text.

    Raises:
        BuilderError: ``bad_setting`` where one has no name or no value.
    """
    settings: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise stop(
                "bad_setting",
                f"--set takes NAME=VALUE, such as sparsity=0.8. Got {shown_value(text)} instead.",
            )
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings


def comparison(runs: Sequence[RunRecord]) -> Table:
    """Return the sizes and scores before and after a recipe as a table; runs without one follow beside."""
    told = [run.result.get("compression") for run in runs]
    columns = [("before", told[0]["before"])] if told[0] else []
    columns += [("after", {**told[0]["after"], "test": runs[0].result["test"]})] if told[0] else []
    columns += [("alone", {"test": run.result.get("test", {})}) for run in runs[1:]]
    table = Table("", *(name for name, _ in columns))
    for name in runs[0].result.get("test", {}):
        table.add_row(f"test {name}", *(_number(values["test"].get(name)) for _, values in columns))
    for name, words in (
        ("parameters", "{:,}".format),
        ("bytes", size_words),
        ("gzip_bytes", size_words),
        ("sparsity", "{:.1%}".format),
    ):
        label = {"bytes": "32-bit floats", "gzip_bytes": "compressed (gzip)"}.get(name, name)
        table.add_row(label, *(words(values[name]) if name in values else "" for _, values in columns))
    return table


def _tell(made: Mapping[str, Any]) -> None:
    for block, changes in made["cut"].items():
        for name, (before, after) in changes.items():
            errors.print(f"{block}: {name} {before} -> {after}", highlight=False)
    for block, why in made["left"].items():
        errors.print(f"{block}: left as it is, {why}", highlight=False)


def _number(value: Any) -> str:
    return number_words(value) if isinstance(value, (int, float)) else ""
