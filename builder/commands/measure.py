"""The shell's commands that measure before a training: learning rate and batch size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from builder.commands.output import console, passing_bar, say
from builder.project import read_project, write_project
from builder.sizes import size_words

ProjectFile = Annotated[Path, typer.Argument(help="A project file (JSON).", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write what is suggested into the project file.")]


def lr_range(file: ProjectFile, as_json: AsJson = False, apply: Apply = False) -> None:
    """Find a good learning rate: a short training whose learning rate grows until the loss breaks away."""
    from builder.jobs import tasks

    answer = _measured(tasks.lr_range, file)
    if as_json:
        console.print_json(data=answer)
    else:
        table = Table("learning rate", "loss", "smoothed")
        every = max(1, len(answer["rates"]) // 20)
        rows = list(zip(answer["rates"], answer["losses"], answer["smoothed"], strict=True))
        for rate, loss, smooth in rows[::every]:
            table.add_row(f"{rate:.2e}", f"{loss:.4g}", f"{smooth:.4g}")
        console.print(table)
        console.print(f"suggested: {answer['suggestion']:g} (now {answer['before']:g})", highlight=False)
    if apply:
        _write(file, "learning_rate", answer["suggestion"])


def batch_size(file: ProjectFile, as_json: AsJson = False, apply: Apply = False) -> None:
    """Find a good batch size: the smallest that is about as fast as any on this machine."""
    from builder.jobs import tasks

    answer = _measured(tasks.batch_sizes, file)
    if as_json:
        console.print_json(data=answer)
    else:
        table = Table("batch size", "samples a second", "memory")
        for item in answer["sizes"]:
            speed = item["samples_per_second"]
            memory = "did not suffice" if speed is None else size_words(item["memory_bytes"])
            table.add_row(str(item["batch_size"]), "" if speed is None else f"{speed:,.0f}", memory)
        console.print(table)
        console.print(f"suggested: {answer['suggestion']} (now {answer['before']})", highlight=False)
    if apply:
        _write(file, "batch_size", answer["suggestion"])


def _measured(task: Callable[..., Any], file: Path) -> dict[str, Any]:
    with passing_bar() as progress:
        bar = progress.add_task("measuring", total=1.0, detail="")
        answer: dict[str, Any] = task(
            read_project(file).to_json(),
            on_progress=lambda done, words: progress.update(bar, completed=done, detail=words),
        )
    return answer


def _write(file: Path, name: str, value: float) -> None:
    project = read_project(file)
    write_project(replace(project, training={**project.training, name: value}), file)
    say(f"wrote {name} {value:g} to {file}")
