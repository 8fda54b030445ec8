"""The preview sees a run with the weights that it has now: the newest checkpoint, then the best ones."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.compiler import build
from builder.data.prepare import prepare
from builder.errors import BuilderError
from builder.jobs import tasks
from builder.jobs.run_weights import run_weights, weights_file
from builder.project import Project, load_preset
from builder.runs.store import default_store
from builder.runs.workspace import default_workspace
from builder.train.checkpoint import read_checkpoint
from builder.train.loop import fit
from builder.train.randomness import seed_everything

# Keras 3.15 reads TensorFlow variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(autouse=True)
def use_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERABLOCKS_HOME", str(home))


def folder_of(project: Project) -> str:
    return str(prepare(project.data, default_workspace().prepared_folder).folder)


def queued(project: Project) -> str:
    store = default_store()
    document = project.to_json()
    return store.create_run(store.create_project(document), document)


@pytest.fixture(scope="module")
def trained(home: Path) -> tuple[str, Project, np.ndarray]:
    """A run of the ResNet preset after a real short training, and its answer for the first test sample."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERABLOCKS_HOME", str(home))
        preset = load_preset("images/resnet")
        project = replace(preset, training={**preset.training, "epochs": 2, "early_stopping": False})
        prepared = prepare(project.data, default_workspace().prepared_folder)
        indices = {part: rows[:64] for part, rows in prepared.indices.items()}
        settings = project.training_settings()
        seed_everything(settings)
        model = build(project, prepared.spec)
        run_id = queued(project)
        folder = default_workspace().run_folder(run_id)
        fit(model, replace(prepared, indices=indices), settings, folder)
        image = np.asarray(prepared.arrays["image"][prepared.indices["test"][:1]], np.float32)
        return run_id, project, np.asarray(model([image], training=False))[0]


def chances(answer: dict[str, Any]) -> list[float]:
    return list(answer["blocks"]["output"]["outputs"][0]["picture"]["values"])


def preview(run_id: str | None, project: Project) -> dict[str, Any]:
    answer = tasks.preview(project.model.to_json(), folder_of(project), "test", 0, run_id, seconds=600)
    assert answer["complete"]
    return answer


def test_a_finished_run_lends_its_best_weights(trained: tuple[str, Project, np.ndarray]) -> None:
    run_id, project, expected = trained
    answer = preview(run_id, project)
    assert answer["weights"]["kind"] == "best" and answer["weights"]["initial"] == []
    np.testing.assert_allclose(chances(answer), expected, atol=1e-5)
    assert not np.allclose(chances(preview(None, project)), expected, atol=1e-3)


def test_a_run_that_goes_on_lends_its_newest_checkpoint(trained: tuple[str, Project, np.ndarray]) -> None:
    run_id, project, _ = trained
    folder = default_workspace().run_folder(run_id)
    checkpoint = folder / "checkpoint.npz"
    os.utime(checkpoint, ns=(2**62, 2**62))
    weights, told = run_weights(run_id)
    assert (told["kind"], told["epoch"], told["step"]) == ("latest", 3, 4)
    found = read_checkpoint(checkpoint)
    assert found is not None
    saved = {array.tobytes() for array in found[0]["model"]}
    assert all(array.tobytes() in saved for arrays in weights.layers.values() for array in arrays)
    assert preview(run_id, project)["weights"]["from_run"] == 5
    # A checkpoint that is written later is read anew.
    os.utime(checkpoint, ns=(2**62 + 1000, 2**62 + 1000))
    assert run_weights(run_id)[0].key != weights.key
    os.utime(checkpoint, ns=(1, 1))


def test_a_run_without_weights_is_told_in_words() -> None:
    run_id = queued(load_preset("images/resnet"))
    assert weights_file(run_id) is None
    with pytest.raises(BuilderError, match="soon after its start"):
        run_weights(run_id)
    default_store().transition(run_id, ["queued"], "failed")
    with pytest.raises(BuilderError, match="has not saved any weights. Choose another run"):
        run_weights(run_id)
    with pytest.raises(BuilderError, match="There is no run"):
        run_weights("gone")


def test_an_unreadable_checkpoint_is_told_in_words() -> None:
    run_id = queued(load_preset("images/resnet"))
    (default_workspace().run_folder(run_id) / "checkpoint.npz").write_bytes(b"PK broken")
    with pytest.raises(BuilderError, match="cannot be used"):
        run_weights(run_id)
