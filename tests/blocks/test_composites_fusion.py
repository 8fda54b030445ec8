"""Blocks that join modalities and the two sides of GANs, and composites as parts of a graph."""

import keras
import numpy as np
import pytest
from composite_cases import (
    RANDOM,
    assert_same_after_reload,
    model_of,
    outputs,
    random_inputs,
    trainable_size,
)
from graph_cases import arrays_for, chain, image_spec, project, text_spec
from keras import layers

from builder.blocks import registry
from builder.blocks.bottleneck_fusion import bottleneck_fusion
from builder.blocks.cross_modal_attention import cross_modal_attention
from builder.blocks.expansion import expansion
from builder.blocks.feature_fusion import feature_fusion
from builder.blocks.image_gan import image_discriminator, image_generator
from builder.blocks.late_fusion import late_fusion
from builder.blocks.sequence_gan import sequence_discriminator, sequence_generator
from builder.blocks.transformer_encoder import transformer_encoder
from builder.compiler import build
from builder.compiler.analysis import analyse
from builder.compiler.model import assemble
from builder.graph import Edge, Graph, Node

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def several(function, *shapes, **arguments) -> keras.Model:
    """Return a model of a block whose port takes several tensors."""
    return model_of(lambda *inputs: function(list(inputs), **arguments), *shapes)


def dense(model: keras.Model, name: str, values: np.ndarray) -> np.ndarray:
    kernel, bias = model.get_layer(name).get_weights()
    return values @ kernel + bias


def test_gated_fusion_computes_its_formula(tmp_path) -> None:
    model = several(feature_fusion, (3,), (5,), (2,), units=4, method="gated", activation="tanh", name="it")
    inputs = random_inputs(model)
    joined = np.concatenate(inputs, axis=-1)
    expected = 0
    for number, item in enumerate(inputs, start=1):
        gate = 1 / (1 + np.exp(-dense(model, f"it_gate_{number}", joined)))
        expected = expected + gate * np.tanh(dense(model, f"it_dense_{number}", item))
    np.testing.assert_allclose(outputs(model, inputs)[0], expected, **CLOSE)
    assert_same_after_reload(model, tmp_path)


def test_concatenated_fusion_is_one_dense_layer() -> None:
    model = several(feature_fusion, (3,), (5,), units=4, dropout=0.1)
    assert model.count_params() == (3 + 5 + 1) * 4


@pytest.mark.parametrize("method", ["average", "weighted"])
def test_late_fusion_averages_scores(method, tmp_path) -> None:
    model = several(late_fusion, (3,), (5,), units=4, method=method, name="it")
    inputs = random_inputs(model)
    shares = np.array([0.5, 0.5])
    if method == "weighted":
        scores = np.exp(model.get_layer("it_average").get_weights()[0])
        shares = scores / scores.sum()
    mixed = sum(
        share * dense(model, f"it_scores_{place + 1}", inputs[place]) for place, share in enumerate(shares)
    )
    expected = np.exp(mixed) / np.exp(mixed).sum(-1, keepdims=True)
    np.testing.assert_allclose(assert_same_after_reload(model, tmp_path)[0].sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(outputs(model, inputs)[0], expected, **CLOSE)


def test_cross_modal_attention_keeps_both_shapes(tmp_path) -> None:
    model = model_of(cross_modal_attention, (5, 8), (7, 6))
    first, second = assert_same_after_reload(model, tmp_path)
    assert (first.shape, second.shape) == ((2, 5, 8), (2, 7, 6))


def test_bottleneck_fusion_has_the_size_of_its_encoders(tmp_path) -> None:
    width = {"num_heads": 2, "key_dim": 4, "feed_forward_dim": 16}
    model = model_of(bottleneck_fusion, (5, 8), (7, 6), tokens=3, depth=4, **width)
    encoder = model_of(transformer_encoder, (5, 8), **width).count_params()
    # Two streams of four layers, the shared steps, and the projection of the second sequence.
    assert model.count_params() == 2 * 4 * encoder + 3 * 8 + (6 + 1) * 8
    first, second = assert_same_after_reload(model, tmp_path)
    assert (first.shape, second.shape) == ((2, 5, 8), (2, 7, 8))


def test_the_bottleneck_carries_what_the_other_sequence_says_a_layer_later() -> None:
    model = model_of(bottleneck_fusion, (5, 8), (7, 8), tokens=1, depth=2, name="it")
    after_one = keras.Model(model.inputs, model.get_layer("it_first_own_1").output)
    inputs = random_inputs(model)
    changed = [inputs[0], inputs[1] + RANDOM.normal(size=inputs[1].shape).astype("float32")]
    np.testing.assert_array_equal(outputs(after_one, inputs)[0], outputs(after_one, changed)[0])
    assert (outputs(model, inputs)[0] != outputs(model, changed)[0]).any()


def test_the_generator_of_64_pixels_is_that_of_dcgan() -> None:
    model = model_of(image_generator, (100,), height=64, width=64, channels=3, filters=128, name="it")
    shapes = [layer.output.shape[1:] for layer in model.layers if isinstance(layer, layers.Conv2DTranspose)]
    assert model.get_layer("it_reshape").output.shape == (None, 4, 4, 1024)
    assert shapes == [(8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 3)]
    norms = 2 * (1024 + 512 + 256 + 128)
    windows = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 3
    assert trainable_size(model) == 100 * 4 * 4 * 1024 + windows + norms


def test_the_discriminator_of_64_pixels_is_that_of_dcgan() -> None:
    model = model_of(image_discriminator, (64, 64, 3), filters=128)
    norms = 2 * (256 + 512 + 1024)
    windows = 25 * (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024) + 128
    assert trainable_size(model) == windows + norms + 4 * 4 * 1024 + 1


@pytest.mark.parametrize("size", [(28, 28), (33, 50), (7, 5), (1, 9)])
def test_images_of_any_size_are_made_and_judged(size, tmp_path) -> None:
    height, width = size
    maker = model_of(image_generator, (6,), height=height, width=width, channels=2, filters=4)
    (image,) = assert_same_after_reload(maker, tmp_path)
    assert image.shape == (2, height, width, 2)
    assert np.abs(image).max() <= 1
    judge = model_of(image_discriminator, (height, width, 2), filters=4, dropout=0.1)
    (verdict,) = outputs(judge, [image])
    assert verdict.shape == (2, 1)
    assert ((verdict > 0) & (verdict < 1)).all()


@pytest.mark.parametrize("noise", [(6,), (9, 6)], ids=["vector", "sequence"])
def test_sequences_are_made_and_judged(noise, tmp_path) -> None:
    maker = model_of(sequence_generator, noise, steps=9, features=3, units=5)
    (sequence,) = assert_same_after_reload(maker, tmp_path)
    assert sequence.shape == (2, 9, 3)
    lstm = 4 * ((6 + 5) * 5 + 5) + 4 * ((5 + 5) * 5 + 5)
    assert maker.count_params() == lstm + 5 * 3 + 3
    judge = model_of(sequence_discriminator, (9, 3), units=5)
    assert assert_same_after_reload(judge, tmp_path)[0].shape == (2, 1)
    assert judge.count_params() == 2 * 4 * ((3 + 5) * 5 + 5) + 2 * 4 * ((10 + 5) * 5 + 5) + 11


TEXT = (("text", "input.v1"), ("embedded", "token_and_position_embedding.v1", {"output_dim": 8}))


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("token_classification_head.v1", 4),
        ("language_model_head.v1", 30),
        ("masked_language_model_head.v1", 30),
        ("next_sentence_head.v1", 2),
    ],
)
def test_a_graph_may_end_in_a_head_of_a_sequence(kind, size) -> None:
    spec = text_spec(classes=4)
    analysis = analyse(chain(*TEXT, ("it", kind)), spec)
    model = assemble(analysis, "case")
    result = np.asarray(model([arrays_for(spec)["tokens"]]))
    assert result.shape[-1] == size
    assert np.isfinite(result).all()


def test_a_graph_may_end_in_a_segmentation_head() -> None:
    spec = image_spec(size=9, classes=5)
    nodes = (
        ("picture", "input.v1"),
        ("down", "unet_down.v1"),
        ("up", "unet_up.v1"),
        ("it", "segmentation_head.v1"),
    )
    edges = (
        Edge("picture", "down"),
        Edge("down", "up", "lower"),
        Edge("down", "up", "skip", "skip"),
        Edge("up", "it"),
    )
    graph = Graph(tuple(Node(*node) for node in nodes), edges)
    model = assemble(analyse(graph, spec), "case")
    assert model.output_shape == (None, 9, 9, 5)


def test_a_decoder_needs_no_memory() -> None:
    ends = ("pool", "global_average_pooling1d.v1"), ("head", "classification_head.v1")
    alone = chain(*TEXT, ("it", "transformer_decoder.v1"), *ends)
    graph = Graph(alone.nodes, (*alone.edges, Edge("embedded", "it", "memory")))
    with_memory, without = (build(project(item), text_spec()) for item in (graph, alone))
    assert with_memory.count_params() - without.count_params() == 4 * (4 * 16 * 8) + 3 * 64 + 8 + 2 * 8


COMPOSITES = [
    block for block in registry().values() if block.function and not block.is_layer and block.inputs
]


def test_an_expansion_tells_the_layers_of_a_composite() -> None:
    found = expansion(registry()["squeeze_and_excitation.v1"])
    assert found == [
        {"name": "squeeze", "layer": "GlobalAveragePooling2D", "inputs": ["input"]},
        {"name": "reduce", "layer": "Dense", "inputs": ["squeeze"]},
        {"name": "excite", "layer": "Dense", "inputs": ["reduce"]},
        {"name": "scale", "layer": "Multiply", "inputs": ["input", "excite"]},
    ]
    assert expansion(registry()["dense.v1"]) == expansion(registry()["input.v1"]) == []


@pytest.mark.parametrize("block", COMPOSITES, ids=lambda block: block.kind)
def test_an_expansion_is_whole_and_always_the_same(block) -> None:
    found = expansion(block)
    assert found and found == expansion(block)
    names = [item["name"] for item in found]
    assert len(set(names)) == len(names)
    known = {port.name for port in block.inputs} | {
        f"{port.name}_{n}" for port in block.inputs for n in (1, 2)
    }
    for item in found:
        assert item["inputs"] and set(item["inputs"]) <= known
        known.add(item["name"])
