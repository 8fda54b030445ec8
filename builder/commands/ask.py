"""The shell's commands that ask a trained model: scores, predictions, explanations, texts, samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from builder.commands.output import console, print_json
from builder.commands.settings import settings_in
from builder.commands.targets import Target, run_of
from builder.errors import stop
from builder.explanation_methods import METHODS


def evaluate(target: Target) -> None:
    """Print the scores of a run on its held-out rows, as JSON."""
    from builder.jobs import tasks

    print_json(tasks.evaluate(run_of(target).id))


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
