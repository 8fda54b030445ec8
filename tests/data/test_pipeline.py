"""Batches hold the rows of a part, in the order asked for, none lost."""

import numpy as np
import pytest
import tensorflow as tf
from making import csv_source

from builder.data import block_order, pipeline
from builder.data.pipeline import batches
from builder.data.prepare import prepare
from builder.project import DataRecipe


@pytest.fixture(params=["memory", "disk"])
def place(request, monkeypatch):
    """Run a test with the arrays in memory and with the arrays on the disk."""
    if request.param == "disk":
        monkeypatch.setattr(pipeline, "IN_MEMORY_BYTES", 0)


def gathered(dataset):
    found = list(dataset)
    return tuple(np.concatenate([batch[index] for batch in found]) for index in range(len(found[0])))


@pytest.mark.usefixtures("place")
def test_a_part_comes_whole_in_its_own_order(prepared_sample):
    prepared = prepared_sample("digits")
    images, targets = gathered(batches(prepared, "validation", 64))
    rows = prepared.indices["validation"]
    assert images.dtype == np.float32
    assert np.array_equal(images, prepared.arrays["image"][rows])
    assert np.array_equal(targets, prepared.targets[rows])


@pytest.mark.usefixtures("place")
def test_the_order_is_the_callers_and_the_last_batch_is_kept(prepared_sample):
    prepared = prepared_sample("sms_spam")
    rows = prepared.indices["train"]
    order = np.random.default_rng((1, 2)).permutation(len(rows))
    found = list(batches(prepared, "train", 500, order))
    assert [len(targets) for _, targets in found] == [500] * 7 + [402]
    assert np.array_equal(found[3][0], prepared.arrays["tokens"][rows[order[1500:2000]]])
    assert found[0][0].shape == (500, *prepared.spec.arrays[0].shape)


def test_an_epoch_is_resumed_in_its_middle(prepared_sample):
    prepared = prepared_sample("sms_spam")
    order = np.random.default_rng(3).permutation(prepared.spec.rows["train"])
    whole, rest = (list(batches(prepared, "train", 64, order, skip_batches=skipped)) for skipped in (0, 10))
    assert len(rest) == len(whole) - 10
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(whole[10:], rest, strict=True))


@pytest.mark.usefixtures("place")
def test_several_arrays_come_by_name(prepared_sample):
    prepared = prepared_sample("adult_income")
    inputs, targets = next(iter(batches(prepared, "test", 32)))
    assert {name: array.dtype for name, array in inputs.items()} == {
        "numeric": tf.float32,
        "categorical": tf.int32,
    }
    assert inputs["categorical"].shape == (32, 8) and targets.shape == (32,)


def test_class_weights_become_sample_weights(prepared_sample):
    prepared = prepared_sample("sms_spam")
    _, targets, weights = next(iter(batches(prepared, "train", 200, class_weights=[0.5, 3.0])))
    assert np.array_equal(weights, np.where(targets.numpy() == 1, 3.0, 0.5).astype(np.float32))


def add_noise(arrays, targets, weights, seed):
    noise = tf.random.stateless_uniform(tf.shape(arrays["image"]), seed)
    return {"image": arrays["image"] + noise}, targets, weights


@pytest.mark.usefixtures("place")
def test_a_change_is_drawn_anew_for_every_batch_and_the_same_after_a_resume(prepared_sample):
    prepared = prepared_sample("digits")
    order = np.arange(256)

    def changed(skip, epoch):
        found = batches(prepared, "train", 64, order, skip, change=add_noise, seed=(1, epoch))
        return [images.numpy() - np.floor(images.numpy()) for images, _ in found]

    whole = changed(0, 0)
    assert not np.array_equal(whole[0], whole[1])
    assert np.array_equal(changed(2, 0)[0], whole[2])
    assert not np.array_equal(changed(2, 1)[0], whole[2])


def test_targets_of_a_regression_keep_their_unit(prepared_sample):
    prepared = prepared_sample("california_housing")
    _, targets = next(iter(batches(prepared, "train", 8)))
    assert targets.dtype == tf.float32
    assert np.array_equal(targets, prepared.targets[prepared.indices["train"][:8]])


def visited(prepared, order, skip=0):
    """Return the targets in the order in which batches of ten show them."""
    return [targets.numpy().tolist() for _, targets in batches(prepared, "train", 10, order, skip)]


@pytest.fixture
def numbered(tmp_path, monkeypatch):
    """Prepare rows whose target is their own number, too large for the memory as far as this is concerned."""
    file = tmp_path / "t.csv"
    file.write_text("x,y\n" + "".join(f"{n % 7},{n}.5\n" for n in range(1000)))
    recipe = DataRecipe(
        csv_source(file), "regression", {"x": "numeric", "y": "target"}, split={"method": "random"}
    )
    monkeypatch.setattr(pipeline, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(block_order, "WINDOW_BYTES", 4 * 400)
    return prepare(recipe, tmp_path / "cache")


def test_data_larger_than_memory_are_seen_whole_and_mixed(numbered):
    order = pipeline.epoch_order(numbered, "train", seed=3, epoch=0)
    found = sum(visited(numbered, order), [])
    rows = numbered.indices["train"]
    assert sorted(found) == sorted(numbered.targets[rows].tolist())
    assert np.corrcoef(found, np.arange(len(found)))[0, 1] < 0.3
    other = pipeline.epoch_order(numbered, "train", seed=3, epoch=1)
    assert sum(visited(numbered, other), []) != found
    whole = list(batches(numbered, "validation", 10))
    assert np.array_equal(
        np.concatenate([y for _, y in whole]), numbered.targets[numbered.indices["validation"]]
    )


@pytest.mark.parametrize("skip", [1, 25, 39, 40, 41, 69])
def test_an_epoch_larger_than_memory_is_resumed_in_its_middle(numbered, skip):
    order = pipeline.epoch_order(numbered, "train", seed=3, epoch=2)
    assert visited(numbered, order, skip) == visited(numbered, order)[skip:]
