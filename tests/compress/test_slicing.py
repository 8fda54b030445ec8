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


def slopes_model(filters, shared_axes):
    image = keras.Input((8, 8, 1), name="image")
    x = keras.layers.Conv2D(filters, 3, name="conv")(image)
    x = keras.layers.PReLU("random_normal", shared_axes=shared_axes, name="slopes")(x)
    x = keras.layers.GlobalMaxPooling2D(name="pool")(x)
    return keras.Model(image, keras.layers.Dense(3, name="head")(x))


@pytest.mark.parametrize("shared_axes", [None, [1, 2], [1, 2, 3]])
def test_learned_slopes_are_cut_with_their_channels(shared_axes):
    keras.utils.set_random_seed(1)
    large, small = slopes_model(8, shared_axes), slopes_model(4, shared_axes)
    silence(large, small)
    slice_weights(large, small)
    images = np.random.default_rng(1).normal(size=(4, 8, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(small(images)), np.asarray(large(images)), atol=1e-5)


def shared_model(units):
    entering = [keras.Input((4,), name=name) for name in ("one", "other")]
    shared = keras.layers.Dense(3, name="shared")
    made = [shared(keras.layers.Dense(units, name=f"{tensor.name}_dense")(tensor)) for tensor in entering]
    return keras.Model(entering, made)


def test_a_shared_layer_reads_the_same_channels_every_time():
    large, small = shared_model(4), shared_model(2)
    # By itself, each branch would keep other channels.
    for name, sizes in (("one", [1.0, 1.0, 0.0, 0.0]), ("other", [0.5, 0.5, 1.0, 1.0])):
        large.get_layer(f"{name}_dense").kernel.assign(np.tile(sizes, (4, 1)))
    slice_weights(large, small)
    before, after = (np.asarray(model.get_layer("shared").kernel) for model in (large, small))
    assert np.array_equal(after, before[:2])
    for name in ("one", "other"):
        before, after = (np.asarray(model.get_layer(f"{name}_dense").kernel) for model in (large, small))
        assert np.array_equal(after, before[:, :2])


def model_with(layer, shape, filters):
    """Return a model of a layer that stays as it is between others, of which the second may be cut."""
    image = keras.Input(shape, name="image")
    convolution = keras.layers.Conv2D if len(shape) == 3 else keras.layers.Conv3D
    x = layer.from_config(layer.get_config())(convolution(8, 1, name="before")(image))
    x = keras.layers.GlobalAveragePooling2D(name="pool")(keras.layers.Conv2D(filters, 1, name="after")(x))
    return keras.Model(image, keras.layers.Dense(3, name="head")(x))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (keras.layers.Conv2D(8, 3, groups=2, name="grouped"), (6, 6, 2)),
        (keras.layers.DepthwiseConv2D(3, depth_multiplier=2, name="multiplied"), (6, 6, 2)),
        (keras.layers.ConvLSTM2D(4, 3, name="over_time"), (3, 6, 6, 2)),
    ],
)
def test_a_layer_that_works_otherwise_stays_as_it_is(layer, shape):
    large, small = (model_with(layer, shape, filters) for filters in (4, 2))
    silence(large, small)
    slice_weights(large, small)
    images = np.random.default_rng(1).normal(size=(4, *shape)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(small(images)), np.asarray(large(images)), atol=1e-5)


def weighed_model(filters):
    image = keras.Input((6, 6, 2), name="image")
    wide, gate = keras.layers.Conv2D(8, 3, name="wide")(image), keras.layers.Conv2D(1, 3, name="gate")(image)
    x = keras.layers.Conv2D(filters, 1, name="after")(keras.layers.Multiply(name="weighed")([gate, wide]))
    x = keras.layers.GlobalMaxPooling2D(name="pool")(x)
    return keras.Model(image, keras.layers.Dense(3, name="head")(x))


def test_one_channel_that_weighs_others_stays_as_it_is():
    large, small = weighed_model(4), weighed_model(2)
    silence(large, small)
    slice_weights(large, small)
    images = np.random.default_rng(1).normal(size=(4, 6, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(small(images)), np.asarray(large(images)), atol=1e-5)


def drawn(nodes, edges):
    """Return a graph of nodes (name, kind, parameters) and edges (source, target)."""
    kinds = {name: kind for name, kind, _ in nodes}
    ports = dict.fromkeys(("concatenate", "multiply"), {"target_port": "inputs"})
    return Graph.from_json(
        {
            "nodes": [
                {"id": name, "kind": f"{kind}.v1", "parameters": parameters, "position": [0, 0]}
                for name, kind, parameters in nodes
            ],
            "edges": [
                {"source": source, "target": target} | ports.get(kinds[target], {})
                for source, target in edges
            ],
        }
    )


def test_a_shortcut_over_channels_of_several_blocks_leaves_them_all():
    convolution = {"filters": 8, "kernel_size": [3, 3], "padding": "same"}
    nodes = (
        ("input", "input", {}),
        ("left", "conv2d", convolution),
        ("right", "conv2d", convolution),
        ("joined", "concatenate", {}),
        ("residual", "residual_block", {"filters": 16}),
        ("after", "conv2d", convolution),
        ("output", "global_average_pooling2d", {}),
        ("head", "classification_head", {}),
    )
    edges = [("input", "left"), ("input", "right"), ("left", "joined"), ("right", "joined")]
    edges += [("joined", "residual"), ("residual", "after"), ("after", "output"), ("output", "head")]
    found = cut_graph(drawn(nodes, edges), SHARES)
    assert list(found.cut) == ["after"] and found.left.keys() == {"left", "right", "residual"}
    wider = [*nodes[:4], ("residual", "residual_block", {"filters": 32}), *nodes[5:]]
    assert cut_graph(drawn(wider, edges), SHARES).cut.keys() == {"left", "right", "residual", "after"}
    # How many channels these branches put out together is not seen in the graph.
    unknown = [nodes[0], ("joined", "inception_block", {}), *nodes[4:]]
    assert list(cut_graph(drawn(unknown, [("input", "joined"), *edges[4:]]), SHARES).cut) == ["after"]


def test_channels_that_one_channel_weighs_are_left_with_the_reason():
    nodes = [
        ("input", "input", {}),
        ("wide", "conv2d", {"filters": 8}),
        ("gate", "conv2d", {"filters": 1, "activation": "sigmoid"}),
        ("weighed", "multiply", {}),
        ("after", "conv2d", {"filters": 8}),
        ("pool", "global_average_pooling2d", {}),
        ("head", "classification_head", {}),
    ]
    edges = [("input", "wide"), ("input", "gate"), ("wide", "weighed"), ("gate", "weighed")]
    edges += [("weighed", "after"), ("after", "pool"), ("pool", "head")]
    found = cut_graph(drawn(nodes, edges), SHARES)
    assert list(found.cut) == ["after"]
    assert "another number of channels" in found.left["wide"]


def test_what_is_joined_along_the_places_is_left_with_the_reason():
    nodes = [
        ("input", "input", {}),
        ("above", "dense", {"units": 8}),
        ("below", "dense", {"units": 8}),
        ("joined", "concatenate", {"axis": 1}),
        ("dense", "dense", {"units": 8}),
        ("last", "dense", {"units": 3}),
    ]
    edges = [("input", "above"), ("input", "below"), ("above", "joined"), ("below", "joined")]
    edges += [("joined", "dense"), ("dense", "last")]
    found = cut_graph(drawn(nodes, edges), SHARES)
    assert list(found.cut) == ["dense"]
    assert "leads into 'joined'" in found.left["above"] and "leads into 'joined'" in found.left["below"]
    nodes[3] = ("joined", "concatenate", {"axis": -1})
    assert {"above", "below"} <= cut_graph(drawn(nodes, edges), SHARES).cut.keys()


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
