"""A language model and a forecast on the beginning of real data, trained for a moment."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import keras
import pandas as pd

from builder import compiler
from builder.data.prepare import Prepared, prepare
from builder.data.sources import SAMPLES_FOLDER
from builder.project import DataRecipe, Project, load_preset
from builder.train.loop import fit
from builder.train.randomness import seed_everything

_FOLDER = tempfile.TemporaryDirectory(prefix="kerablocks-tests-")
AIR = SAMPLES_FOLDER / "beijing_air" / "beijing_air.csv.gz"
LINES = SAMPLES_FOLDER / "tiny_shakespeare" / "tiny_shakespeare.txt"


def air(folder: Path, rows: int = 400) -> DataRecipe:
    """Return the forecast preset's recipe on the first hours of the real series."""
    file = folder / "air.csv"
    pd.read_csv(AIR, dtype=str, keep_default_na=False).iloc[24 : 24 + rows].to_csv(file, index=False)
    recipe = load_preset("series/lstm_forecast").data
    return replace(recipe, source={"kind": "csv", "path": str(file)})


def passage(folder: Path, characters: int = 6000) -> DataRecipe:
    """Return the GPT preset's recipe on the first characters of the real text."""
    file = folder / "lines.txt"
    file.write_text(LINES.read_text(encoding="utf-8")[:characters], encoding="utf-8")
    recipe = load_preset("language/gpt").data
    split = {"method": "ordered", "validation": 0.15, "test": 0.15}
    source = {"kind": "text", "path": str(file), "unit": "paragraph"}
    return replace(recipe, source=source, split=split)


@cache
def trained(task: str) -> tuple[keras.Model, Project, Prepared]:
    """Return a small recurrent model for a task, with its project and data.

    It is made once for all tests: leave it as it is.
    """
    folder = Path(_FOLDER.name) / task
    folder.mkdir()
    if task == "language_model":
        project = load_preset("language/lstm")
        project = replace(project, data=passage(folder, 24_000))
        settings = {"epochs": 3, "learning_rate": 0.01}
    else:
        project = replace(load_preset("series/lstm_forecast"), data=air(folder, 900))
        settings = {"epochs": 2}
    nodes = tuple(
        replace(node, parameters={**node.parameters, "units": 48}) if node.kind == "lstm.v1" else node
        for node in project.model.nodes
    )
    project = replace(project, model=replace(project.model, nodes=nodes))
    prepared = prepare(project.data, folder / "cache")
    assert compiler.check(project, prepared.spec) == []
    settings = {**project.training_settings(), **settings}
    seed_everything(settings)
    model = compiler.build(project, prepared.spec)
    fit(model, prepared, settings, folder / "run")
    return model, project, prepared
