"""Starting from weights that were trained before, and training some layers more slowly than others."""

import keras
import numpy as np
import pytest
from alike import mostly_rare
from train_case import image_model, settings

from builder.errors import BuilderError
from builder.train.initial_weights import load_backbone, take_weights, weights_by_path
from builder.train.loop import fit


def changed(before, model):
    """Return how far each layer's weights have moved."""
    after = weights_by_path(model)
    return {path: float(np.abs(after[path] - before[path]).max()) for path in before}


def test_a_layer_with_a_factor_moves_by_that_much_less(digits, tmp_path):
    # One step of Adam moves every weight by the learning rate, whatever the gradient.
    chosen = settings(epochs=1, batch_size=len(digits.indices["train"]), learning_rate=0.01)
    model = image_model(chosen)
    before = weights_by_path(model)
    fit(model, digits, chosen, tmp_path, learning_rate_factors={"conv": 0.1})
    moved = changed(before, model)
    assert moved["head/kernel"] == pytest.approx(0.01, rel=1e-3)
    assert moved["conv/kernel"] == pytest.approx(0.001, rel=1e-3)


def test_the_factor_of_a_network_within_the_model_reaches_its_layers_alone(digits, tmp_path):
    inner = image_model(settings())
    part = keras.Model(inner.input, inner.get_layer("norm").output, name="backbone")
    tensor = keras.Input(inner.input.shape[1:])
    # Outside, a layer bears the name that one in the network has.
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="conv")(part(tensor)))
    classes = inner.output.shape[-1]
    model = keras.Model(tensor, keras.layers.Dense(classes, activation="softmax", name="head")(x))
    chosen = settings(epochs=1, batch_size=len(digits.indices["train"]), learning_rate=0.01)
    inside, outside = part.get_layer("conv").kernel, model.get_layer("conv").kernel
    before = np.array(inside), np.array(outside)
    factors = {"backbone": 0.1, "backbone/conv": 0.5}
    fit(model, digits, chosen, tmp_path, learning_rate_factors=factors)
    assert np.abs(inside - before[0]).max() == pytest.approx(0.0005, rel=1e-2)
    assert np.abs(outside - before[1]).max() == pytest.approx(0.01, rel=1e-2)


def test_low_rank_additions_start_beside_the_weights_that_were_trained(digits, tmp_path):
    chosen = settings(epochs=1)
    trained = image_model(chosen)
    kept = trained.get_layer("head").input

    def adapted():
        head = keras.layers.Dense(trained.output.shape[-1], activation="softmax", name="head", lora_rank=2)
        return keras.Model(trained.input, head(kept))

    model = adapted()
    taken = take_weights(model, weights_by_path(trained), "the run a")
    head = model.get_layer("head")
    assert not taken.unknown and "head" in taken.layers
    np.testing.assert_array_equal(head._kernel, trained.get_layer("head").kernel)
    fit(model, digits, chosen, tmp_path)
    assert np.abs(head.lora_kernel_b).max() > 0
    # Saved, the addition is within the kernel; a further run adds one that can still learn.
    model.save(tmp_path / "adapted.keras")
    again = adapted()
    take_weights(again, weights_by_path(keras.saving.load_model(tmp_path / "adapted.keras")), "the run b")
    np.testing.assert_allclose(again.get_layer("head")._kernel, head.kernel, atol=1e-6)
    assert np.abs(again.get_layer("head").lora_kernel_a).max() > 0


@pytest.mark.parametrize("name", mostly_rare(["adamw", "nadam", "rmsprop", "sgd", "lion"], ["adamw", "lion"]))
def test_every_optimizer_obeys_a_factor_of_zero(name, digits, tmp_path):
    chosen = settings(epochs=1, batch_size=len(digits.indices["train"]), optimizer=name)
    model = image_model(chosen)
    before = weights_by_path(model)
    fit(model, digits, chosen, tmp_path, learning_rate_factors={"conv": 0.0})
    moved = changed(before, model)
    assert moved["conv/kernel"] == moved["conv/bias"] == 0.0
    assert moved["head/kernel"] > 0.0


def test_a_run_starts_from_the_weights_of_another_block_by_block():
    trained, fresh = image_model(settings()), image_model(settings(seed=2))
    shapes = keras.Model(fresh.input, keras.layers.Dense(3, name="other")(fresh.get_layer("head").input))
    taken = take_weights(shapes, weights_by_path(trained), "the run a")
    assert taken.layers == ("conv", "norm")
    assert taken.unknown == ("other",)
    np.testing.assert_array_equal(shapes.get_layer("conv").get_weights()[0], trained.get_weights()[0])
    assert "2 of 3 layers with weights start from the run a." in taken.in_words("the run a")


def test_a_head_with_other_classes_starts_anew():
    trained = image_model(settings())
    kept = trained.get_layer("head").input
    fresh = keras.Model(trained.input, keras.layers.Dense(3, name="head")(kept))
    taken = take_weights(fresh, weights_by_path(trained), "the run a")
    assert taken.misfits == ("head",)
    assert "Of another shape there, so they start anew: head." in taken.in_words("the run a")


def test_weights_of_a_wholly_different_model_are_refused_in_words():
    tensor = keras.Input((4,))
    other = keras.Model(tensor, keras.layers.Dense(2, name="elsewhere")(tensor))
    with pytest.raises(BuilderError, match="No layer of this model") as refused:
        take_weights(other, weights_by_path(image_model(settings())), "the run a")
    assert refused.value.problems[0].code == "no_weights_fit"


def backbone(weights=None):
    return keras.applications.MobileNet(
        include_top=False, weights=weights, input_shape=(32, 32, 3), alpha=0.25
    )


def test_a_backbone_takes_the_weights_of_a_file(tmp_path):
    source = backbone()
    path = str(tmp_path / "backbone.weights.h5")
    source.save_weights(path)
    keras.utils.set_random_seed(7)
    model = backbone()
    load_backbone(model, lambda: backbone(path), "vision", path)
    for found, wanted in zip(model.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_without_internet_the_block_and_the_ways_out_are_named():
    def refused(*_, **__):
        # What Keras raises on a machine without internet.
        raise Exception("URL fetch failure on https://example.org/w.h5: None -- [Errno -2] Name unknown")

    with pytest.raises(BuilderError, match="cannot reach") as offline:
        load_backbone(backbone(), refused, "vision", "imagenet")
    (problem,) = offline.value.problems
    assert (problem.code, problem.block, problem.field) == ("weights_offline", "vision", "weights")
    assert "https://example.org/w.h5" in problem.message


def test_a_file_of_another_network_is_refused_in_words(tmp_path):
    tensor = keras.Input((4,))
    path = str(tmp_path / "other.weights.h5")
    keras.Model(tensor, keras.layers.Dense(2)(tensor)).save_weights(path)
    with pytest.raises(BuilderError, match="do not fit 'vision'"):
        load_backbone(backbone(), lambda: backbone(path), "vision", path)
