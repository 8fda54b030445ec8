"""The script of every block builds the same model as the builder."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from executing import assert_same, assert_same_configuration
from graph_cases import KINDS, chain, example, image_spec, mixed_spec, project

from builder.blocks import registry
from builder.codegen import script
from builder.graph import Edge, Graph, Node

WRITTEN = KINDS
# The configuration of a layer that a script carries does not say what the layer does. AugMix draws anew at
# every call, and a backbone's own carried layer is the one that reverses channels, which has its own test.
CARRIED = [
    kind
    for kind in WRITTEN
    if any(inspect.isclass(item) for item in registry()[kind].sources)
    and kind not in ("aug_mix.v1", "pretrained_backbone.v1", "keras_hub_backbone.v1")
]


@pytest.mark.parametrize("kind", WRITTEN)
def test_the_script_of_every_block_builds_the_same_model(kind: str, tmp_path: Path) -> None:
    graph, spec = example(kind)
    case = project(graph)
    assert_same_configuration(case, spec, tmp_path)
    assert "builder" not in script(case, spec)


@pytest.mark.parametrize("kind", CARRIED)
def test_a_carried_layer_computes_the_same(kind: str, tmp_path: Path) -> None:
    graph, spec = example(kind)
    assert_same(project(graph), spec, tmp_path)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (
            "conv2d.v1",
            {
                "strides": [2, 2],
                "padding": "same",
                "use_bias": False,
                "kernel_regularizer": 0.001,
                "activation": "gelu",
            },
        ),
        ("conv1d.v1", {"padding": "causal", "dilation_rate": 2, "kernel_initializer": "he_normal"}),
        ("bidirectional.v1", {"layer": "gru", "units": 4, "merge_mode": "sum", "return_sequences": True}),
        ("multi_head_attention.v1", {"num_heads": 2, "key_dim": 4, "use_causal_mask": True, "dropout": 0.1}),
        ("residual_block.v1", {"filters": 4, "strides": 2}),
        ("convolution_block.v1", {"normalization": "layer", "pool": "average", "dropout": 0.2}),
        ("transformer_encoder.v1", {"normalization": "pre", "num_heads": 2, "key_dim": 4}),
        ("lstm_stack.v1", {"units": 4, "depth": 3, "bidirectional": True}),
        ("regression_head.v1", {"hidden_units": 5, "dropout": 0.1, "scale": 2.0}),
        ("max_pooling2d.v1", {"pool_size": [3, 3], "strides": [1, 2], "padding": "same"}),
    ],
)
def test_settings_reach_the_script(kind: str, parameters: dict[str, Any], tmp_path: Path) -> None:
    graph, spec = example(kind, parameters)
    assert_same(project(graph), spec, tmp_path)


def test_masked_text_beside_a_table_builds_the_same_model(tmp_path: Path) -> None:
    nodes = (
        Node("text", "input.v1", {"source": "text"}),
        Node("features", "input.v1", {"source": "features"}),
        Node("embedding", "embedding.v1", {"output_dim": 4, "mask_zero": True}),
        Node("lstm", "lstm.v1", {"units": 4}),
        Node("concatenate", "concatenate.v1"),
        Node("output", "classification_head.v1", {"activation": "sigmoid"}),
    )
    edges = (
        Edge("text", "embedding"),
        Edge("embedding", "lstm"),
        Edge("lstm", "concatenate", "inputs"),
        Edge("features", "concatenate", "inputs"),
        Edge("concatenate", "output"),
    )
    assert_same(project(Graph(nodes, edges)), mixed_spec(), tmp_path)


def test_blocks_may_bear_the_names_of_functions_modules_and_keywords(tmp_path: Path) -> None:
    graph = chain(
        ("input", "input.v1"),
        ("layers", "convolution_block.v1", {"filters": 4}),
        ("residual_block", "residual_block.v1", {"filters": 4}),
        ("residual_block_", "residual_block.v1", {"filters": 4}),
        ("lambda", "flatten.v1"),
        ("classification_head", "classification_head.v1"),
    )
    assert_same(project(graph, "The 'best' \"model\""), image_spec(), tmp_path)
