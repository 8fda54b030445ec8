"""Settings that a whole training has to show: class weights and the determinism switch."""

import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
from train_case import linear_model, settings

from builder.data.prepare import Prepared, prepare
from builder.project import DataRecipe
from builder.train.checkpoint import read_checkpoint
from builder.train.loop import fit
from builder.train.run_state import Position
from builder.train.training_data import TrainingData
from builder.workers.environment import child_environment

DETERMINISTIC_CASE = Path(__file__).with_name("deterministic_case.py")


def imbalanced(digits, folder):
    """Return ninety zeros and ten ones to train on, and their rows; the rest is as it was."""
    rows = digits.indices["train"]
    rows = np.concatenate([rows[digits.targets[rows] == 0][:90], rows[digits.targets[rows] == 1][:10]])
    shutil.copytree(digits.folder, folder)
    np.save(folder / "train.npy", rows)
    return Prepared.open(folder), rows


def test_ranks_have_balanced_class_weights_too(tmp_path):
    rows = "".join(f"{number},{'low' if number % 10 else 'high'}\n" for number in range(100))
    (tmp_path / "ranks.csv").write_text(f"x,rank\n{rows}")
    source = {"kind": "csv", "path": str(tmp_path / "ranks.csv")}
    recipe = DataRecipe(source, "ordinal", {"x": "numeric", "rank": "target"})
    prepared = prepare(recipe, tmp_path / "cache")
    data = TrainingData(prepared, settings(class_weights="balanced", batch_size=100))
    _, targets, weights = next(data.training_batches(Position()))
    counts = np.bincount(targets)
    np.testing.assert_allclose(weights, (counts.sum() / (2 * counts))[targets], rtol=1e-5)


def test_balanced_class_weights_train_as_those_of_keras(digits, tmp_path):
    prepared, rows = imbalanced(digits, tmp_path / "data")
    chosen = settings(optimizer="sgd", learning_rate=0.1, class_weights="balanced", epochs=3, batch_size=200)
    linear = linear_model(chosen)
    begun = linear.get_weights()
    fit(linear, prepared, chosen, tmp_path)
    # The model holds the weights of its best epoch; the checkpoint, those of its last.
    weights = read_checkpoint(tmp_path / "checkpoint.npz")[0]["model"]
    expected, unweighted = (linear_model(chosen) for _ in range(2))
    images, targets = digits.arrays["image"][rows].astype("float32"), digits.targets[rows]
    for model, class_weight in ((expected, {0: 100 / (2 * 90), 1: 100 / (2 * 10)}), (unweighted, None)):
        model.set_weights(begun)
        optimizer = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)
        model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(images, targets, batch_size=200, epochs=3, class_weight=class_weight, verbose=0)
    for found, wanted, other in zip(weights, expected.get_weights(), unweighted.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        assert np.abs(found - other).max() > 1e-3


def test_the_determinism_switch_gives_the_same_bits_again(digits):
    command = [sys.executable, str(DETERMINISTIC_CASE), str(digits.folder)]
    child = subprocess.run(command, env=child_environment(), capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    first, second = child.stdout.split("\n")[:2]
    assert first == second and first.startswith("True ")
