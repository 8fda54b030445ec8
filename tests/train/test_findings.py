"""Each fault of a training, provoked for real, is named with its numbers and a change that mends it."""

import math
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
from train_case import settings

from builder.data.prepare import Prepared
from builder.errors import BuilderError
from builder.params import with_defaults
from builder.project import TRAINING_PARAMETERS
from builder.train.findings import Evidence, findings
from builder.train.findings.guessing import guessing_loss
from builder.train.loop import fit
from builder.train.randomness import seed_everything
from builder.train.reporting import Silent

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def network(values, units=32, activation="relu", bias=0.0):
    seed_everything(values)
    layers = keras.layers
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    start = keras.initializers.Constant(bias)
    x = layers.Dense(units, activation=activation, bias_initializer=start, name="hidden")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="head")(x))


def found(prepared, folder, values, model=None):
    values = settings(early_stopping=False, **values)
    heard = Heard()
    fit(model or network(values), prepared, values, folder, heard)
    return {finding["code"]: finding for finding in heard.found}


class Heard(Silent):
    """Keeps the newest findings."""

    def findings(self, found):
        self.found = found


def valid(change):
    values = change["training"]
    known = {item.name: item for item in TRAINING_PARAMETERS}
    assert all(known[name].accepts(value) for name, value in values.items())
    return bool(values or change["edits"]) and bool(change["label"])


@pytest.fixture(scope="module")
def few(digits, tmp_path_factory):
    """Sixty pictures of all classes with wrong labels among them: nothing to learn but by heart."""
    rows = np.random.default_rng(1).permutation(digits.indices["train"])
    folder = tmp_path_factory.mktemp("few") / "data"
    shutil.copytree(digits.folder, folder)
    np.save(folder / "train.npy", rows[:60])
    targets = np.load(folder / "targets.npy")
    targets[rows[:20]] = (targets[rows[:20]] + 3) % 10
    np.save(folder / "targets.npy", targets)
    return Prepared.open(folder)


def test_overfitting(few, tmp_path):
    values = {"epochs": 15, "batch_size": 20, "learning_rate": 0.01}
    finding = found(few, tmp_path, values, network(settings(**values), 128))["overfitting"]
    assert "by heart" in finding["words"] and valid(finding["change"])
    assert finding["change"]["training"] == {"optimizer": "adamw", "weight_decay": 0.01}


def test_a_learning_rate_that_is_too_low(few, tmp_path):
    finding = found(few, tmp_path, {"epochs": 5, "learning_rate": 1e-6})["learning_rate_too_low"]
    assert finding["change"]["training"]["learning_rate"] == pytest.approx(1e-5)


def test_divergence(few, tmp_path):
    values = {"epochs": 2, "learning_rate": 1.0, "batch_size": 5}
    told = found(few, tmp_path, values, network(settings(**values), activation="linear"))
    finding = told["divergence"]
    assert finding["change"]["training"] == {"learning_rate": 0.1, "clip_norm": 1.0}


def test_values_that_are_no_numbers_any_more(few, tmp_path):
    values = settings(epochs=3, optimizer="sgd", learning_rate=10.0, batch_size=5)
    heard = Heard()
    with pytest.raises(BuilderError, match="diverged"):
        fit(network(values, activation="linear"), few, values, tmp_path, heard)
    (finding,) = heard.found
    assert finding["code"] == "not_finite" and finding["layer"] in ("hidden", "head")
    assert finding["change"]["training"] == {"learning_rate": 1.0, "clip_norm": 1.0}


def test_dead_units_and_the_block_that_has_them(few, tmp_path):
    finding = found(few, tmp_path, {"epochs": 2}, network(settings(), bias=-50.0))["dead_units"]
    assert finding["layer"] == "hidden" and "100%" in finding["words"]
    assert finding["change"]["edits"][0]["value"] == "leaky_relu"


def test_one_answer_for_everything(few, tmp_path):
    values = {"epochs": 1, "learning_rate": 1e-6}
    model = network(settings(**values), activation="tanh")
    kernel, bias = model.get_layer("head").get_weights()
    model.get_layer("head").set_weights([kernel, bias + 4.0 * np.eye(10, dtype="float32")[3]])
    finding = found(few, tmp_path, values, model)["class_collapse"]
    assert "100% of the answers" in finding["words"] and "class number 4" in finding["words"]


def test_a_healthy_training_has_no_findings(digits, tmp_path):
    assert found(digits, tmp_path, {"epochs": 2}) == {}


def evidence(losses, held_out=None, shares=(0.5, 0.5), **values):
    held_out = held_out or losses
    epochs = [{"loss": one, "val_loss": other} for one, other in zip(losses, held_out, strict=True)]
    return Evidence(with_defaults(TRAINING_PARAMETERS, values), epochs, (), shares, math.log(len(shares)))


@pytest.mark.parametrize(
    ("losses", "code"),
    [
        ([1.0, 0.5, 0.3, 0.301, 0.3, 0.3005, 0.3], "plateau"),
        ([0.69, 0.69, 0.689, 0.689, 0.688], "underfitting"),
        ([0.60, 0.68, 0.61, 0.69, 0.62, 0.66], "learning_rate_too_high"),
        ([0.4, 0.3, 0.9], "divergence"),
        ([0.9, 0.5, 0.3, 0.2], None),
        # What is learned trembles by more than its half, and is learned all the same.
        ([0.9, 0.2, 0.05, 0.02, 0.034], None),
        ([0.9, 0.2, 0.03, 0.035, 0.03, 0.034, 0.031, 0.03], None),
        ([0.9, 0.2, 0.05, 0.02, 0.4], "divergence"),
    ],
)
def test_a_curve_tells(losses, code):
    told = findings(evidence(losses))
    assert [finding.code for finding in told][:1] == ([code] if code else [])
    assert all(valid(finding.change) for finding in told)


def test_guessing_knows_how_often_each_answer_comes(digits, houses):
    assert guessing_loss(settings(), digits) == pytest.approx(math.log(10), abs=0.01)
    assert guessing_loss(settings(), houses) == 1.0
    assert guessing_loss(settings(loss="mean_absolute_error"), houses) is None
    several = np.eye(10, dtype="float32")[digits.targets]
    of_labels = replace(digits, spec=replace(digits.spec, task="multi_label"), targets=several)
    assert guessing_loss(settings(), of_labels) == pytest.approx(
        0.1 * math.log(10) - 0.9 * math.log(0.9), abs=0.01
    )


@pytest.mark.parametrize("task", ["detection", "transcription", "count"])
def test_a_loss_that_guessing_has_no_scale_for_is_not_far_above_it(task, digits):
    chance = guessing_loss(settings(), replace(digits, spec=replace(digits.spec, task=task)))
    assert findings(Evidence(settings(), [{"loss": 40.0, "val_loss": 41.0}], (), (), chance)) == []


def test_a_change_follows_what_is_set_already():
    decayed = findings(evidence([1.0, 0.5, 0.3, 0.1], [1.0, 0.6, 0.8, 0.9], weight_decay=0.1))[0]
    assert decayed.code == "overfitting" and decayed.change["training"]["weight_decay"] == 0.3
    scheduled = findings(evidence([1.0, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3], schedule="cosine"))[0]
    assert scheduled.code == "plateau" and "learning_rate" in scheduled.change["training"]


def test_a_loss_that_crosses_zero_has_risen_by_no_share_of_itself():
    assert findings(evidence([0.5, 0.3, 0.2, 0.1], [0.5, -0.01, 0.2, 0.3])) == []


def test_the_worst_hides_what_follows_from_it():
    curves = evidence([0.4, 0.3, 0.9], [0.4, 0.5, 0.9])
    assert len(findings(curves)) == 1
    assert findings(replace(curves, epochs=())) == []
