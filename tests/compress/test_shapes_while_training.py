"""Pruning and clustering inside the real training loop: the shape is reached, kept, and resumed exactly."""

import keras
import numpy as np
import pytest

from builder.compress.kernels import chosen_kernels
from builder.compress.magnitude_pruning import (
    check_prunable,
    pruned_steps,
    sparse_variables,
    sparsity_at,
)
from builder.compress.measure import weight_report
from builder.compress.weight_clustering import cluster, clustered, clustered_steps
from builder.compression_parameters import MAGNITUDE_PRUNING, RECIPES
from builder.errors import BuilderError
from builder.params import with_defaults
from builder.project import TRAINING_PARAMETERS
from builder.train.loop import Interrupted, fit
from builder.train.randomness import seed_everything
from builder.train.reporting import Silent
from builder.train.shaping import Shaping

SETTINGS = with_defaults(TRAINING_PARAMETERS, {"epochs": 3, "batch_size": 50, "jit_compile": "off"})


class InterruptAt(Silent):
    """Asks a run to end when it has been asked for commands so many times."""

    def __init__(self, calls):
        self.calls = calls

    def command(self):
        self.calls -= 1
        return "interrupt" if self.calls == 0 else None


def digit_model():
    seed_everything(SETTINGS)
    layers = keras.layers
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(8, 5, strides=4, activation="relu", name="conv")(layers.Rescaling(1 / 255)(image))
    x = layers.Dense(32, activation="relu", name="dense")(layers.Flatten()(layers.BatchNormalization()(x)))
    return keras.Model(image, layers.Dense(10, activation="softmax", name="head")(x))


def pruned(digits, folder, control=None, changes=None, **recipe):
    """Train a model of the digits under pruning and return it with the outcome."""
    model = digit_model()
    values = RECIPES[MAGNITUDE_PRUNING].settings(recipe)
    chosen = chosen_kernels(model, values["embeddings"])

    def around(trained, updates):
        return pruned_steps(trained, chosen, values, updates)

    shaping = Shaping(around, settled=values["ramp"])
    settings = {**SETTINGS, **(changes or {})}
    outcome = fit(model, digits, settings, folder, control=control, most_steps_per_call=4, shaping=shaping)
    return model, outcome


def zeros(model, layer):
    return float(np.mean(np.asarray(model.get_layer(layer).kernel) == 0))


@pytest.fixture(scope="module")
def whole(digits, tmp_path_factory):
    """An uninterrupted pruning: folder, model, outcome."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, *pruned(digits, folder, sparsity=0.7)


def test_every_large_kernel_has_the_sparsity_in_the_kept_weights(whole):
    folder, model, outcome = whole
    assert zeros(model, "dense") == pytest.approx(0.7, abs=0.001)
    assert outcome.result["best_epoch"] >= 2, "an epoch before the sparsity is reached is never the best"
    saved = keras.saving.load_model(folder / "model.keras")
    assert zeros(saved, "dense") == zeros(model, "dense")
    report = weight_report(saved)
    assert report["gzip_bytes"] < 0.6 * report["bytes"]


def test_batches_that_make_one_update_together_are_counted_as_one(digits, tmp_path):
    changes = {"accumulation_steps": 3, "epochs": 2}
    model, _ = pruned(digits, tmp_path, changes=changes, sparsity=0.7)
    assert zeros(model, "dense") == pytest.approx(0.7, abs=0.001)


def test_a_pruning_that_is_interrupted_goes_on_exactly(whole, digits, tmp_path):
    with pytest.raises(Interrupted):
        pruned(digits, tmp_path, InterruptAt(3), sparsity=0.7)
    parts, _ = pruned(digits, tmp_path, sparsity=0.7)
    for one, other in zip(whole[1].variables, parts.variables, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other)), one.path


@pytest.mark.exhaustive
def test_two_of_four_neighbors_stay(digits, tmp_path):
    model, _ = pruned(digits, tmp_path, changes={"epochs": 1}, pattern="two_of_four")
    kernel = np.asarray(model.get_layer("dense").kernel)
    assert np.all((kernel.T.reshape(-1, 4) != 0).sum(axis=1) <= 2)
    assert zeros(model, "dense") == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(
    ("layer", "shape", "axis"),
    [
        (keras.layers.Dense(6), (8,), 0),
        (keras.layers.Conv2D(6, 3), (8, 8, 8), 2),
        (keras.layers.Conv2DTranspose(6, 3), (8, 8, 8), 3),
        (keras.layers.EinsumDense("abc,cde->abde", (None, 4, 6)), (5, 8), 0),
        (keras.layers.EinsumDense("abcd,cde->abe", (None, 6)), (5, 3, 8), 1),
    ],
)
def test_the_neighbors_of_a_kernel_are_its_inputs(layer, shape, axis):
    model = keras.Sequential([keras.Input(shape), layer])
    model.compile("sgd", "mse")
    values = RECIPES[MAGNITUDE_PRUNING].settings({"pattern": "two_of_four"})
    pruned_steps(model, chosen_kernels(model, False), values, 1)(lambda batch: {})(None)
    by_input = np.moveaxis(np.asarray(layer.kernel), axis, -1)
    assert np.all((by_input.reshape(-1, 4) != 0).sum(axis=1) == 2)


@pytest.mark.exhaustive
def test_the_whole_models_smallest_weights_go_first(digits, tmp_path):
    model, _ = pruned(digits, tmp_path, changes={"epochs": 1}, sparsity=0.6, scope="whole_model")
    shares = [zeros(model, name) for name in ("dense", "head")]
    sizes = [model.get_layer(name).kernel.shape for name in ("dense", "head")]
    together = sum(share * np.prod(size) for share, size in zip(shares, sizes, strict=True))
    assert together / sum(np.prod(size) for size in sizes) == pytest.approx(0.6, abs=0.02)
    assert shares[0] != pytest.approx(shares[1], abs=0.01)


def test_the_schedule_follows_its_polynomial():
    settings = {"start_sparsity": 0.2, "sparsity": 0.8, "power": 3.0}
    found = [float(sparsity_at(done, 100, settings)) for done in (0, 50, 100, 200)]
    assert found == pytest.approx([0.2, 0.8 - 0.6 * 0.5**3, 0.8, 0.8])


def test_what_is_too_small_or_frozen_is_left_and_said_so():
    model = digit_model()
    chosen = chosen_kernels(model, False)
    assert [kernel.layer for kernel in chosen.kernels] == ["conv", "dense", "head"]
    model.get_layer("dense").trainable = False
    assert chosen_kernels(model, False).left == {"dense": "it is frozen"}
    for layer in model.layers:
        layer.trainable = False
    with pytest.raises(BuilderError, match="no layer that could be pruned.*'dense': it is frozen"):
        check_prunable(chosen_kernels(model, False), "unstructured")


def test_a_kernel_inside_another_layer_counts_once_and_by_its_own_kind():
    image = keras.Input((8, 8, 4))
    x = keras.layers.SpectralNormalization(keras.layers.Conv2DTranspose(6, 3, name="grown"))(image)
    x = keras.layers.SpectralNormalization(keras.layers.DepthwiseConv2D(3, name="apart"))(x)
    chosen = chosen_kernels(keras.Model(image, x), False)
    (kernel,) = chosen.kernels
    assert kernel.layer.endswith("grown") and kernel.input_axes == (0, 1, 3)
    assert [name.rpartition("/")[-1] for name in chosen.left] == ["apart"]


def test_clusters_stay_together_and_zeros_stay_zero(digits, tmp_path):
    model = digit_model()
    kernel = model.get_layer("dense").kernel
    kernel.assign(np.where(np.abs(kernel) < 0.05, 0.0, kernel))
    where = np.asarray(kernel) == 0
    chosen = chosen_kernels(model, False)
    cluster(chosen, 8)
    before = np.asarray(kernel)
    assert np.array_equal(before == 0, where) and len(np.unique(before)) <= 8
    shaping = Shaping(lambda trained, updates: clustered_steps([item.variable for item in chosen.kernels]))
    fit(model, digits, {**SETTINGS, "epochs": 1}, tmp_path, shaping=shaping)
    after = np.asarray(kernel)
    assert np.array_equal(after == 0, where)
    assert len(np.unique(after)) <= 8 and not np.array_equal(before, after)
    for value in np.unique(before):
        assert len(np.unique(after[before == value])) == 1, "one cluster has one value"


def sparse_halves(variable):
    """Take every other input's weights away."""
    values = np.array(variable)
    values[::2] = 0.0
    variable.assign(values)


def test_every_sparse_kernel_is_found_whatever_its_neighbors_and_its_size():
    steps = keras.Input((6,), dtype="int32")
    x = keras.layers.Embedding(3000, 8, name="words")(steps)
    x = keras.layers.LSTM(6, name="lstm")(x)
    model = keras.Model(steps, keras.layers.Dense(3, name="head")(x))
    assert sparse_variables(model) == []
    # Beside the table of words this kernel is small, and its layer's other kernel is dense.
    kernel = model.get_layer("lstm").weights[0]
    sparse_halves(kernel)
    assert [variable.path for variable in sparse_variables(model)] == [kernel.path]


def test_k_means_finds_values_that_lie_apart():
    values = np.repeat([-1.0, 0.5, 2.0], [5, 50, 3]) + np.tile([-0.01, 0.01], 29)
    assert len(np.unique(clustered(values, 3))) == 3
    assert np.abs(clustered(values, 3) - values).max() < 0.02
