"""Settings that a short measurement proposes: the learning rate and the batch size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder import compiler
from builder.data.prepare import prepare
from builder.errors import stop
from builder.project import Project
from builder.runs.workspace import Workspace
from builder.train.batch_size import measure_batch_sizes
from builder.train.randomness import seed_everything
from builder.train.range_test import STEPS, range_test

Progress = Callable[[float, str], None] | None


def propose_learning_rate(
    project: Project, workspace: Workspace, on_progress: Progress = None, steps: int = STEPS
) -> dict[str, Any]:
    """Return the learning-rate range test of a project; see ``builder.train.range_test.range_test``.

    Raises:
        BuilderError: where the project has errors, or no rate can be suggested.
    """
    if project.data.task == "generation":
        message = (
            "The losses of a generator and a discriminator move against each other, so no learning rate can "
            "be read off them. Start with 0.0002 for both and watch the distance."
        )
        raise stop("no_suggestion", message, field="learning_rate")
    settings, prepared = _measured_settings(project), prepare(project.data, workspace.prepared_folder)
    seed_everything(settings)
    model = compiler.build(project, prepared.spec)
    factors = compiler.learning_rate_factors(project, prepared.spec)
    return range_test(model, prepared, settings, factors, steps, on_progress)


def propose_batch_size(
    project: Project, workspace: Workspace, on_progress: Progress = None
) -> dict[str, Any]:
    """Return measured batch sizes; see ``builder.train.batch_size.measure_batch_sizes``.

    Raises:
        BuilderError: where the project has errors.
    """
    settings, prepared = _measured_settings(project), prepare(project.data, workspace.prepared_folder)

    def build() -> Any:
        seed_everything(settings)
        return compiler.build(project, prepared.spec)

    return measure_batch_sizes(build, prepared, settings, on_progress)


def _measured_settings(project: Project) -> Mapping[str, Any]:
    # The switch holds for the whole process, which has other work to do afterwards.
    return {**project.training_settings(), "deterministic": False}
