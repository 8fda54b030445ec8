"""The preflight's answer is kept under what it follows from, and its progress can be read meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BuilderError
from builder.graph import Group, Note
from builder.jobs import preflight, tasks
from builder.jobs.preflight import kept_answer, key_of, progress_of, run_preflight
from builder.project import Project, load_preset
from builder.runs.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def edited(project: Project, *edits: dict[str, Any]) -> Project:
    return replace(project, model=project.model.edited(edits))


def test_only_what_the_answer_follows_from_changes_its_key() -> None:
    project = load_preset("images/cnn")
    key = key_of(project)
    moved = replace(project.model.node("conv_1"), position=(5.0, 5.0))
    nodes = tuple(moved if node.id == "conv_1" else node for node in project.model.nodes)
    assert key_of(replace(project, model=replace(project.model, nodes=nodes))) == key
    groups = (Group("g", "Eyes", ("conv_1",)),)
    notes = (Note("n", "hello", (0.0, 0.0), (10.0, 10.0)),)
    assert key_of(replace(project, model=replace(project.model, groups=groups, notes=notes))) == key
    assert key_of(replace(project, name="Another name")) == key
    wider = {"op": "set_parameter", "id": "conv_1", "name": "filters", "value": 7}
    assert key_of(edited(project, wider)) != key
    assert key_of(replace(project, training={**project.training, "batch_size": 7})) != key
    assert key_of(replace(project, data=load_preset("images/resnet").data)) != key


def test_an_answer_is_made_once_and_told_step_by_step(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[float] = []

    def convertibility(
        model: Any, project: Project, prepared: Any, blocks: Any, on_progress: Any
    ) -> dict[str, Any]:
        on_progress(0.5, "Converting: TFLite, int8")
        made.append(progress_of(project, workspace)["share"])
        assert model.count_params() > 0 and "conv_1" in blocks
        return {"formats": [], "blocks": {}}

    measured = {"epoch_seconds": 1.0}
    monkeypatch.setattr("builder.export.preflight.convertibility", convertibility)
    monkeypatch.setattr("builder.train.measuring.measure_epoch", lambda *_: measured)
    project = load_preset("images/cnn")
    assert kept_answer(project, workspace) is None
    assert progress_of(project, workspace) == {"share": 0.0, "words": "Getting ready"}
    answer = run_preflight(project, workspace)
    assert answer["training"] == measured and answer["training_problem"] is None
    assert 0.1 < made[0] < 0.75
    assert run_preflight(project, workspace) == kept_answer(project, workspace) == answer
    assert len(made) == 1


def test_a_training_that_cannot_be_measured_leaves_the_rest_of_the_answer(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("builder.export.preflight.convertibility", lambda *_: {"formats": [], "blocks": {}})
    monkeypatch.setattr("builder.train.measuring.measure_epoch", fails)
    answer = run_preflight(load_preset("images/cnn"), workspace)
    assert answer["training"] is None
    assert "memory" in answer["training_problem"]["message"]


def test_a_model_with_errors_is_refused_with_all_of_them(workspace: Workspace) -> None:
    cut = {"op": "remove_node", "id": "flatten"}
    with pytest.raises(BuilderError) as refused:
        run_preflight(edited(load_preset("images/cnn"), cut), workspace)
    assert "missing_input" in {problem.code for problem in refused.value.problems}


def test_both_questions_are_tasks_of_the_engine() -> None:
    assert {"analyze", "preflight"} <= set(tasks.TASKS)
    assert preflight.VERSION >= 1
