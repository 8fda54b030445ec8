"""The preflight of a project: what training and export will meet, found out before any training.

Its answer is kept in the workspace under a hash of what it follows from: blocks, connections, data recipe
and training settings. Where blocks stand, their notes and the project's name do not matter.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import BuilderError, Problem
from builder.jobs.progress import Progress, progress_in, told_in
from builder.project import Project
from builder.runs.files import read_json, write_json
from builder.runs.workspace import Workspace

if TYPE_CHECKING:
    from builder.data.prepare import Prepared

# Raise it when the same project gives another answer than before.
VERSION = 1
_STAGES = {"building": 0.1, "converting": 0.65, "measuring": 0.25}


def key_of(project: Project) -> str:
    """Return a hash of everything that a preflight's answer follows from."""
    model: dict[str, Any] = project.model.to_json()
    model["nodes"] = [
        {name: value for name, value in node.items() if name != "position"} for node in model["nodes"]
    ]
    parts: dict[str, Any] = {name: model[name] for name in ("nodes", "edges", "definitions") if name in model}
    if project.discriminator is not None:
        parts["discriminator"] = project.discriminator.to_json()
    everything = [VERSION, parts, project.data.to_json(), project.training_settings()]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:32]


def kept_answer(project: Project, workspace: Workspace) -> dict[str, Any] | None:
    """Return the kept answer of a project as it stands, or None where there is none."""
    return read_json(_file(project, workspace, "answer"))


def progress_of(project: Project, workspace: Workspace) -> dict[str, Any]:
    """Return how far the preflight of a project is: ``{"share": 0 to 1, "words"}``."""
    return progress_in(_file(project, workspace, "progress"))


def run_preflight(
    project: Project, workspace: Workspace, on_progress: Progress | None = None
) -> dict[str, Any]:
    """Return the preflight of a project, kept from an earlier time or made now.

    Returns:
        ``{"formats", "blocks", "training", "training_problem", "data_hash"}``: the first two from
        ``builder.export.preflight.convertibility``, "training" from ``builder.train.measuring``, None where
        "training_problem" tells why.

    Raises:
        BuilderError: where the project has errors, or the data are unusable.
    """
    from builder.data.prepare import prepare

    progress = _file(project, workspace, "progress")
    tell = told_in(progress, on_progress)
    tell(0.0, "Opening the data")
    prepared = prepare(project.data, workspace.prepared_folder)
    kept = kept_answer(project, workspace)
    if kept is not None and kept["data_hash"] == prepared.spec.data_hash:
        return kept
    answer = {**_made(project, prepared, tell), "data_hash": prepared.spec.data_hash}
    write_json(_file(project, workspace, "answer"), answer)
    progress.unlink(missing_ok=True)
    return answer


def _made(project: Project, prepared: Prepared, tell: Progress) -> dict[str, Any]:
    from builder import compiler
    from builder.adversarial.latent import latent_data
    from builder.adversarial.model import kept_part
    from builder.export.preflight import convertibility
    from builder.train.randomness import seed_everything

    tell(0.02, "Building the model")
    seed_everything({**project.training_settings(), "deterministic": False})
    model = compiler.build(project, prepared.spec)
    begin, width = _STAGES["building"], _STAGES["converting"]
    ids = [node.id for node in project.model.nodes]
    found = convertibility(
        kept_part(model),
        project,
        latent_data(prepared, project),
        ids,
        lambda share, words: tell(begin + width * share, words),
    )
    tell(begin + width, "Measuring a few training steps")
    training, problem = _measured(model, project, prepared)
    return {**found, "training": training, "training_problem": problem and problem.to_json()}


def _measured(
    model: Any, project: Project, prepared: Prepared
) -> tuple[dict[str, Any] | None, Problem | None]:
    from builder import compiler
    from builder.train.diagnosis import explain
    from builder.train.measuring import measure_epoch

    settings = project.training_settings()
    try:
        factors = compiler.learning_rate_factors(project, prepared.spec)
        return measure_epoch(model, prepared, settings, factors), None
    except BuilderError as error:
        return None, error.problems[0]
    except Exception as error:
        # Such as a lack of memory: the export's part of the answer is worth as much without it.
        return None, replace(explain(error, settings, "the engine's log"), block=None)


def _file(project: Project, workspace: Workspace, kind: str) -> Path:
    return workspace.preflight_folder / f"{key_of(project)}.{kind}.json"
