"""A small image GAN and a small sequence GAN on the beginning of real data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from small_tasks import air

from builder.data.prepare import Prepared, prepare
from builder.graph import Graph
from builder.project import Project, load_preset


def with_values(graph: Graph, **values: Any) -> Graph:
    """Return the graph with parameters set on its last block."""
    *others, last = graph.nodes
    return replace(graph, nodes=(*others, replace(last, parameters={**last.parameters, **values})))


def small_dcgan(folder: Path, rows: int = 192, **training: Any) -> tuple[Project, Prepared]:
    """Return a small DCGAN on some of the real digits, 14 pixels high."""
    preset = load_preset("images/dcgan")
    recipe = replace(
        preset.data, preprocessing={**preset.data.preprocessing, "image_height": 14, "image_width": 14}
    )
    project = replace(
        preset,
        data=recipe,
        model=with_values(preset.model, filters=4),
        discriminator=with_values(preset.discriminator or Graph(), filters=4, depth=2),
        training={"batch_size": 48, "epochs": 2, "early_stopping": False, **training},
    )
    prepared = prepare(recipe, folder / "cache")
    indices = {part: found[:rows] for part, found in prepared.indices.items()}
    return project, replace(prepared, indices=indices)


def small_sequence_gan(folder: Path, **training: Any) -> tuple[Project, Prepared]:
    """Return a small LSTM GAN on the first days of the real air."""
    preset = load_preset("series/lstm_gan")
    recipe = replace(preset.data, source=air(folder, 900).source)
    project = replace(
        preset,
        data=recipe,
        model=with_values(preset.model, units=8, depth=1),
        discriminator=with_values(preset.discriminator or Graph(), units=8),
        training={"batch_size": 32, "epochs": 1, "early_stopping": False, **training},
    )
    return project, prepare(recipe, folder / "cache")
