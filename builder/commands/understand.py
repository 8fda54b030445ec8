"""The shell's commands that look at a trained model as a whole, and its report."""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from builder.commands.output import console, passing_bar, say
from builder.commands.settings import refuse_idle
from builder.commands.targets import Target, run_of
from builder.runs.files import write_bytes
from builder.scores import number_words

app = typer.Typer(help="Look at a trained model as a whole: where it errs, what it goes by, what is inside.")

AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Predicted = Annotated[str | None, typer.Option("--target", help="Which of several targets is looked at.")]
Chosen = Annotated[str | None, typer.Option("--class", help="The class that is looked at.")]
Sample = Annotated[int, typer.Option(help="Which sample of the test part, counted from 1.")]
FIRST = 1
Folder = Annotated[Path, typer.Option("--output", "-o", help="The folder to write the pictures into.")]


@app.command()
def slices(target: Target, predicted: Predicted = None, as_json: AsJson = False) -> None:
    """Find the groups of test samples in which the model errs clearly more than on the whole."""
    found = _asked(target, "slices", {"target": predicted})
    if as_json:
        console.print_json(data=found)
        return
    rows = [
        (
            " and ".join(item["conditions"]),
            f"{item['support']:,}",
            f"{item['error_rate']:.1%}",
            f"{item['lowest']:.1%}",
            _mark(item["clear"]),
        )
        for item in found["slices"]
    ]
    _table(("group", "rows", "errors", "at least", "clearly worse"), rows)
    say(f"{found['error_rate']:.1%} of {found['rows']:,} test rows are {found['bad']}.")
    say(f"{found['tested']:,} groups of at least {found['least_rows']} rows were compared.")


@app.command()
def importance(
    target: Target,
    repeats: Annotated[int | None, typer.Option(help="How often each part is mixed up.")] = None,
    predicted: Predicted = None,
    as_json: AsJson = False,
) -> None:
    """Tell how much worse the model gets where one column, place or input is mixed up between the rows."""
    found = _asked(target, "importance", {"repeats": repeats, "target": predicted})
    if as_json:
        console.print_json(data=found)
        return
    rows = [
        (
            item["label"],
            item["input"],
            number_words(item["worse"]),
            f"{item['spread']:.2g}",
            _mark(item["clear"]),
        )
        for item in found["parts"]
    ]
    _table(("part", "input", "worse by", "spread", "more than chance"), rows)
    say(
        f"{found['metric']} {number_words(found['score'])} on {found['rows']:,} rows, "
        f"{found['repeats']} repeats"
    )


@app.command()
def summary(
    target: Target, chosen: Chosen = None, predicted: Predicted = None, as_json: AsJson = False
) -> None:
    """Tell which parts speak for an answer on the whole: the Shapley values of some test samples."""
    found = _asked(target, "summary", {"chosen": chosen, "target": predicted})
    if as_json:
        console.print_json(data=found)
        return
    rows = [
        (part["label"], item["name"], f"{part['mean']:.4g}", str(len(part["points"])))
        for item in found["inputs"]
        for part in item["parts"]
    ]
    _table(("part", "input", "mean size", "samples"), rows)
    say(f"for “{found['label']}”, of {found['samples']} test samples")


@app.command()
def dependence(
    target: Target,
    column: Annotated[str, typer.Argument(help="A column that the model reads.")],
    chosen: Chosen = None,
    predicted: Predicted = None,
    as_json: AsJson = False,
) -> None:
    """Tell what the answer does, on the average, where one column moves."""
    found = _asked(target, "dependence", {"column": column, "chosen": chosen, "target": predicted})
    if as_json:
        console.print_json(data=found)
        return
    values = [number_words(value, 6) if isinstance(value, float) else value for value in found["values"]]
    means = [number_words(mean) for mean in found["mean"]]
    seen = [f"{count:,}" for count in found["seen"]]
    _table((column, found["label"], "training rows near it"), list(zip(values, means, seen, strict=True)))


@app.command()
def rules(
    target: Target,
    depth: Annotated[int, typer.Option(help="The most questions that a rule may ask.")] = 3,
    predicted: Predicted = None,
    as_json: AsJson = False,
) -> None:
    """Print rules that answer nearly as the model does, and how nearly."""
    found = _asked(target, "rules", {"depth": depth, "target": predicted})
    if as_json:
        console.print_json(data=found)
        return
    for rule in found["rules"]:
        condition = " and ".join(rule["conditions"]) or "always"
        say(f"{rule['share']:6.1%}  if {condition}: {rule['answer']}")
    say(f"fidelity {found['fidelity']:.3f} (without any rule {found['simple']:.3f}). {found['words']}")


@app.command()
def weights(target: Target, as_json: AsJson = False) -> None:
    """Tell how the weights of every layer are distributed."""
    found = _asked(target, "weights", {})
    if as_json:
        console.print_json(data=found)
        return
    rows = [
        (
            layer["name"],
            item["name"],
            "x".join(str(size) for size in item["shape"]),
            f"{item['mean']:.3g}",
            f"{item['deviation']:.3g}",
            f"{item['smallest']:.3g}..{item['largest']:.3g}",
            f"{item['near_zero']:.0%}",
        )
        for layer in found["layers"]
        for item in layer["weights"]
    ]
    _table(("layer", "weight", "shape", "mean", "deviation", "range", "nearly zero"), rows)
    for layer in found["layers"]:
        for note in layer["notes"]:
            say(f"{layer['name']}: {note}")


@app.command()
def filters(target: Target, output: Folder) -> None:
    """Write the filters of the first convolution as pictures."""
    found = _asked(target, "filters", {})
    named = ((f"{found['layer']}_{item['number']}", item["png"]) for item in found["filters"])
    say(f"wrote {_write(named, output)} filters of '{found['layer']}' into {output}")


@app.command()
def activations(target: Target, output: Folder, sample: Sample = FIRST) -> None:
    """Write what every block makes of a test sample, as pictures."""
    found = _asked(target, "activations", {"index": sample - 1})
    named = (
        (f"{number:02d}_{block['id']}_{picture['name']}", picture["png"])
        for number, block in enumerate(found["blocks"], start=1)
        for picture in block["pictures"]
    )
    say(f"wrote {_write(named, output)} pictures into {output}")


@app.command()
def attention(
    target: Target,
    sample: Sample = FIRST,
    text: Annotated[str | None, typer.Option(help="A text of your own instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell where every head of every attention layer looks, for a test sample or a text of your own."""
    from builder.jobs import tasks

    if text is not None:
        why = "a text of your own takes the place of the test sample. Leave out --sample or --text."
        refuse_idle({"--sample": sample != FIRST}, why)
    run = run_of(target)
    settings = {"row": tasks.test_row(run.id, sample)} if text is None else {"sample": {"text": text}}
    found = _asked(target, "attention", settings)
    if as_json:
        console.print_json(data=found)
        return
    for layer in found["layers"]:
        for number, head in enumerate(layer["heads"], start=1):
            looks = _strongest(head["scores"], layer["queries"], layer["keys"])
            say(f"{layer['name']} head {number}, focus {head['focus']:.0%}: {looks}")


@app.command("map")
def embedding_map(
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="The CSV file to write.")],
    what: Annotated[str, typer.Option(help="samples, or the name of an embedding layer.")] = "samples",
    method: Annotated[str, typer.Option(help="pca or tsne.")] = "pca",
    predicted: Predicted = None,
) -> None:
    """Write where the model places test samples, or words, on a plane."""
    found = _asked(target, "map", {"what": what, "method": method, "target": predicted})
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(found["points"][0]))
        writer.writeheader()
        writer.writerows(found["points"])
    say(f"wrote {len(found['points'])} points of '{found['layer']}' to {output}")


def report(
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file to write.")],
) -> None:
    """Write a report of a run as one HTML file: scores, errors, groups, importance, explanations."""
    write_bytes(output, _asked(target, "report", {})["html"].encode())
    say(f"wrote {output}")


def _asked(target: str, what: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    from builder.jobs import tasks

    with passing_bar() as progress:
        bar = progress.add_task(what, total=1.0, detail="")
        return tasks.understand(
            run_of(target).id,
            what,
            {name: value for name, value in settings.items() if value is not None},
            lambda share, words: progress.update(bar, completed=share, description=words),
        )


def _write(named: Iterable[tuple[str, str]], folder: Path) -> int:
    written = 0
    for name, png in named:
        write_bytes(folder / f"{name.replace('/', '_')}.png", base64.b64decode(png))
        written += 1
    return written


def _strongest(scores: Sequence[Sequence[float]], queries: Sequence[str], keys: Sequence[str]) -> str:
    """Return the three strongest looks of a head, in words."""
    looks = [(score, q, k) for q, row in enumerate(scores) for k, score in enumerate(row)]
    best = sorted(looks, key=lambda look: -look[0])[:3]
    return ", ".join(f"{queries[q]} to {keys[k]} ({score:.0%})" for score, q, k in best)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(*names)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _mark(is_clear: bool) -> str:
    return "yes" if is_clear else "no"
