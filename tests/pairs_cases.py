"""Small text-to-text models on real sentence pairs."""

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
from builder.graph import Graph
from builder.project import DataRecipe, Project, load_preset
from builder.train.randomness import seed_everything

_FOLDER = tempfile.TemporaryDirectory(prefix="kerablocks-tests-")
PAIRS = SAMPLES_FOLDER / "tatoeba_english_chinese" / "pairs.csv.gz"
WIDTHS = {"output_dim": 16, "feed_forward_dim": 32, "key_dim": 8, "num_heads": 2, "units": 16, "dropout": 0.0}


def pairs(folder: Path, rows: int = 300, skip: int = 0, **preprocessing: object) -> DataRecipe:
    """Return the translation preset's recipe on some real pairs, cut into characters."""
    file = folder / "pairs.csv"
    pd.read_csv(PAIRS, dtype=str, keep_default_na=False).iloc[skip : skip + rows].to_csv(file, index=False)
    settings = {"tokenizer": "character", "vocabulary_size": 400, **preprocessing}
    recipe = load_preset("text_to_text/transformer").data
    split = {"method": "group", "group_column": "english"}
    return replace(recipe, source={"kind": "csv", "path": str(file)}, preprocessing=settings, split=split)


def narrow(graph: Graph) -> Graph:
    """Return a graph with few units."""
    nodes = tuple(
        replace(node, parameters={k: WIDTHS.get(k, v) for k, v in node.parameters.items()})
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


@cache
def built(preset: str) -> tuple[keras.Model, Project, Prepared]:
    """Return a small untrained model of a preset, its project and data; made once: leave it as it is."""
    folder = Path(_FOLDER.name) / preset.replace("/", "_")
    folder.mkdir()
    project = load_preset(preset)
    project = replace(project, data=pairs(folder), model=narrow(project.model))
    prepared = prepare(project.data, folder / "cache")
    assert compiler.check(project, prepared.spec) == []
    seed_everything(project.training_settings())
    return compiler.build(project, prepared.spec), project, prepared
