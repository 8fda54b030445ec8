"""A generator and a discriminator train each other, exactly, and tell how it goes."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from small_generators import small_dcgan, small_sequence_gan, with_values

from builder import compiler
from builder.adversarial.features import extractor
from builder.adversarial.model import AdversarialModel
from builder.adversarial_parameters import ADVERSARIAL_LOSSES, WASSERSTEIN
from builder.explain.evaluation import evaluate
from builder.explain.generating import generate
from builder.runs.sample_grids import sample_grids
from builder.train.compiling import compile_model
from builder.train.findings import Evidence, adversarial_findings
from builder.train.grid_keeper import GridKeeper
from builder.train.loop import Interrupted, fit
from builder.train.randomness import seed_everything
from builder.train.reporting import Silent
from builder.train.run_state import Position
from builder.train.training_data import TrainingData

# Keras 3.15 turns its variables into arrays in a way that NumPy 2 is going to refuse.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class Interrupt(Silent):
    """Interrupts a run at its nth call for commands."""

    def __init__(self, call: int) -> None:
        self.left = call

    def command(self) -> str | None:
        self.left -= 1
        return "interrupt" if self.left <= 0 else None


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    project, prepared = small_dcgan(folder)
    extractor(prepared)
    return project, prepared


def run(project, prepared, folder, control=None, **values):
    settings = {**project.training_settings(), "jit_compile": "off", **values}
    seed_everything(settings)
    model = compiler.build(project, prepared.spec)
    outcome = fit(model, prepared, settings, folder, control=control, most_steps_per_call=1)
    return model, outcome


@pytest.fixture(scope="module")
def finished(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    model, outcome = run(*digits, folder, discriminator_steps=2, use_ema=True)
    return model, outcome, folder


def test_a_run_reports_both_losses_scores_and_the_distance(finished) -> None:
    _, outcome, _ = finished
    assert outcome.status == "finished"
    reported = {"loss", "discriminator_loss", "real_score", "fake_score"}
    assert reported | {"val_frechet_distance", "val_diversity"} <= set(outcome.result["metrics"])
    assert outcome.result["test"]["frechet_distance"] > 0


def test_the_kept_model_makes_samples_in_the_unit_of_the_data(finished, digits) -> None:
    _, _, folder = finished
    generator = keras.saving.load_model(folder / "model.keras", compile=False)
    found = generate(generator, digits[1].spec, {"count": 5})
    assert found["kind"] == "image"
    assert found["samples"].shape == (5, 14, 14, 1)
    assert found["samples"].dtype == np.uint8 and found["samples"].max() > 50
    again = generate(generator, digits[1].spec, {"count": 5})
    assert np.array_equal(found["samples"], again["samples"])
    assert (folder / "discriminator.keras").exists()


def test_samples_of_the_same_noise_are_kept_over_the_run(finished) -> None:
    _, _, folder = finished
    grids = sample_grids(folder)
    assert grids[-1].step == 8
    assert all(grid.read().shape == (36, 14, 14, 1) for grid in grids)


def test_keeping_samples_leaves_the_random_generators_of_recurrent_layers(tmp_path: Path) -> None:
    project, prepared = small_sequence_gan(tmp_path)
    project = replace(project, model=with_values(project.model, dropout=0.5))
    model, _ = one_step(project, prepared)
    before = [np.array(variable) for variable in model.variables]
    GridKeeper(model, tmp_path, total_steps=10, seed=1).keep(1)
    for one, other in zip(before, model.variables, strict=True):
        assert np.array_equal(one, np.array(other)), other.path


def test_an_interrupted_run_goes_on_to_the_same_weights(digits, finished, tmp_path: Path) -> None:
    whole, outcome, _ = finished
    with pytest.raises(Interrupted):
        run(*digits, tmp_path, Interrupt(3), discriminator_steps=2, use_ema=True)
    resumed, second = run(*digits, tmp_path, discriminator_steps=2, use_ema=True)
    assert second.result["metrics"] == outcome.result["metrics"]
    for one, other in zip(whole.variables, resumed.variables, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other)), one.path


@pytest.mark.parametrize("loss", ADVERSARIAL_LOSSES)
def test_every_loss_trains_both_sides(digits, loss: str) -> None:
    model, step = one_step(*digits, adversarial_loss=loss)
    before = [[np.asarray(item).copy() for item in part.trainable_variables] for part in sides(model)]
    assert np.isfinite(float(step()["loss"]))
    for part, old in zip(sides(model), before, strict=True):
        new = part.trainable_variables
        assert any(not np.array_equal(np.asarray(one), two) for one, two in zip(new, old, strict=True))


def test_the_generators_rate_falls_over_the_run_though_it_learns_more_rarely(digits) -> None:
    chosen = {"schedule": "cosine", "epochs": 2, "discriminator_steps": 2}
    model, _ = one_step(*digits, **chosen)
    batches = 2 * TrainingData(digits[1], {**digits[0].training_settings(), **chosen}).steps_per_epoch
    for optimizer, steps in ((model.optimizer, batches // 2), (model.discriminator_optimizer, batches)):
        first = float(optimizer.learning_rate)
        optimizer.iterations.assign(steps)
        assert float(optimizer.learning_rate) == pytest.approx(0.0, abs=0.02 * first)


def one_step(project, prepared, **values):
    """Return a model ready to train, and the function that does a step of its training."""
    settings = {**project.training_settings(), **values}
    seed_everything(settings)
    model, data = compiler.build(project, prepared.spec), TrainingData(prepared, settings)
    compile_model(model, data, settings)
    batch = next(data.training_batches(Position()))
    return model, lambda: model.train_step(batch)


def sides(model: AdversarialModel):
    return model.generator, model.judge


def test_the_report_says_how_far_the_samples_are_and_what_that_means(finished, digits) -> None:
    model, _, _ = finished
    report = evaluate(model, digits[1])
    assert report["task"] == "generation"
    # A few steps make worse samples than real ones are, which lie nearest.
    assert report["floor"] < report["frechet_distance"]
    assert report["baseline"]["frechet_distance"] > report["floor"]
    assert 0 <= report["diversity"] < 2


def test_sequences_are_made_in_their_own_units(tmp_path: Path) -> None:
    project, prepared = small_sequence_gan(tmp_path)
    model, step = one_step(project, prepared)
    assert np.isfinite(float(step()["loss"]))
    samples = generate(model.generator_in_units, prepared.spec, {"count": 3, "between": True})["samples"]
    assert samples.shape == (3, 24, 4)
    # Air pressure: about a thousand hectopascals, from the first sample on.
    assert 900 < samples[..., 3].mean() < 1100


def evidence(**curves: float) -> Evidence:
    settings = {
        "adversarial_loss": "non_saturating",
        "learning_rate": 0.001,
        "discriminator_learning_rate": "auto",
    }
    return Evidence(settings, [{**curves, "val_frechet_distance": 9 + epoch} for epoch in range(4)])


def test_a_discriminator_that_wins_is_told_with_a_lower_rate_for_it() -> None:
    (finding,) = adversarial_findings(evidence(real_score=0.995, fake_score=0.004, val_diversity=0.9))
    assert finding.code == "discriminator_wins"
    assert finding.change["training"] == {"discriminator_learning_rate": 0.00025}


def test_a_discriminator_may_be_ahead_while_the_samples_come_closer() -> None:
    found = evidence(real_score=0.995, fake_score=0.004, val_diversity=0.9)
    closer = [{**epoch, "val_frechet_distance": 9 - number} for number, epoch in enumerate(found.epochs)]
    assert adversarial_findings(Evidence(found.settings, closer)) == []


def test_samples_that_are_alike_are_told_with_another_loss() -> None:
    (finding,) = adversarial_findings(evidence(real_score=0.7, fake_score=0.3, val_diversity=0.1))
    assert finding.code == "mode_collapse"
    assert finding.change["training"]["adversarial_loss"] == WASSERSTEIN


def test_a_balanced_training_has_no_finding() -> None:
    assert adversarial_findings(evidence(real_score=0.7, fake_score=0.3, val_diversity=0.9)) == []
