"""The shell's commands on exported files: what they are worth, and the frontier of a project's variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from builder.commands.output import console, errors, passing_bar, say
from builder.commands.settings import refuse_idle
from builder.commands.tables import speed_words, truth_table
from builder.commands.targets import Target, run_of, runs_of
from builder.errors import BuilderError, Problem, stop
from builder.export.bundle import zip_folder
from builder.export.formats import FORMATS, INT8
from builder.jobs import measuring
from builder.runs.files import write_bytes
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace
from builder.sizes import size_words
from builder.truth import frontier as frontiers
from builder.truth.report import MOST_INSIDE, read_truth

AProject = Annotated[str, typer.Argument(help="A project's id, or its file.", show_default=False)]
KeepFloat = Annotated[
    list[str] | None,
    typer.Option("--keep-float", help="A block that stays in 32-bit floats, or block/layer; repeatable."),
]
Calibration = Annotated[
    int | None, typer.Option("--calibration", help="How many training samples tell the 8-bit ranges.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]


def quantization(keep_float: list[str] | None, calibration: int | None) -> dict[str, Any] | None:
    """Return the choices of a command's options; None where nothing was chosen."""
    chosen: dict[str, Any] = {"keep_float": keep_float} if keep_float else {}
    chosen |= {} if calibration is None else {"calibration_samples": calibration}
    return chosen or None


def check_quantized(
    formats: Sequence[str] | None, keep_float: list[str] | None, calibration: int | None
) -> None:
    """Make sure that choices about quantization go with a format that they change.

    Raises:
        BuilderError: ``idle_option``.
    """
    chosen = set(FORMATS if formats is None else formats)
    rounded = [item.name for item in FORMATS.values() if item.quantized]
    for option, is_given, changed in (
        ("--keep-float", bool(keep_float), rounded),
        ("--calibration", calibration is not None, INT8),
    ):
        if chosen.isdisjoint(changed):
            why = f"none of the formats is changed by it. Add --format with {' or '.join(changed)}."
            refuse_idle({option: is_given}, why)


def truth(
    target: Target, keep_float: KeepFloat = None, calibration: Calibration = None, as_json: AsJson = False
) -> None:
    """Measure a run's TFLite files: scores, errors block by block, speed, memory, microcontrollers.

    With --keep-float or --calibration the run is exported with them first, and measured again.
    """
    run = run_of(target)
    _measured(run.id, [run.id], quantization(keep_float, calibration), ())
    folder = default_workspace().run_folder(run.id)
    found = read_truth(folder / measuring.EXPORTS_FOLDER)
    assert found is not None
    if as_json:
        console.print_json(data=found)
        return
    console.print(truth_table(found))
    for variant in found["variants"]:
        _print_variant(variant, found["threads"])


def frontier(
    target: AProject,
    measure: Annotated[bool, typer.Option("--measure", help="Measure what is not measured yet.")] = False,
    within: Annotated[
        float | None, typer.Option(help="Name the smallest within so many points of the best.")
    ] = None,
    fits: Annotated[float | None, typer.Option(help="Name the best that fits so many KB.")] = None,
    under: Annotated[float | None, typer.Option(help="Name the best that answers in so many ms.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the named variant (zip) here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every measured variant of a project's runs, and name the one that a question asks for."""
    workspace = default_workspace()
    runs = [run for run in runs_of(target) if (workspace.run_folder(run.id) / measuring.MODEL_FILE).exists()]
    if not runs:
        raise stop("not_trained", f"The project {target} has no trained run. Train it first.")
    if measure:
        _measured(runs[0].project_id, [run.id for run in runs], None, measuring.MEASURED_FORMATS)
    every, missing = measuring.points(runs, workspace)
    known = frontiers.comparable(every)
    answers = _answers(known, within, fits, under)
    if as_json:
        told = [{"words": answer.words, "point": answer.point} for answer in answers]
        console.print_json(data={"points": known, "answers": told})
    else:
        console.print(_points(known))
        for run in missing:
            console.print(f"not measured: run {run.id}; --measure does it", highlight=False)
        for answer in answers:
            say(answer.words)
    if output is not None:
        _write(answers, output)


def _answers(
    points: list[Any], within: float | None, fits: float | None, under: float | None
) -> list[frontiers.Answer]:
    asked: list[tuple[Callable[..., frontiers.Answer], float | None]] = [
        (frontiers.smallest_within, within),
        (frontiers.fitting, fits),
        (frontiers.under, under),
    ]
    return [question(points, value) for question, value in asked if value is not None]


def _write(answers: list[frontiers.Answer], output: Path) -> None:
    point = next((answer.point for answer in answers if answer.point is not None), None)
    if point is None:
        message = "No variant is named. Ask with --within, --fits or --under for one that exists."
        raise stop("unknown_point", message)
    folder = measuring.export_point(point, default_store(), default_workspace(), lambda share, words: None)
    write_bytes(output, zip_folder(folder))
    console.print(f"wrote {output}", soft_wrap=True)


def _measured(
    name: str, run_ids: list[str], chosen: Mapping[str, Any] | None, formats: Sequence[str]
) -> None:
    with passing_bar() as progress:
        bar = progress.add_task("measuring", total=1.0, detail="")
        found = measuring.measure_runs(
            name,
            run_ids,
            default_store(),
            default_workspace(),
            chosen,
            formats,
            lambda done, words: progress.update(bar, completed=done, detail=words),
        )
    if found["problems"] and not found["measured"]:
        raise BuilderError(Problem(**problem) for problem in found["problems"])
    for problem in found["problems"]:
        errors.print(problem["message"], highlight=False)


def _print_variant(item: Mapping[str, Any], threads: int) -> None:
    def tell(words: str) -> None:
        say(f"{item['label']}: {words}")

    if item["problem"]:
        tell(item["problem"]["message"])
    if item.get("speed"):
        tell(speed_words(item["speed"], threads))
    for layer in item.get("layers", ()):
        ratio = _number(layer["decibels"], ".0f")
        tell(f"block {layer['block']}: {ratio} dB, {_part_words(layer)}")
    for layer in item.get("inside", ())[:MOST_INSIDE]:
        tell(f"layer {layer['block']}: {_part_words(layer)}")
    if item.get("hurting"):
        tell(f"most of the error comes from {', '.join(item['hurting'])}")
    if item.get("micro"):
        tell(item["micro"]["words"])
    for board in item.get("boards", ()):
        if board["spare_ram"] is not None:
            tell(f"{board['board']}: {board['words']}")


def _part_words(row: Mapping[str, Any]) -> str:
    if row["float"]:
        return "in floats"
    return "no time to find its part" if row["share"] is None else f"{row['share']:.0%} of the error"


def _points(points: list[Any]) -> Table:
    table = Table("run", "format", "score", "size", "ms", "arena", "frontier")
    fronts = {
        name: {frontiers.key_of(point) for point in frontiers.pareto(points, cost)}
        for cost, name in frontiers.COSTS.items()
    }
    for point in sorted(points, key=lambda item: item["bytes"]):
        key = frontiers.key_of(point)
        arena = point.get("arena_bytes")
        table.add_row(
            point["run"],
            frontiers.name_of(point).split(" of ")[0],
            frontiers.score_words(point),
            size_words(point["bytes"]),
            _number(point.get("latency_ms"), ".2f"),
            "" if arena is None else size_words(arena),
            ", ".join(name for name, keys in fronts.items() if key in keys),
        )
    return table


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
