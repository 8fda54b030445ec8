"""The project of a recipe: what a run was made from, with the recipe's declaration and its fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from builder.compress.cutting import Cut, cut_graph
from builder.compression_parameters import (
    AVERAGING,
    DISTILLATION,
    FINE_TUNING_PARAMETERS,
    RECIPES,
    STRUCTURED_PRUNING,
    check_compression,
)
from builder.errors import BuilderError, stop
from builder.params import AUTO, check_all, with_defaults
from builder.project import Project

# Weights that know something already are changed in smaller steps.
CAREFUL = 0.5
_FRESH = (DISTILLATION, STRUCTURED_PRUNING)
_FINE_TUNING = frozenset(item.name for item in FINE_TUNING_PARAMETERS)


@dataclass(frozen=True)
class Shrunk:
    """The project of a recipe; what it cuts off blocks, and why it leaves others, where it cuts."""

    project: Project
    cut: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


def shrunk_project(
    project: Project,
    run_id: str,
    recipe: str,
    values: Mapping[str, Any],
    student: Project | None = None,
) -> Shrunk:
    """Return the project that applies a recipe to a run.

    Args:
        project: the run's project.
        run_id: the run.
        recipe: a name in ``RECIPES``.
        values: settings of the recipe and of ``FINE_TUNING_PARAMETERS``.
        student: for distillation, the project whose blocks and training the student has; the run's own blocks
            with half of the filters and units where None.

    Raises:
        BuilderError: for an unknown recipe, for wrong settings, or where no block can be made smaller.
    """
    own = {name: value for name, value in values.items() if name not in _FINE_TUNING}
    compression = {"recipe": recipe, "run": run_id, "settings": own}
    fine_tuning = {name: value for name, value in values.items() if name in _FINE_TUNING}
    problems = check_compression(compression) or check_all(
        FINE_TUNING_PARAMETERS, fine_tuning, "The fine-tuning"
    )
    if problems:
        raise BuilderError(problems)
    found = _cut(project, recipe, RECIPES[recipe].settings(own), student)
    source = student if student is not None and recipe == DISTILLATION else project
    made = replace(
        project,
        model=found.graph,
        discriminator=None,
        training=_training(source.training_settings(), source.training, recipe, fine_tuning),
        compression=compression,
    )
    return Shrunk(made, found.cut, found.left)


def _cut(project: Project, recipe: str, settings: Mapping[str, Any], student: Project | None) -> Cut:
    if recipe == DISTILLATION and student is not None:
        return Cut(student.model, {}, {})
    if recipe not in _FRESH:
        return Cut(project.model, {}, {})
    half = {"share": 0.5, "feed_forward_share": 0.5, "heads_share": 0.5}
    found = cut_graph(project.model, settings if recipe == STRUCTURED_PRUNING else half)
    if found.cut:
        return found
    why = "; ".join(f"'{block}': {reason}" for block, reason in found.left.items())
    message = (
        f"No block of this model can be made smaller. "
        f"{why or 'It has no filters, units or heads to take away.'} "
        "Choose another recipe or, for distillation, another student."
    )
    raise stop("nothing_to_cut", message, field="recipe")


def _training(
    settings: Mapping[str, Any], declared: Mapping[str, Any], recipe: str, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the fine-tuning's settings: those of a training, without what a recipe has no use for."""
    chosen = with_defaults(FINE_TUNING_PARAMETERS, wanted)
    rate, epochs = chosen["learning_rate"], chosen["epochs"]
    careful = 1.0 if recipe in _FRESH else CAREFUL
    training = {name: value for name, value in declared.items() if name not in ("initial_weights", "use_ema")}
    if settings["optimizer"] == AVERAGING:
        training["optimizer"] = "adamw"
    return {
        **training,
        "learning_rate": settings["learning_rate"] * careful if rate == AUTO else rate,
        "epochs": settings["epochs"] if epochs == AUTO else epochs,
    }
