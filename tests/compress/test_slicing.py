"""Cutting units: the smaller model answers as the larger one where what was cut did nothing."""

import keras
import numpy as np
import pytest

from builder import compiler
from builder.compress.cutting import cut_graph
from builder.compress.slicing import slice_weights
from builder.data.prepare import prepare
from builder.errors import BuilderError
from builder.graph import Graph
from builder.project import DataRecipe, Project, load_preset

SHARES = {"share": 0.5, "feed_forward_share": 0.5, "heads_share": 0.5}
# Of every kind of structure one: flattened, added, weighed, concatenated, attended to.
PRESETS = (
    "images/resnet",
    "images/vit",
    pytest.param("images/cnn", marks=pytest.mark.exhaustive),
    pytest.param("images/squeeze_excitation", marks=pytest.mark.exhaustive),
    pytest.param("images/mobilenet", marks=pytest.mark.exhaustive),
    pytest.param("text/cnn", marks=pytest.mark.exhaustive),
)


def built(preset, folder):
    project = load_preset(preset)
    spec = prepare(project.data, folder).spec
    return project, spec, compiler.build(project, spec)


def silence(model, small):
    """Take all weights from what is going to be cut, so that it makes nothing but zeros."""
    for layer in model.layers:
        other = small.get_layer(layer.name)
        for weight, wanted in zip(layer.weights, other.weights, strict=True):
            values = np.array(weight)
            if "variance" in weight.path:
                continue
            for axis, (before, after) in enumerate(zip(weight.shape, wanted.shape, strict=True)):
                is_input = values.ndim > 1 and axis < values.ndim - 1 and "attention" not in weight.path
                if after < before and not is_input and "gate" not in weight.path:
                    view = np.moveaxis(values, axis, 0)
                    view[np.arange(before) % 2 == 1] = 0.0
            weight.assign(values)


@pytest.mark.parametrize("preset", PRESETS)
def test_what_makes_only_zeros_can_be_cut_without_a_difference(preset, tmp_path):
    project, spec, large = built(preset, tmp_path)
    found = cut_graph(project.model, SHARES)
    assert found.cut
    small = compiler.build(project.with_model(found.graph), spec)
    assert small.count_params() < 0.7 * large.count_params() or preset == "text/cnn"
    silence(large, small)
    slice_weights(large, small)
    random = np.random.default_rng(1)
    arrays = {item.name: random.integers(0, 200, (4, *item.shape)).astype(item.dtype) for item in spec.arrays}
    np.testing.assert_allclose(np.asarray(small(arrays)), np.asarray(large(arrays)), atol=1e-5)


def test_blocks_whose_channels_are_added_are_cut_together_or_left():
    found = cut_graph(load_preset("images/resnet").model, SHARES)
    assert found.cut["stem"] == found.cut["residual_1"] == {"filters": (16, 8)}
    document = load_preset("images/resnet").model.to_json()
    document["nodes"][1]["frozen"] = True
    left = cut_graph(Graph.from_json(document), SHARES)
    assert "frozen" in left.left["stem"] and "frozen" in left.left["residual_1"]
    assert "residual_2" in left.cut


def test_the_last_block_and_what_only_whole_blocks_read_are_left_with_the_reason():
    found = cut_graph(load_preset("text/transformer").model, SHARES)
    assert found.cut == {"encoder": {"num_heads": (4, 2), "feed_forward_dim": (128, 64)}}
    graph = Graph.from_json(
        {
            "nodes": [
                {"id": "input", "kind": "input.v1", "parameters": {}, "position": [0, 0]},
                {"id": "dense", "kind": "dense.v1", "parameters": {"units": 8}, "position": [0, 0]},
                {"id": "shape", "kind": "reshape.v1", "parameters": {}, "position": [0, 0]},
                {"id": "last", "kind": "dense.v1", "parameters": {"units": 3}, "position": [0, 0]},
            ],
            "edges": [
                {"source": "input", "target": "dense"},
                {"source": "dense", "target": "shape"},
                {"source": "shape", "target": "last"},
            ],
        }
    )
    found = cut_graph(graph, SHARES)
    assert not found.cut
    assert found.left == {
        "dense": "it leads into 'shape', which reads all of its channels",
        "last": "its units are the model's answers",
    }


def test_a_model_of_other_layers_is_refused_in_words(tmp_path):
    project = Project("Small", DataRecipe({"kind": "sample", "name": "digits"}), Graph())
    image = keras.Input((8,), name="image")
    large = keras.Model(image, keras.layers.Dense(3, name="one")(image), name=project.name)
    small = keras.Model(image, keras.layers.Dense(3, name="other")(image))
    with pytest.raises(BuilderError, match="layer 'one' of the trained model does not fit"):
        slice_weights(large, small)
