"""Training samples before and after augmentation, from a shell."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from builder.commands.settings import settings_in
from builder.errors import stop
from builder.project import DataRecipe, read_project
from builder.runs.files import write_bytes
from builder.runs.workspace import default_workspace


def augment(
    file: Annotated[Path, typer.Argument(help="A project file (JSON).", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A folder for PNG and WAV files.")
    ] = None,
    given: Annotated[
        str | None, typer.Option("--set", help='Other settings to try, as JSON, such as {"rotation": 15}.')
    ] = None,
    seed: Annotated[int, typer.Option(help="Other samples and changes for every number.")] = 0,
) -> None:
    """Show training samples before and after the project's augmentation."""
    from builder.jobs import tasks

    recipe = read_project(file).data
    if given is not None:
        recipe = replace(recipe, augmentation=settings_in(given))
    _check(recipe)
    found = tasks.augmented(recipe.to_json(), str(default_workspace().prepared_folder), seed=seed)
    written = 0
    for item in found["inputs"]:
        for name, shown in _named(item["samples"]):
            typer.echo(f"{name}: {shown['label']}{'  ' + shown['text'] if 'text' in shown else ''}")
            written += 0 if output is None else _write(shown, output / f"{item['kind']}_{name}")
    if output is not None:
        typer.echo(f"wrote {written} files to {output}")


def _check(recipe: DataRecipe) -> None:
    errors = [problem for problem in recipe.check() if problem.severity == "error"]
    if errors:
        raise stop(errors[0].code, errors[0].message, field=errors[0].field)


def _named(samples: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, sample in enumerate(samples, start=1):
        yield f"{number}_before", sample["before"]
        for change, shown in enumerate(sample["after"], start=1):
            yield f"{number}_after_{change}", shown


def _write(shown: Mapping[str, Any], path: Path) -> int:
    """Write what is shown as files whose names begin with ``path``; return how many."""
    ends = {"image": ".png", "sound": ".wav", "spectrogram": "_spectrogram.png"}
    wanted = [name for name in ends if name in shown]
    for name in wanted:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = base64.b64decode(shown[name].split(",", 1)[1])
        write_bytes(path.with_name(path.name + ends[name]), content)
    return len(wanted)
