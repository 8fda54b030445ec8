"""Small models whose answers have many places, on the beginning of real data, trained for a moment."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import keras

from builder import compiler
from builder.data.prepare import Prepared, prepare
from builder.graph import Graph
from builder.project import Project, load_preset
from builder.train.loop import fit
from builder.train.randomness import seed_everything

_FOLDER = tempfile.TemporaryDirectory(prefix="kerablocks-tests-")
_PRESETS = {
    "token_classification": "text/named_entities",
    "segmentation": "images/unet",
    "detection": "images/detection",
}
_SMALLER = {"filters": 8, "units": 16, "output_dim": 16, "depth": 1}
_ROWS = {"train": 64, "validation": 16, "test": 20}
_EPOCHS = 2


@cache
def trained(task: str) -> tuple[keras.Model, Project, Prepared]:
    """Return a preset's network with few units, trained for a moment, with its project and some of its data.

    It is made once for all tests: leave it as it is.
    """
    folder = Path(_FOLDER.name) / task
    folder.mkdir()
    project = load_preset(_PRESETS[task])
    project = replace(project, model=smaller(project.model))
    whole = prepare(project.data, folder / "cache")
    assert compiler.check(project, whole.spec) == []
    prepared = replace(whole, indices={part: rows[: _ROWS[part]] for part, rows in whole.indices.items()})
    settings = {**project.training_settings(), "epochs": _EPOCHS, "learning_rate": 0.01}
    settings |= {"schedule": "constant", "jit_compile": "off"}
    seed_everything(settings)
    model = compiler.build(project, prepared.spec)
    fit(model, prepared, settings, folder / "run")
    return model, project, prepared


def smaller(graph: Graph) -> Graph:
    """Return a graph whose blocks have few units."""
    nodes = tuple(
        replace(
            node,
            parameters={
                name: min(_SMALLER[name], value) if name in _SMALLER else value
                for name, value in node.parameters.items()
            },
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)
