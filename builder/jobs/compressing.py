"""A recipe's run: started from an earlier one, trained in its shape, and told of with before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras

from builder.adversarial.model import AdversarialModel
from builder.compress.distillation import student_of
from builder.compress.kernels import Chosen, chosen_kernels, every_kernel
from builder.compress.magnitude_pruning import check_prunable, keep_zeros, pruned_steps, sparse_variables
from builder.compress.measure import weight_report
from builder.compress.quantization_aware import RANGES_FILE, ranges_of, rounded_model
from builder.compress.slicing import slice_weights
from builder.compress.weight_clustering import cluster, clustered_steps
from builder.compression_parameters import (
    DISTILLATION,
    FITTING,
    MAGNITUDE_PRUNING,
    NEW_WEIGHTS,
    QUANTIZATION_AWARE,
    RECIPES,
    STRUCTURED_PRUNING,
    WEIGHT_CLUSTERING,
)
from builder.data.spec import IGNORED, DataSpec
from builder.errors import BuilderError, stop
from builder.project import Project
from builder.runs.files import write_json
from builder.runs.store import Store
from builder.runs.workspace import Workspace
from builder.train.initial_weights import take_weights, weights_by_path
from builder.train.outcome import MODEL
from builder.train.shaping import Shaping


@dataclass(frozen=True)
class Started:
    """A recipe that has begun: the model to train, how, and what will be told of it.

    ``left`` says why layers were left as they are.
    """

    model: keras.Model
    shaping: Shaping = field(default_factory=Shaping)
    left: Mapping[str, str] = field(default_factory=dict)
    ranges: Callable[[], dict[str, list[float]]] | None = None


def start(
    model: keras.Model,
    project: Project,
    spec: DataSpec,
    workspace: Workspace,
    tell: Callable[[str, str], None],
) -> Started:
    """Give a fresh model what its project's recipe starts with, and return how it is to be trained.

    Args:
        model: the model that ``compiler.build`` made; changed in place.
        project: its compression says what is done.
        spec: the data's description.
        workspace: where the runs lie.
        tell: hears an event's kind and words.

    Raises:
        BuilderError: where the run has no weights, or recipe, run and model do not fit together.
    """
    recipe, run_id = project.compression["recipe"], project.compression["run"]
    if isinstance(model, AdversarialModel):
        message = (
            "Recipes for smaller models suit models that predict something. A generator cannot be "
            "shrunk like this."
        )
        raise stop("recipe_misfit", message, field="recipe")
    source = keras.saving.load_model(_model_file(run_id, workspace), compile=False)
    settings = RECIPES[recipe].settings(project.compression.get("settings") or {})
    started = _METHODS[recipe](model, source, settings, spec, run_id)
    tell("started_from", f"{RECIPES[recipe].title}: started from the run {run_id}.")
    for layer, why in started.left.items():
        tell("compression_left", f"'{layer}' is left as it is: {why}.")
    return started


def finish(
    started: Started, model: keras.Model, project: Project, folder: Path, store: Store, workspace: Workspace
) -> dict[str, Any]:
    """Return what a recipe has made of a run, as JSON-ready data, and keep what the exports need of it.

    Returns:
        ``{"recipe", "run", "left", "before", "after"}``; "before" and "after" are ``weight_report``, the
        former with the "test" scores of the run that it started from (or was taught by).
    """
    source_id = project.compression["run"]
    source = keras.saving.load_model(_model_file(source_id, workspace), compile=False)
    if started.ranges is not None:
        write_json(folder / RANGES_FILE, started.ranges())
    before = {**weight_report(source), "test": store.run(source_id).result.get("test", {})}
    return {
        "recipe": project.compression["recipe"],
        "run": source_id,
        "left": dict(started.left),
        "before": before,
        "after": weight_report(model),
    }


def _model_file(run_id: str, workspace: Workspace) -> Path:
    file = workspace.run_file(run_id, MODEL)
    if not file.exists():
        message = (
            f"The recipe starts from the run {run_id}, but there is no model in it any more. Restore that "
            "run on the Runs page, or choose another one."
        )
        raise stop("no_compression_run", message, field="run")
    return file


def _take_all(model: keras.Model, source: keras.Model, run_id: str) -> None:
    """Give a model all weights of another one of the same blocks."""
    taken = take_weights(model, weights_by_path(source), f"the run {run_id}")
    if taken.misfits or taken.unknown:
        named = ", ".join(f"'{name}'" for name in (*taken.misfits, *taken.unknown)[:3])
        message = (
            f"The run {run_id} has other blocks than this project: {named} cannot start from it. Apply the "
            "recipe to a run of these very blocks."
        )
        raise stop("run_misfit", message, field="run")


def _prune(
    model: keras.Model, source: keras.Model, settings: dict[str, Any], spec: DataSpec, run_id: str
) -> Started:
    _take_all(model, source, run_id)
    chosen = chosen_kernels(model, settings["embeddings"])
    check_prunable(chosen, settings["pattern"])
    around = _with_old_zeros(model, source, partial(_pruning, chosen=chosen, settings=settings))
    return Started(model, Shaping(around, settled=settings["ramp"]), chosen.left)


def _pruning(model: keras.Model, updates: int, chosen: Chosen, settings: dict[str, Any]) -> Any:
    return pruned_steps(model, chosen, settings, updates)


def _cluster(
    model: keras.Model, source: keras.Model, settings: dict[str, Any], spec: DataSpec, run_id: str
) -> Started:
    _take_all(model, source, run_id)
    chosen = chosen_kernels(model, settings["embeddings"])
    cluster(chosen, settings["clusters"])
    variables = [kernel.variable for kernel in chosen.kernels]
    around = _with_old_zeros(model, source, lambda trained, updates: clustered_steps(variables))
    return Started(model, Shaping(around), chosen.left)


def _round(
    model: keras.Model, source: keras.Model, settings: dict[str, Any], spec: DataSpec, run_id: str
) -> Started:
    _take_all(model, source, run_id)
    rounded, left = rounded_model(model, settings["range_momentum"])
    return Started(
        rounded, Shaping(_sparse_stays(model, source), kept=model), left, partial(ranges_of, rounded)
    )


def _slice(
    model: keras.Model, source: keras.Model, settings: dict[str, Any], spec: DataSpec, run_id: str
) -> Started:
    slice_weights(source, model)
    return Started(model, Shaping(_sparse_stays(model, source)))


def _teach(
    model: keras.Model, source: keras.Model, settings: dict[str, Any], spec: DataSpec, run_id: str
) -> Started:
    if spec.further_targets:
        message = (
            "A model that predicts several things at once cannot be taught by a run. Choose another recipe."
        )
        raise stop("recipe_misfit", message, field="recipe")
    shaping = Shaping(kept=model)
    if settings["start"] != NEW_WEIGHTS and _takes_units(model, source, settings["start"] == FITTING):
        shaping = Shaping(_sparse_stays(model, source), kept=model)
    of_classes = not spec.predicts_numbers
    ignored = IGNORED if spec.has_places else None
    student = student_of(model, source, settings, of_classes, spec.predicts_labels, ignored)
    return Started(student, shaping)


def _takes_units(model: keras.Model, source: keras.Model, where_fitting: bool) -> bool:
    """Give a student its teacher's largest units; tell whether they fit, which else may be refused."""
    if where_fitting and _weighted(model) != _weighted(source):
        return False
    before = model.get_weights()
    try:
        slice_weights(source, model)
    except BuilderError:
        if not where_fitting:
            raise
        model.set_weights(before)
        return False
    return True


def _weighted(model: keras.Model) -> set[str]:
    return {layer.name for layer in model.layers if layer.weights}


def _sparse_stays(model: keras.Model, source: keras.Model) -> Any:
    """Return a shaping in which zeros stay that an earlier pruning has left in the run it starts from."""
    # The model itself may hold few of them where what was zero is cut off.
    sparse = {variable.path for variable in sparse_variables(source)}
    kernels, _ = every_kernel(model, True)
    variables = [kernel.variable for kernel in kernels if kernel.variable.path in sparse]
    return lambda trained, updates: keep_zeros(variables)


def _with_old_zeros(model: keras.Model, source: keras.Model, around: Any) -> Any:
    """Return a shaping in which zeros stay also where the recipe itself does not look."""
    stays = _sparse_stays(model, source)

    def both(trained: keras.Model, updates: int) -> Any:
        shaped, keeping = around(trained, updates), stays(trained, updates)
        return lambda step: shaped(keeping(step))

    return both


_METHODS: dict[str, Callable[..., Started]] = {
    MAGNITUDE_PRUNING: _prune,
    STRUCTURED_PRUNING: _slice,
    WEIGHT_CLUSTERING: _cluster,
    QUANTIZATION_AWARE: _round,
    DISTILLATION: _teach,
}
