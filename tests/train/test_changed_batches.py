"""Augmentation and resampling reach the training rows alone, and go on exactly after a kill."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from train_case import linear_model, settings

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS
from builder.data import pipeline
from builder.data.prepare import prepare
from builder.errors import BuilderError
from builder.params import with_defaults
from builder.project import DataRecipe, load_preset
from builder.train.checkpoint import read_checkpoint
from builder.train.loop import fit
from builder.train.reporting import Silent
from builder.train.run_state import Position
from builder.train.training_data import TrainingData
from builder.training_plan.objective import objective

# Keras 3.15 turns its variables into arrays in a way that NumPy 2 is going to refuse.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class Killed(BaseException):
    """Ends a run where it stands."""


class KillAt(Silent):
    """Kills the run when it has been asked for a command so many times."""

    def __init__(self, calls):
        self.left = calls

    def command(self):
        self.left -= 1
        if not self.left:
            raise Killed
        return None


def augmented(prepared, **values):
    return replace(prepared, augmentation=with_defaults(AUGMENTATION_PARAMETERS, values))


def some_rows(prepared, count):
    rows = prepared.indices["train"]
    return replace(prepared, indices={**prepared.indices, "train": rows[:: len(rows) // count]})


CHANGES = {
    "rotation": 10,
    "shift": 0.1,
    "brightness": 0.2,
    "erasing": 0.3,
    "rand_augment": 2,
    "mixup": 0.4,
    "cutmix": 1.0,
}


def test_a_killed_run_with_changed_and_resampled_batches_goes_on_exactly(digits, tmp_path):
    data = some_rows(augmented(digits, **CHANGES), 400)
    chosen = settings(resampling="oversample", metrics=["f1_score", "top_k_accuracy"])
    with pytest.raises(Killed):
        fit(
            linear_model(chosen),
            data,
            chosen,
            tmp_path / "killed",
            control=KillAt(37),
            most_steps_per_call=1,
            checkpoint_seconds=0,
        )
    position = read_checkpoint(tmp_path / "killed" / "checkpoint.npz")[1]["position"]
    assert position["epoch"] == 1 and position["step"] > 0
    outcomes = [fit(linear_model(chosen), data, chosen, tmp_path / name) for name in ("killed", "whole")]
    found, whole = (read_checkpoint(tmp_path / name / "checkpoint.npz")[0] for name in ("killed", "whole"))
    for group in ("model", "optimizer"):
        for one, other in zip(found[group], whole[group], strict=True):
            np.testing.assert_array_equal(one, other)
    assert outcomes[0].result["metrics"] == outcomes[1].result["metrics"]


def test_only_training_rows_are_changed(digits):
    data = TrainingData(augmented(digits, rotation=30, cutmix=1.0), settings())
    images, shares = next(data.training_batches(Position()))
    assert shares.shape == (50, 10) and np.allclose(shares.numpy().sum(axis=1), 1)
    for part in ("validation", "test"):
        images, targets = next(data.evaluation_batches(part))
        rows = digits.indices[part][:50]
        assert np.array_equal(images, digits.arrays["image"][rows])
        assert np.array_equal(targets, digits.targets[rows])


def test_the_trained_model_holds_nothing_of_the_augmentation(digits, tmp_path):
    chosen = settings(epochs=1)
    data = some_rows(augmented(digits, rotation=10, mixup=0.2), 200)
    fit(linear_model(chosen), data, chosen, tmp_path)
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert [type(layer).__name__ for layer in saved.layers] == [
        type(layer).__name__ for layer in linear_model(chosen).layers
    ]


def test_mixed_samples_of_two_classes_train_one_unit(two_digits, tmp_path, monkeypatch):
    # Data in memory are kept whole, whichever rows are chosen here.
    monkeypatch.setattr(pipeline, "IN_MEMORY_BYTES", 0)
    chosen = settings(epochs=3)
    data = augmented(two_digits, mixup=0.4)
    keras.utils.set_random_seed(1)
    image = keras.Input((32, 32, 1), name="image")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, keras.layers.Dense(1, activation="sigmoid")(x))
    outcome = fit(model, data, chosen, tmp_path)
    assert outcome.result["test"]["accuracy"] > 0.9


@pytest.fixture(scope="module")
def two_digits(digits):
    """Only the digits 0 and 1: two classes."""
    targets = np.asarray(digits.targets)
    indices = {part: rows[targets[rows] < 2] for part, rows in digits.indices.items()}
    spec = replace(digits.spec, class_names=("0", "1"))
    return replace(digits, spec=spec, indices=indices)


def test_labels_are_mixed_by_their_shares(tmp_path_factory, tmp_path):
    recipe = replace(load_preset("images/multi_label").data, augmentation={"mixup": 0.4})
    scenes = prepare(recipe, tmp_path_factory.mktemp("prepared"))
    data = TrainingData(scenes, settings())
    assert data.is_mixed
    _, targets, *_ = next(data.training_batches(Position(0, 0)))
    assert ((targets > 0) & (targets < 1)).numpy().any() and (targets <= 1).numpy().all()

    image = keras.Input(scenes.spec.inputs[0].arrays[0].shape, name="image")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, keras.layers.Dense(scenes.spec.class_count, activation="sigmoid")(x))
    # Shares of labels are no labels: without rounding, hardly any answer would be called right.
    for call in objective(settings(), scenes.spec, model, mixed=True).metrics:
        metric = call.run()
        metric.update_state(targets, keras.ops.cast(targets >= 0.5, "float32"))
        assert float(metric.result()) == 1, metric.name
    outcome = fit(
        model, replace(some_rows(scenes, 200), augmentation=scenes.augmentation), settings(), tmp_path
    )
    assert outcome.status == "finished"


def test_mixing_asks_for_a_cross_entropy(digits, tmp_path):
    chosen = settings(loss="categorical_hinge")
    with pytest.raises(BuilderError, match="MixUp and CutMix need a cross-entropy"):
        fit(linear_model(chosen), augmented(digits, mixup=0.2), chosen, tmp_path)


def test_resampling_counts_in_the_steps_of_an_epoch(tmp_path_factory):
    recipe = DataRecipe({"kind": "sample", "name": "sms_spam"})
    spam = prepare(recipe, tmp_path_factory.mktemp("prepared"))
    counts = np.bincount(spam.targets[spam.indices["train"]])
    for method, each in (("oversample", counts.max()), ("undersample", counts.min())):
        data = TrainingData(spam, settings(resampling=method, class_weights="balanced"))
        seen = [targets.numpy() for _, targets in data.training_batches(Position())]
        assert len(seen) == data.steps_per_epoch == -(-2 * each // 50)
        assert np.bincount(np.concatenate(seen)).tolist() == [each, each]
