"""The shell's command that sends a sample through a model."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from builder.commands.output import console, errors, output_table
from builder.commands.targets import ProjectFile
from builder.project import read_project
from builder.runs.files import write_bytes
from builder.runs.workspace import default_workspace


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
            errors.print(f"{mark['severity']}: {mark['message']}", highlight=False)
    if output is not None:
        details = (tasks.preview(**asked, run_id=run, block=name)["detail"] for name in answer["blocks"])
        console.print(f"wrote {_write_pictures(details, output)} pictures to {output}", soft_wrap=True)


def _preview_table(blocks: dict[str, Any]) -> Table:
    table = output_table("block", "shape", "mean", "deviation", "range", "zeros", "marks")
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
