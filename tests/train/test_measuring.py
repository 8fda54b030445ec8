"""A few measured steps tell how long an epoch takes; the clock itself is compared in benchmarks."""

from __future__ import annotations

import pytest

from builder.compiler import build
from builder.data.prepare import Prepared, prepare
from builder.errors import BuilderError
from builder.project import Project, load_preset
from builder.train.measuring import measure_epoch


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Prepared]:
    project = load_preset("images/cnn")
    return project, prepare(project.data, tmp_path_factory.mktemp("prepared"))


def test_steps_of_the_real_loop_are_measured(case: tuple[Project, Prepared]) -> None:
    project, prepared = case
    settings = project.training_settings()
    model = build(project, prepared.spec)
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    found = measure_epoch(model, prepared, settings, seconds=0.2)
    rows = len(prepared.indices["train"])
    assert found["steps_per_epoch"] == -(-rows // settings["batch_size"])
    assert found["steps"] >= 5 and found["finite"]
    assert 0 < found["low_seconds"] <= found["epoch_seconds"] <= found["high_seconds"]
    assert found["first_seconds"] > 0
    assert found["peak_bytes"] >= found["before_bytes"] > 0
    # They were training steps: the weights have moved.
    after = [weight.numpy() for weight in model.trainable_weights]
    assert any((one != other).any() for one, other in zip(before, after, strict=True))


def test_a_loss_that_is_no_number_ends_the_measuring(case: tuple[Project, Prepared]) -> None:
    project, prepared = case
    settings = {**project.training_settings(), "optimizer": "sgd", "learning_rate": 1e30}
    found = measure_epoch(build(project, prepared.spec), prepared, settings, seconds=5.0)
    assert not found["finite"]


def test_a_model_that_does_not_fit_its_loss_is_refused_in_words(case: tuple[Project, Prepared]) -> None:
    project, prepared = case
    settings = {**project.training_settings(), "loss": "mean_squared_error"}
    with pytest.raises(BuilderError):
        measure_epoch(build(project, prepared.spec), prepared, settings, seconds=0.1)
