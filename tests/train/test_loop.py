"""Training learns, obeys, and loses nothing, whatever happens to it."""

import math
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from alike import with_rare
from train_case import image_model, linear_model, number_model, settings

from builder.data.prepare import Prepared
from builder.errors import BuilderError
from builder.train.checkpoint import read_checkpoint
from builder.train.loop import Interrupted, fit
from builder.train.reporting import Silent
from builder.workers.environment import child_environment

# Keras 3.15 turns its variables into arrays in a way that NumPy 2 is going to refuse.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CASE = Path(__file__).with_name("train_case.py")
STEPS_PER_EPOCH = 98


class Recorder(Silent):
    """Keeps what it is told; gives the commands of a list, one a call, then the last one for ever."""

    def __init__(self, commands=(None,)):
        self.rows, self.progress_values, self.pauses, self.void_after = [], [], [], []
        self.commands = list(commands)

    def metrics(self, rows):
        self.rows += rows

    def progress(self, values):
        self.progress_values.append(values)

    def paused(self, is_paused):
        self.pauses.append(is_paused)

    def goes_on_from(self, step, epochs):
        self.void_after.append(step)

    def command(self):
        return self.commands.pop(0) if len(self.commands) > 1 else self.commands[0]

    def wait(self, seconds):
        """Return at once: the next command is there already."""

    def values(self, scope, name):
        return [row.value for row in self.rows if (row.scope, row.name) == (scope, name)]


class Killed(BaseException):
    """Ends a run where it stands, as a kill does: nothing may be written after it."""


class LosesWhatWaits(Recorder):
    """Writes what it is told only when asked to; killed where an epoch was told of, or where it was saved."""

    def __init__(self, moment=None):
        super().__init__()
        self.moment, self.waiting, self.written = moment, [], []

    def metrics(self, rows):
        self.waiting += rows

    def flush(self):
        self.written, self.waiting = [*self.written, *self.waiting], []

    def progress(self, values):
        super().progress(values)
        if self.moment == "told" and "best_epoch" in values:
            raise Killed

    def command(self):
        if self.moment == "saved" and "best_epoch" in self.progress_values[-1]:
            raise Killed

    def goes_on_from(self, step, epochs):
        self.written = [
            row for row in self.written if row.step <= step and (row.scope == "step" or row.epoch <= epochs)
        ]


class WhileValidating(Recorder):
    """Gives a command, or is killed (None), when a validation has begun."""

    def __init__(self, command, epoch=1):
        super().__init__()
        self.wanted, self.epoch = command, epoch

    def command(self):
        told = self.progress_values[-1]
        if (told.get("phase"), told["epoch"]) != ("validating", self.epoch):
            return None
        if self.wanted is None:
            raise Killed
        return self.wanted


def trained(prepared, folder, values, recorder=None, model=None, **options):
    model = model or image_model(values)
    recorder = recorder or Recorder()
    outcome = fit(model, prepared, values, folder, recorder, recorder, **options)
    return outcome, [np.array(variable) for variable in model.variables]


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def whole_run(digits, tmp_path_factory):
    """An uninterrupted run: folder, outcome, last state, recorder."""
    folder = tmp_path_factory.mktemp("whole")
    recorder = Recorder()
    outcome, _ = trained(digits, folder, settings(schedule="cosine"), recorder)
    return folder, outcome, read_checkpoint(folder / "checkpoint.npz")[0], recorder


def test_learns_and_reports(whole_run, digits):
    _, outcome, _, recorder = whole_run
    assert outcome.status == "finished"
    assert outcome.result["epochs_run"] == 2
    assert outcome.result["test"]["accuracy"] > 0.7
    assert recorder.values("epoch", "val_accuracy") == [pytest.approx(0.75, abs=0.25)] * 2
    assert recorder.values("step", "loss")[0] > recorder.values("step", "loss")[-1] > 0
    assert {row.epoch for row in recorder.rows} == {1, 2}
    rates = recorder.values("epoch", "learning_rate")
    assert rates == pytest.approx([0.0005, 0.0], abs=1e-6)
    phases = {values["phase"] for values in recorder.progress_values if "phase" in values}
    assert phases == {"training", "validating", "saving"}
    last = recorder.progress_values[-1]
    assert (last["epoch"], last["epochs"], last["step"]) == (2, 2, last["steps_per_epoch"])
    assert any(values.get("samples_per_second", 0) > 0 for values in recorder.progress_values)


def test_the_model_file_opens_in_plain_keras_and_holds_the_best_weights(whole_run, digits):
    folder, outcome, _, _ = whole_run
    model = keras.models.load_model(folder / "model.keras")
    rows = digits.indices["test"]
    images, targets = digits.arrays["image"][rows].astype("float32"), digits.targets[rows]
    accuracy = np.mean(model.predict(images, verbose=0).argmax(axis=1) == targets)
    assert accuracy == pytest.approx(outcome.result["test"]["accuracy"], abs=1e-6)


@pytest.mark.parametrize("moment", ["told", "saved"])
def test_a_kill_at_the_end_of_an_epoch_neither_loses_nor_doubles_its_values(
    moment, whole_run, digits, tmp_path
):
    values = settings(schedule="cosine")
    killed, again = LosesWhatWaits(moment), LosesWhatWaits()
    with pytest.raises(Killed):
        trained(digits, tmp_path, values, killed, checkpoint_seconds=0.0)
    again.written = killed.written
    trained(digits, tmp_path, values, again)
    again.flush()
    losses = [(row.epoch, row.value) for row in again.written if (row.scope, row.name) == ("epoch", "loss")]
    assert losses == list(enumerate(whole_run[3].values("epoch", "loss"), start=1))


def test_a_killed_run_goes_on_exactly(whole_run, digits, tmp_path):
    in_second_epoch = "150"
    command = [sys.executable, str(CASE), str(digits.folder), str(tmp_path), in_second_epoch]
    child = subprocess.run(command, env=child_environment(), capture_output=True, text=True)
    assert child.returncode == -signal.SIGKILL, child.stderr
    position = read_checkpoint(tmp_path / "checkpoint.npz")[1]["position"]
    assert position["epoch"] == 1 and 0 < position["step"] < 98
    recorder = Recorder()
    outcome, weights = trained(digits, tmp_path, settings(schedule="cosine"), recorder)
    assert recorder.void_after == [position["global_step"]]
    _, whole, last_state, _ = whole_run
    resumed_state = read_checkpoint(tmp_path / "checkpoint.npz")[0]
    for group in ("model", "optimizer"):
        assert_same(resumed_state[group], last_state[group])
    assert outcome.result["metrics"] == whole.result["metrics"]


@pytest.mark.parametrize("epoch", with_rare([1, 2], [1]))
def test_a_run_killed_while_it_validates_goes_on_exactly(whole_run, digits, tmp_path, epoch):
    chosen = settings(schedule="cosine")
    with pytest.raises(Killed):
        trained(digits, tmp_path, chosen, WhileValidating(None, epoch), checkpoint_seconds=0)
    position = read_checkpoint(tmp_path / "checkpoint.npz")[1]["position"]
    assert (position["epoch"], position["step"]) == (epoch - 1, STEPS_PER_EPOCH)
    recorder = Recorder()
    outcome, _ = trained(digits, tmp_path, chosen, recorder)
    _, whole, last_state, whole_recorder = whole_run
    resumed_state = read_checkpoint(tmp_path / "checkpoint.npz")[0]
    for group in ("model", "optimizer"):
        assert_same(resumed_state[group], last_state[group])
    assert outcome.result["metrics"] == whole.result["metrics"]
    for name in ("loss", "accuracy", "val_loss", "learning_rate"):
        assert recorder.values("epoch", name) == whole_recorder.values("epoch", name)[epoch - 1 :]


def test_a_run_interrupted_while_it_validates_goes_on_exactly(whole_run, digits, tmp_path):
    chosen = settings(schedule="cosine")
    with pytest.raises(Interrupted):
        trained(digits, tmp_path, chosen, WhileValidating("interrupt"))
    outcome, _ = trained(digits, tmp_path, chosen)
    assert outcome.result["metrics"] == whole_run[1].result["metrics"]
    assert_same(read_checkpoint(tmp_path / "checkpoint.npz")[0]["model"], whole_run[2]["model"])


EVERYTHING = {
    "optimizer": "nadam",
    "schedule": "plateau",
    "plateau_patience": 1,
    "learning_rate": 0.05,
    "use_ema": True,
    "ema_momentum": 0.9,
    "accumulation_steps": 3,
    "clip_norm": 1.0,
    "metrics": ["f1_score"],
    "monitor": "f1_score",
    "label_smoothing": 0.1,
    "epochs": 3,
}


@pytest.fixture(scope="module")
def small(digits):
    return replace(digits, indices={**digits.indices, "train": digits.indices["train"][:300]})


@pytest.fixture(scope="module")
def whole_run_with_everything(small, tmp_path_factory):
    """An uninterrupted run: checkpoint, outcome, recorder."""
    folder, recorder = tmp_path_factory.mktemp("everything"), Recorder()
    outcome, _ = trained(small, folder, settings(**EVERYTHING), recorder)
    return read_checkpoint(folder / "checkpoint.npz"), outcome, recorder


@pytest.mark.parametrize("epoch", with_rare([2, 3], [2]))
def test_averages_accumulators_and_plateaus_go_on_exactly(small, whole_run_with_everything, tmp_path, epoch):
    chosen, recorder = settings(**EVERYTHING), Recorder()
    with pytest.raises(Killed):
        trained(small, tmp_path, chosen, WhileValidating(None, epoch), checkpoint_seconds=0)
    outcome, _ = trained(small, tmp_path, chosen, recorder)
    found, (whole, expected, whole_recorder) = (
        read_checkpoint(tmp_path / "checkpoint.npz"),
        whole_run_with_everything,
    )
    for group in ("model", "optimizer", "metrics"):
        assert_same(found[0][group], whole[0][group])
    assert found[1]["plateau"] == whole[1]["plateau"] and found[1]["history"] == whole[1]["history"]
    assert outcome.result["metrics"] == expected.result["metrics"]
    rates = whole_recorder.values("epoch", "learning_rate")
    assert recorder.values("epoch", "learning_rate") == rates[epoch - 1 :]


def test_the_averaged_weights_are_measured_kept_and_saved(digits, tmp_path):
    chosen = settings(use_ema=True, ema_momentum=0.5, epochs=1)
    model = image_model(chosen)
    outcome, _ = trained(digits, tmp_path, chosen, model=model)
    kept = keras.models.load_model(tmp_path / "model.keras")
    trained_weights = read_checkpoint(tmp_path / "checkpoint.npz")[0]
    averages = [value for value in trained_weights["optimizer"] if value.shape == (10,)][:1]
    np.testing.assert_array_equal(kept.get_layer("head").bias, averages[0])
    assert_same(kept.get_weights(), model.get_weights())
    rows = digits.indices["validation"]
    found = kept.predict(digits.arrays["image"][rows].astype("float32"), verbose=0).argmax(axis=1)
    accuracy = np.mean(found == digits.targets[rows])
    assert outcome.result["metrics"]["val_accuracy"] == pytest.approx(accuracy, abs=1e-6)


def test_the_watched_value_decides_what_is_best(digits, tmp_path):
    few = replace(digits, indices={**digits.indices, "train": digits.indices["train"][:200]})
    recorder = Recorder()
    outcome, _ = trained(few, tmp_path, settings(monitor="recall", epochs=4, learning_rate=0.01), recorder)
    recalls = recorder.values("epoch", "val_recall")
    assert outcome.result["best_epoch"] == int(np.argmax(recalls)) + 1
    assert outcome.result["test"]["recall"] == pytest.approx(max(recalls), abs=0.15)


def test_accumulated_batches_train_as_one_large_batch(digits, tmp_path):
    rows = digits.indices["train"][:400]
    few = replace(digits, indices={**digits.indices, "train": rows})
    weights = []
    for name, batch_size, steps in (("large", 100, 1), ("small", 25, 4)):
        chosen = settings(optimizer="sgd", batch_size=batch_size, accumulation_steps=steps, epochs=1)
        trained(few, tmp_path / name, chosen, model=linear_model(chosen))
        weights.append(read_checkpoint(tmp_path / name / "checkpoint.npz")[0]["model"])
    for large, small in zip(*weights, strict=True):
        np.testing.assert_allclose(large, small, atol=1e-5)


@pytest.mark.parametrize("accumulation", [1, 3])
def test_a_run_goes_on_with_half_the_batch_as_if_nothing_had_changed(digits, tmp_path, accumulation):
    few = replace(digits, indices={**digits.indices, "train": digits.indices["train"][:480]})
    common = {"optimizer": "sgd", "epochs": 2}
    large = settings(**common, batch_size=40, accumulation_steps=accumulation)
    small = settings(**common, batch_size=20, accumulation_steps=2 * accumulation)
    expected, found = linear_model(large), linear_model(large)
    trained(few, tmp_path / "whole", large, model=expected)
    recorder = Recorder([None, None, None, None, "interrupt"])
    with pytest.raises(Interrupted):
        trained(few, tmp_path / "torn", large, recorder, found, most_steps_per_call=1)
    again = Recorder()
    trained(few, tmp_path / "torn", small, again, linear_model(small))
    assert again.void_after == [5]
    weights = [read_checkpoint(tmp_path / name / "checkpoint.npz")[0]["model"] for name in ("whole", "torn")]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_steps_per_call_do_not_change_the_result(whole_run, digits, tmp_path):
    trained(digits, tmp_path, settings(schedule="cosine"), most_steps_per_call=1)
    assert_same(read_checkpoint(tmp_path / "checkpoint.npz")[0]["model"], whole_run[2]["model"])


def test_a_pause_changes_nothing(whole_run, digits, tmp_path):
    recorder = Recorder([None, "pause", "pause", "pause", "resume"])
    outcome, _ = trained(digits, tmp_path, settings(schedule="cosine"), recorder)
    assert recorder.pauses == [True, False]
    assert outcome.status == "finished"
    assert_same(read_checkpoint(tmp_path / "checkpoint.npz")[0]["model"], whole_run[2]["model"])


def test_an_interrupted_run_goes_on_exactly(whole_run, digits, tmp_path):
    with pytest.raises(Interrupted):
        trained(digits, tmp_path, settings(schedule="cosine"), Recorder([None, None, "interrupt"]))
    trained(digits, tmp_path, settings(schedule="cosine"))
    assert_same(read_checkpoint(tmp_path / "checkpoint.npz")[0]["model"], whole_run[2]["model"])


@pytest.mark.parametrize("commands", [["stop"], [None, "pause", "pause", "stop"]], ids=["running", "paused"])
def test_stop_ends_with_a_usable_model(digits, tmp_path, commands):
    outcome, _ = trained(digits, tmp_path, settings(epochs=50), Recorder(commands))
    assert outcome.status == "stopped"
    assert outcome.result["epochs_run"] == 0
    assert 0 < outcome.result["test"]["accuracy"] < 1
    assert (tmp_path / "model.keras").exists()


@pytest.mark.parametrize(
    ("recorder", "steps"),
    [(Recorder(["stop"]), 1), (WhileValidating("stop"), STEPS_PER_EPOCH)],
    ids=["after a step", "while validating"],
)
def test_stop_before_an_epoch_ended_tells_the_truth(digits, tmp_path, recorder, steps):
    trained_model = image_model(settings())
    outcome, _ = trained(digits, tmp_path, settings(), recorder, trained_model)
    assert outcome.status == "stopped"
    assert (outcome.result["epochs_run"], outcome.result["best_epoch"]) == (0, 0)
    assert outcome.result["steps_run"] == steps
    assert outcome.result["metrics"] == {}
    assert recorder.values("epoch", "loss") == []
    model = keras.models.load_model(tmp_path / "model.keras")
    assert_same(model.get_weights(), trained_model.get_weights())
    rows = digits.indices["test"]
    found = model.predict(digits.arrays["image"][rows].astype("float32"), verbose=0).argmax(axis=1)
    accuracy = np.mean(found == digits.targets[rows])
    assert accuracy == pytest.approx(outcome.result["test"]["accuracy"], abs=1e-6)


def test_early_stopping_keeps_the_best_epoch(digits, tmp_path):
    # A huge step on few samples: the validation loss soon gets worse.
    few = replace(digits, indices={**digits.indices, "train": digits.indices["train"][:100]})
    recorder = Recorder()
    chosen = settings(epochs=60, patience=2, learning_rate=0.05, batch_size=20)
    outcome, _ = trained(few, tmp_path, chosen, recorder)
    losses = recorder.values("epoch", "val_loss")
    assert outcome.result["epochs_run"] == len(losses) == int(np.argmin(losses)) + 1 + 2
    assert outcome.result["best_epoch"] == int(np.argmin(losses)) + 1
    assert outcome.result["metrics"]["val_loss"] == min(losses)
    assert outcome.result["last_metrics"]["val_loss"] == losses[-1]


def test_learns_numbers_in_their_own_unit(houses, tmp_path):
    chosen = settings(epochs=2, batch_size=256, learning_rate=0.01)
    outcome, _ = trained(houses, tmp_path, chosen, model=number_model(chosen, houses.spec))
    # Always giving the mean would score 1, and its error would be the target's standard deviation.
    assert outcome.result["test"]["loss"] < 0.5
    assert outcome.result["test"]["root_mean_squared_error"] < 0.75 * houses.spec.target_variance**0.5


def test_divergence_is_told_and_keeps_the_checkpoint(houses, tmp_path):
    chosen = settings(optimizer="sgd", learning_rate=10.0)
    recorder = Recorder()
    with pytest.raises(BuilderError) as caught:
        trained(houses, tmp_path, chosen, recorder, number_model(chosen, houses.spec))
    problem = caught.value.problems[0]
    assert problem.code == "diverged"
    assert problem.block in ("hidden", "head", "rescaling")
    assert "from 10 to 1" in problem.message and "clip_norm to 1" in problem.message
    assert all(math.isfinite(value) for value in recorder.values("step", "loss"))
    for array in read_checkpoint(tmp_path / "checkpoint.npz")[0]["model"]:
        assert np.isfinite(array).all()


def test_data_that_are_not_numbers_are_named(houses, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(houses.folder, folder)
    numeric = np.load(folder / f"{houses.spec.arrays[0].name}.npy")
    numeric[houses.indices["train"][5]] = np.nan
    np.save(folder / f"{houses.spec.arrays[0].name}.npy", numeric)
    chosen = settings()
    with pytest.raises(BuilderError, match="data hold values that are not numbers, in 'numeric'"):
        model = number_model(chosen, houses.spec)
        trained(Prepared.open(folder), tmp_path, chosen, model=model)


def test_a_disk_that_refuses_keeps_the_last_checkpoint(digits, tmp_path):
    with pytest.raises(Interrupted):
        trained(digits, tmp_path, settings(), Recorder([None, None, "interrupt"]))
    before = (tmp_path / "checkpoint.npz").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        with pytest.raises(BuilderError) as caught:
            trained(digits, tmp_path, settings())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.problems[0].code in ("disk_full", "unwritable")
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


def test_a_damaged_checkpoint_is_told(digits, tmp_path):
    (tmp_path / "checkpoint.npz").write_bytes(b"PK not a checkpoint")
    with pytest.raises(BuilderError, match="cannot be used"):
        trained(digits, tmp_path, settings())
