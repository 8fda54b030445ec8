"""A script's parts as a Jupyter notebook: cells of explanation and of code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from builder.codegen.layout import formatted, literal
from builder.codegen.script_parts import Part, import_lines

_FIT = "model.fit("
FORMAT = {"nbformat": 4, "nbformat_minor": 5}

_CURVES = """\
try:
    import matplotlib.pyplot as plt
except ImportError:
    for name, values in history.history.items():
        print(f"{name}: {', '.join(f'{value:.4g}' for value in values)}")
else:
    epochs = range(1, len(history.epoch) + 1)
    plt.plot(epochs, history.history["loss"], label={first})
    plt.plot(epochs, history.history[{value}], label={second})
    plt.xlabel("epoch")
    plt.ylabel("loss")
    plt.legend()
    plt.show()"""


@dataclass(frozen=True)
class Curves:
    """What a notebook draws: "loss" and another value of the training by their labels, and words on them."""

    first: str
    name: str
    second: str
    words: str

    def code(self) -> str:
        """Return the code that draws them."""
        code = _CURVES.replace("{first}", literal(self.first)).replace("{second}", literal(self.second))
        return code.replace("{value}", literal(self.name))


VALIDATED = Curves(
    "training",
    "val_loss",
    "validation",
    "Both losses should fall. Where the training loss falls on and the validation loss rises, the model "
    "learns its training rows by heart.",
)
ADVERSARIAL = Curves(
    "generator",
    "discriminator_loss",
    "discriminator",
    "Each side makes the task of the other one harder, so that neither loss has to fall. Where that of the "
    "discriminator comes near 0, the generator learns nothing any more.",
)


def notebook_text(
    title: str, description: str, data: str, file: str, parts: list[Part], use: str, curves: Curves
) -> str:
    """Return a notebook as the text of its file.

    Args:
        title: the project's name.
        description: what the project says of itself, or nothing.
        data: what the notebook takes as its data, in words.
        file: the name of the data's file.
        parts: the steps from the data to the trained model.
        use: code that lets the saved model answer.
        curves: what is drawn after the training.
    """
    cells = _cells(title, description, data, file, parts, use, curves)
    numbered = [_cell(number, *item) for number, item in enumerate(cells, 1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": numbered, "metadata": metadata, **FORMAT}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cells(
    title: str, description: str, data: str, file: str, parts: list[Part], use: str, curves: Curves
) -> Iterator[tuple[str, str]]:
    yield "markdown", f"# {title}\n\n{description}".strip()
    main = Part("", "", ("from pathlib import Path", "import numpy as np"))
    yield "code", "\n".join(import_lines([*parts, main]))
    yield "markdown", f"## Settings\n\n`path` leads to your data: {data}."
    paths = [f"path = Path({literal(file)})", 'output = Path("model.keras")', ""]
    yield "code", "\n".join([*paths, *(line for part in parts for line in part.constants)])
    for part in parts:
        yield "markdown", f"## {part.title}\n\n{part.words}"
        for definition in part.definitions:
            yield "code", definition
        steps = [step.replace(_FIT, f"history = {_FIT}") for step in part.steps]
        yield "code", "\n".join(line for step in steps for line in formatted("", step))
        if steps != list(part.steps):
            yield "markdown", f"## The curves\n\n{curves.words}"
            yield "code", curves.code()
    yield "markdown", "## Use\n\nThe saved model answers for samples of the test part."
    yield "code", use


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    lines = text.splitlines(keepends=True)
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": lines}
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}
