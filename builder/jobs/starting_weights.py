"""The weights that a run starts with, as its project asks for them: found, loaded and told of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from builder import importer
from builder.adversarial.model import AdversarialModel
from builder.blocks import keras_hub_backbone, pretrained_backbone, registry
from builder.blocks.pretrained_backbone import NO_WEIGHTS
from builder.compiler.analysis import analyse
from builder.data.spec import DataSpec
from builder.errors import stop
from builder.graph import Node
from builder.params import with_defaults
from builder.project import Project
from builder.runs.workspace import Workspace
from builder.train.initial_weights import load_backbone, take_weights, weights_by_path
from builder.train.outcome import DISCRIMINATOR, MODEL

RUN, FILE, NONE = "run:", "file:", "none"


def start_with_weights(
    model: keras.Model,
    project: Project,
    spec: DataSpec,
    workspace: Workspace,
    tell: Callable[[str, str], None],
) -> None:
    """Give a fresh model the weights that its project names, and tell which blocks took them.

    Args:
        model: the model that ``compiler.build`` made; changed in place.
        project: its backbones' "weights" and its training's "initial_weights" are followed.
        spec: the data's description.
        workspace: where the runs lie.
        tell: hears an event's kind and words.

    Raises:
        BuilderError: where weights are missing, cannot be fetched, or do not fit.
    """
    for node in analyse(project.model, spec).graph.nodes:
        if node.kind in _BACKBONES and not node.shared_with:
            _load_backbone(model, node, tell)
    chosen = project.training_settings()["initial_weights"]
    if chosen == NONE:
        return
    file, words = _source(chosen, workspace)
    given = _weights_in(file, chosen.startswith(RUN))
    beside = file.with_name(DISCRIMINATOR)
    if isinstance(model, AdversarialModel) and chosen.startswith(RUN) and beside.exists():
        # Without it, a generator that can do something would meet a discriminator that cannot.
        given = {**_weights_in(beside, True), **given}
    taken = take_weights(model, given, words)
    tell("started_from", taken.in_words(words))


def _load_backbone(model: keras.Model, node: Node, tell: Callable[[str, str], None]) -> None:
    block = registry()[node.kind]
    values = with_defaults(block.parameters, node.parameters)
    if values["weights"] == NO_WEIGHTS:
        return
    backbone = model.get_layer(node.name)

    def make() -> keras.Model:
        return _BACKBONES[node.kind](values, tuple(backbone.input_shape[1:]))

    tell("progress", f"Loading the weights '{values['weights']}' of {values['architecture']}")
    load_backbone(backbone, make, node.id, values["weights"])


def _of_applications(values: Mapping[str, Any], shape: tuple[int, ...]) -> keras.Model:
    constructor = getattr(keras.applications, values["architecture"])
    return constructor(include_top=False, weights=values["weights"], input_shape=shape)


def _of_keras_hub(values: Mapping[str, Any], shape: tuple[int, ...]) -> keras.Model:
    family, design = keras_hub_backbone.ARCHITECTURES[values["architecture"]]
    weights = keras_hub_backbone.published_name(values)
    return keras_hub_backbone.keras_hub_network(family, design, shape, weights)


_BACKBONES: dict[str, Callable[[Mapping[str, Any], tuple[int, ...]], keras.Model]] = {
    pretrained_backbone.KIND: _of_applications,
    keras_hub_backbone.KIND: _of_keras_hub,
}


def _source(chosen: str, workspace: Workspace) -> tuple[Path, str]:
    if chosen.startswith(RUN):
        run_id = chosen.removeprefix(RUN)
        file, words = workspace.run_file(run_id, MODEL), f"the run {run_id}"
    elif chosen.startswith(FILE):
        file = Path(chosen.removeprefix(FILE)).expanduser()
        words = f"the file {file.name}"
    else:
        message = (
            f"The initial weights '{chosen:.60}' are neither 'none', nor 'run:' with a run's id, nor 'file:' "
            "with a path. Choose one of these."
        )
        raise stop("bad_initial_weights", message, field="initial_weights")
    if not file.exists():
        message = (
            f"The initial weights should come from {words}, but there is no model in it any more "
            f"({file.name}). Choose another run or file, or 'none'."
        )
        raise stop("no_initial_weights", message, field="initial_weights")
    return file, words


def _weights_in(file: Path, is_own: bool) -> dict[str, np.ndarray]:
    if is_own:
        return weights_by_path(keras.saving.load_model(file, compile=False))
    # Somebody else may have made the file: it is read as data and never handed to Keras.
    return importer.weights_by_path(file)
