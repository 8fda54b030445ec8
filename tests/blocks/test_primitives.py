"""What blocks of single Keras layers can express beyond their defaults, and which rules speak of them."""

from typing import Any

import keras
import numpy as np
import pytest
from graph_cases import chain, image_spec, text_spec

from builder.blocks import registry
from builder.compiler import build_free, infer
from builder.graph import Edge, Graph, Node
from builder.params import check_all

OF_KERAS = [
    block
    for block in registry().values()
    if getattr(keras.layers, block.path.removeprefix("layers."), None) is block.function is not None
]
# In a saved configuration, but no choice of the person who builds a model.
NOT_CHOSEN = {
    "name": "the node has it",
    "trainable": "the node may be frozen",
    "quantization_config": "set by compression",
    "rms_scaling": "an old spelling of RMS normalization",
    "backward_layer": "the forward layer turned around",
}


def free(shape: list[int], *blocks: tuple[str, str, dict[str, Any]], dtype: str = "float32") -> keras.Model:
    """Return the model of a chain behind a free input."""
    return build_free(chain(("x", "tensor_input.v1", {"shape": shape, "dtype": dtype}), *blocks), "case")


def problems(graph: Graph, spec: Any) -> list[tuple[str, str]]:
    """Return the code and the block of each problem."""
    return [(item["code"], item["block"]) for item in infer(graph.to_json(), spec.to_json())["problems"]]


@pytest.mark.parametrize("block", OF_KERAS, ids=lambda block: block.kind)
def test_a_saved_configuration_has_nothing_that_the_block_cannot_say(block) -> None:
    values = {parameter.name: parameter.default for parameter in block.parameters}
    values |= dict.fromkeys(block.automatic, 20)
    config = block.call(values, "it").run().get_config()
    left = set(config) - set(values) - set(NOT_CHOSEN)
    # Some image layers save where the channels are, but take it from Keras's general setting only.
    assert left <= {"data_format"}


def test_initializers_regularizers_and_constraints_may_have_settings() -> None:
    scaling = {"class_name": "VarianceScaling", "config": {"scale": 2.0, "mode": "fan_out"}}
    parameters = {
        "kernel_initializer": scaling,
        "bias_initializer": "ones",
        "kernel_regularizer": 0.01,
        "bias_regularizer": {"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.2}},
        "kernel_constraint": "max_norm",
    }
    layer = free([5], ("it", "dense.v1", parameters)).get_layer("it")
    assert (layer.kernel_initializer.scale, layer.kernel_initializer.mode) == (2.0, "fan_out")
    assert isinstance(layer.bias_initializer, keras.initializers.Ones)
    assert layer.kernel_regularizer.l2 == pytest.approx(0.01)
    assert (layer.bias_regularizer.l1, layer.bias_regularizer.l2) == pytest.approx((0.1, 0.2))
    assert isinstance(layer.kernel_constraint, keras.constraints.MaxNorm)


@pytest.mark.parametrize(
    "value",
    [
        {"class_name": "Lambda", "config": {}},
        {"class_name": "HeNormal", "config": {"seed": {"class_name": "Lambda"}}},
        {"class_name": "HeNormal", "config": {}, "module": "os"},
        "os.system",
    ],
)
def test_nothing_but_an_initializer_of_keras_can_be_named(value: Any) -> None:
    block = registry()["dense.v1"]
    assert check_all(block.parameters, {"kernel_initializer": value}, block.label)


def test_a_decoder_starts_from_the_encoders_states() -> None:
    nodes = (
        Node("x", "tensor_input.v1", {"shape": [6, 4]}),
        Node("encoder", "lstm.v1", {"units": 5, "return_state": True}),
        Node("decoder", "lstm.v1", {"units": 5, "return_sequences": True}),
    )
    edges = (
        Edge("x", "encoder"),
        Edge("x", "decoder"),
        Edge("encoder", "decoder", "initial_state", "state_h"),
        Edge("encoder", "decoder", "initial_state", "state_c"),
        Edge("encoder", "end"),
    )
    model = build_free(Graph((*nodes, Node("end", "identity.v1")), edges), "case")
    assert {tuple(tensor.shape) for tensor in model.outputs} == {(None, 6, 5), (None, 5)}
    x = np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    _, *states = encoder(x)
    given = next(np.asarray(item) for item in model(x) if len(item.shape) == 3)
    np.testing.assert_allclose(given, np.asarray(decoder(x, initial_state=states)), rtol=1e-5)
    assert np.abs(given - np.asarray(decoder(x))).max() > 1e-4


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, ["output"]),
        ({"merge_mode": None}, ["output", "backward"]),
        (
            {"layer": "lstm", "return_state": True},
            ["output", "forward_h", "forward_c", "backward_h", "backward_c"],
        ),
        (
            {"layer": "gru", "return_state": True, "merge_mode": None},
            ["output", "backward", "forward_gru_state", "backward_gru_state"],
        ),
        (
            {"layer": "simple_rnn", "return_state": True},
            ["output", "forward_simple_rnn_state", "backward_simple_rnn_state"],
        ),
    ],
)
def test_both_directions_can_be_told_apart(parameters: dict[str, Any], names: list[str]) -> None:
    graph = chain(("x", "tensor_input.v1", {"shape": [6, 4]}), ("it", "bidirectional.v1", parameters))
    told = infer(graph.to_json(), None)
    assert [item for item in told["problems"] if item["code"] != "choose_data_first"] == []
    assert list(told["nodes"]["it"]["outputs"]) == names


def test_attention_tells_its_scores_and_takes_a_key() -> None:
    nodes = (
        Node("x", "tensor_input.v1", {"shape": [6, 8]}),
        Node("key", "dense.v1", {"units": 8}),
        Node("it", "multi_head_attention.v1", {"num_heads": 2, "return_attention_scores": True}),
    )
    edges = (Edge("x", "key"), Edge("x", "it", "query"), Edge("x", "it", "value"), Edge("key", "it", "key"))
    told = infer(Graph(nodes, edges).to_json(), None)
    assert told["nodes"]["it"]["outputs"]["attention_scores"]["shape"] == [None, 2, 6, 6]


def test_a_convolution_goes_over_every_frame_of_a_film() -> None:
    inner = {"kind": "conv2d.v1", "parameters": {"filters": 4, "padding": "same"}}
    model = free([3, 8, 8, 2], ("it", "time_distributed.v1", {"layer": inner}))
    assert model.output_shape == (None, 3, 8, 8, 4)
    assert model.count_params() == 3 * 3 * 2 * 4 + 4


def test_the_layer_inside_a_wrapper_is_checked() -> None:
    block = registry()["spectral_normalization.v1"]
    bad = {"kind": "dense.v1", "parameters": {"units": -1}}
    (problem,) = check_all(block.parameters, {"layer": bad}, block.label)
    assert "a layer with good parameters of its own" in problem.message


def test_each_side_is_padded_and_cut_by_its_own_size() -> None:
    padded = free([2, 2, 1], ("it", "zero_padding2d.v1", {"padding": [1, 0, 0, 2]}))
    result = np.asarray(padded(np.ones((1, 2, 2, 1), "float32")))[0, :, :, 0]
    np.testing.assert_array_equal(result, [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    cut = free([5, 1], ("it", "cropping1d.v1", {"cropping": [1, 2]}))
    steps = np.arange(5, dtype="float32").reshape(1, 5, 1)
    np.testing.assert_array_equal(np.asarray(cut(steps)).ravel(), [1, 2])


def test_an_embedding_turned_around_scores_every_word() -> None:
    model = free(
        [6, 8], ("it", "reversible_embedding.v1", {"input_dim": 30, "output_dim": 8, "reverse": True})
    )
    assert model.output_shape == (None, 6, 30)


def test_numbers_of_another_kind_are_a_setting() -> None:
    model = free([4], ("it", "dense.v1", {"units": 3, "dtype": "bfloat16"}))
    assert model.output.dtype == "bfloat16"


DEEP = ("deep", "reshape.v1", {"target_shape": [2, 4, 8, 3]})
HEAD = ("head", "classification_head.v1")
POOLED = ("pool", "global_average_pooling3d.v1")


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([DEEP, ("it", "conv3d.v1", {"activation": "relu"}), POOLED, HEAD], ("window_too_large", "it")),
        (
            [DEEP, ("it", "average_pooling3d.v1", {"pool_size": [3, 1, 1]}), POOLED, HEAD],
            ("window_too_large", "it"),
        ),
        ([DEEP, HEAD], ("wrong_flow", "head")),
        (
            [
                ("flat", "flatten.v1"),
                ("it", "dense.v1", {"units": 3, "activation": "softmax"}),
                ("end", "gaussian_noise.v1"),
            ],
            ("dropout_at_end", "end"),
        ),
        (
            [
                ("it", "separable_conv2d.v1"),
                ("flat", "conv2d.v1", {"activation": "relu"}),
                ("pool", "global_average_pooling2d.v1"),
                HEAD,
            ],
            ("no_activation_between", "it"),
        ),
    ],
)
def test_rules_speak_of_new_blocks_too(blocks: list[Any], expected: tuple[str, str]) -> None:
    assert expected in problems(chain(("picture", "input.v1"), *blocks), image_spec())


def test_any_recurrent_block_is_told_of_padding_behind_any_regularization() -> None:
    graph = chain(
        ("text", "input.v1"),
        ("embedding", "embedding.v1"),
        ("drop", "spatial_dropout1d.v1"),
        ("it", "simple_rnn.v1"),
        HEAD,
    )
    assert ("reads_padding", "it") in problems(graph, text_spec())
