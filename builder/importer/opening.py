"""The opening of a file: its graph, checked by building it again and comparing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from builder.blocks.weightless import without_weights
from builder.compiler import build_free
from builder.compiler.analysis import Analysis, analyse
from builder.errors import BuilderError, Problem
from builder.graph import Graph
from builder.importer.archive import Archive, read_archive
from builder.importer.comparison import differences
from builder.importer.drawing import Drawing
from builder.importer.grouping import grouped
from builder.importer.layout import laid_out
from builder.importer.masks import without_masks
from builder.importer.saved import SavedModel, broken, read_model
from builder.importer.weights import by_path, load_weights

# What no other block for the same layer could mend.
_FINAL = ("model_too_large", "layer_name_taken", "too_many_blocks")
ROUNDS = 6


@dataclass(frozen=True)
class Opened:
    """An opened model: its graph, its name, what is to be said of it, and whether weights lie beside it.

    ``differing`` names the layers that a model built from the graph has otherwise; usually none.
    """

    graph: Graph
    name: str
    parameters: int
    has_weights: bool
    notes: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()


def open_keras(path: Path) -> Opened:
    """Return the model of a ``.keras`` file as blocks. Its weights are not read.

    Raises:
        BuilderError: in words, with the layer at fault, where the file cannot be opened.
    """
    archive = read_archive(path)
    return open_config(archive.config, path.name, archive.has_weights)


def open_config(config: object, file: str, has_weights: bool = False) -> Opened:
    """Return the model of a serialized Keras model as blocks; ``file`` names it in messages."""
    assert isinstance(config, dict), "a checked file holds an object"
    model = read_model(config, file)
    plain = _plain(model)
    candidates = [plain] if _same_calls(plain, model) else [plain, model]
    graph, differing, analysis = _drawn(candidates[0], model)
    if differing and len(candidates) > 1:
        graph, differing, analysis = _drawn(candidates[1], model)
    parameters = sum(result.parameters for result in analysis.outcomes.values())
    notes = tuple(_notes(config, model, differing))
    return Opened(grouped(laid_out(graph)), model.name, parameters, has_weights, notes, tuple(differing))


def build_opened(path: Path) -> keras.Model:
    """Return the model of a ``.keras`` file with its weights, built from its blocks.

    Raises:
        BuilderError: where the file cannot be opened, or its weights do not fit.
    """
    archive: Archive = read_archive(path)
    opened = open_config(archive.config, path.name, archive.has_weights)
    model = build_free(opened.graph, opened.name)
    load_weights(model, archive)
    return model


def weights_by_path(path: Path) -> dict[str, np.ndarray]:
    """Return the weights in a ``.keras`` file by their path, such as ``"dense/kernel"``."""
    return by_path(build_opened(path))


def weights_by_layer(path: Path) -> dict[str, list[np.ndarray]]:
    """Return the weights in a ``.keras`` file by layer, in each layer's own order."""
    layers = build_opened(path).layers
    return {layer.name: [np.asarray(weight) for weight in layer.weights] for layer in layers if layer.weights}


def _plain(model: SavedModel) -> SavedModel:
    try:
        return without_masks(model)
    except ValueError as error:
        raise broken(model.name, str(error)) from error


def _drawn(draft: SavedModel, model: SavedModel) -> tuple[Graph, list[str], Analysis]:
    """Return graph, differing layers and analysis; layers that fit no block exactly are taken as saved."""
    generic: frozenset[tuple[str, str]] = frozenset()
    for _ in range(ROUNDS):
        drawing = Drawing(draft, generic)
        faults, analysis = _faults(drawing)
        if faults:
            fresh = {place for place, _ in faults} & drawing.curated - generic
            if not fresh or any(problem.code in _FINAL for _, problem in faults):
                raise BuilderError([problem for _, problem in faults])
            generic |= fresh
            continue
        differing = differences(model, _built_again(drawing.graph))
        fresh = {place for place in drawing.curated - generic if place[1] in differing}
        if not fresh:
            break
        generic |= fresh
    return drawing.graph, differing, analysis


def _faults(drawing: Drawing) -> tuple[list[tuple[tuple[str, str], Problem]], Analysis]:
    """Return the errors of the graph and of its own blocks, each with the layer at fault."""
    found = []
    graphs = {kind: item.graph for kind, item in drawing.definitions.items()}
    for kind, graph in {**graphs, "": drawing.graph}.items():
        analysis = analyse(replace(graph, definitions=drawing.definitions), None)
        for problem in analysis.problems:
            if problem.severity == "error":
                layer = drawing.layers.get((kind, problem.block or ""), problem.block or "")
                found.append(((kind, layer), replace(problem, block=layer or None, repair=None)))
    return found, analysis


def _built_again(graph: Graph) -> SavedModel:
    with without_weights():
        saved = keras.saving.serialize_keras_object(build_free(graph, "model"))
    return read_model(json.loads(json.dumps(saved)), "the model built from it")


def _same_calls(one: SavedModel, other: SavedModel) -> bool:
    return len(one.layers) == len(other.layers) and all(
        [call.kwargs for call in before.calls] == [call.kwargs for call in after.calls]
        and (before.model is None or after.model is None or _same_calls(before.model, after.model))
        for before, after in zip(one.layers, other.layers, strict=True)
    )


def _notes(config: dict[str, object], model: SavedModel, differing: list[str]) -> list[str]:
    notes = []
    if config.get("compile_config"):
        notes.append("The optimizer and the loss of the file are not taken over: choose them under Train.")
    if model.is_sequential:
        notes.append("The sequential model of the file is opened as a functional one with the same layers.")
    if not model.trainable:
        notes.append("The whole model is frozen in the file, so every block is frozen.")
    if differing:
        names = ", ".join(f"'{name}'" for name in differing[:5] if name) or "inputs or outputs"
        notes.append(f"Not exactly as in the file, so check them before you use its weights: {names}.")
    return notes
