"""Warnings about faults in the design of models that work, and the repairs that end them."""

from __future__ import annotations

from typing import Any

import pytest
from graph_cases import chain, image_spec, regression_spec, table_spec, text_spec

from builder.compiler import infer
from builder.data.spec import DataSpec
from builder.graph import Edge, Graph, Node

PICTURE = ("picture", "input.v1")
TABLE = ("table", "input.v1")
TEXT = ("words", "input.v1")
FLAT = ("flat", "flatten.v1")
HEAD = ("head", "classification_head.v1")


def dense(name: str, activation: str = "relu", units: int = 8) -> tuple[str, str, dict[str, Any]]:
    return name, "dense.v1", {"units": units, "activation": activation}


def conv(name: str, **values: Any) -> tuple[str, str, dict[str, Any]]:
    return name, "conv2d.v1", {"filters": 8, "activation": "relu", "padding": "same", **values}


SOFTMAX = {"activation": "softmax"}
ENCODER = ("encoder", "transformer_encoder.v1", {"num_heads": 2, "key_dim": 4, "feed_forward_dim": 8})
POOLS = [(f"pool_{number}", "max_pooling2d.v1") for number in range(1, 4)]
MEAN = ("mean", "global_average_pooling2d.v1")

# graph, data, the code of the warning, the block it is pinned to, whether a repair ends it
CASES: dict[str, tuple[Graph, DataSpec, str, str, bool]] = {
    "softmax twice": (
        chain(TABLE, dense("d"), dense("scores", "softmax", 3), ("again", "activation.v1", SOFTMAX)),
        table_spec(3),
        "two_softmaxes",
        "again",
        True,
    ),
    "softmax twice with a dropout between": (
        chain(TABLE, HEAD, ("drop", "dropout.v1", {"rate": 0.1}), ("again", "activation.v1", SOFTMAX)),
        table_spec(3),
        "two_softmaxes",
        "again",
        True,
    ),
    "softmax in a hidden block": (
        chain(TABLE, dense("hidden", "softmax"), HEAD),
        table_spec(),
        "softmax_inside",
        "hidden",
        True,
    ),
    "normalization after softmax": (
        chain(TABLE, dense("d"), dense("scores", "softmax", 3), ("norm", "batch_normalization.v1")),
        table_spec(3),
        "softmax_before_logits_loss",
        "norm",
        True,
    ),
    "sigmoid four deep": (
        chain(TABLE, *(dense(f"d{number}", "sigmoid") for number in range(4)), HEAD),
        table_spec(),
        "saturating_stack",
        "d0",
        True,
    ),
    "tanh as blocks of their own": (
        chain(
            TABLE,
            *(
                block
                for number in range(4)
                for block in (
                    dense(f"d{number}", "linear"),
                    (f"a{number}", "activation.v1", {"activation": "tanh"}),
                )
            ),
            HEAD,
        ),
        table_spec(),
        "saturating_stack",
        "a0",
        True,
    ),
    "bias before batch normalization": (
        chain(PICTURE, conv("c", activation="linear"), ("norm", "batch_normalization.v1"), MEAN, HEAD),
        image_spec(),
        "bias_before_normalization",
        "c",
        True,
    ),
    "a Dense block of eleven million weights": (
        chain(TABLE, dense("wide", units=4_000), dense("wider", units=4_000), HEAD),
        table_spec(),
        "large_dense",
        "wider",
        True,
    ),
    "one pixel left": (
        chain(PICTURE, conv("c1"), *POOLS, conv("c2"), MEAN, HEAD),
        image_spec(8),
        "picture_vanished",
        "c2",
        True,
    ),
    "short-sighted": (
        chain(PICTURE, conv("c1"), conv("c2"), MEAN, HEAD),
        image_spec(64),
        "short_sighted",
        "c2",
        False,
    ),
    "no positions": (
        chain(
            TEXT,
            ("embedding", "embedding.v1", {"output_dim": 8}),
            ENCODER,
            ("mean", "global_average_pooling1d.v1"),
            HEAD,
        ),
        text_spec(),
        "no_positions",
        "encoder",
        True,
    ),
}


def found(graph: Graph, spec: DataSpec, code: str) -> list[dict[str, Any]]:
    problems = infer(graph.to_json(), spec.to_json())["problems"]
    assert [problem for problem in problems if problem["severity"] == "error"] == []
    return [problem for problem in problems if problem["code"] == code]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_fault_is_told_once_and_its_repair_ends_it(case: tuple[Graph, DataSpec, str, str, bool]) -> None:
    graph, spec, code, block, has_repair = case
    problems = found(graph, spec, code)
    assert [problem["block"] for problem in problems] == [block]
    assert problems[0]["severity"] == "warning"
    assert (problems[0]["repair"] is not None) == has_repair
    if has_repair:
        assert found(graph.edited(problems[0]["repair"]["edits"]), spec, code) == []


FINE: dict[str, tuple[Graph, DataSpec, str]] = {
    "three sigmoids": (
        chain(TABLE, *(dense(f"d{number}", "sigmoid") for number in range(3)), HEAD),
        table_spec(),
        "saturating_stack",
    ),
    "normalized sigmoids": (
        chain(
            TABLE,
            dense("d1", "sigmoid"),
            dense("d2", "sigmoid"),
            ("norm", "batch_normalization.v1"),
            dense("d3", "sigmoid"),
            dense("d4", "sigmoid"),
            HEAD,
        ),
        table_spec(),
        "saturating_stack",
    ),
    "few pixels, but all of them flattened": (
        chain(PICTURE, conv("c1"), FLAT, HEAD),
        image_spec(64),
        "short_sighted",
    ),
    "a bias that an activation follows": (
        chain(PICTURE, conv("c"), ("norm", "batch_normalization.v1"), MEAN, HEAD),
        image_spec(),
        "bias_before_normalization",
    ),
}


@pytest.mark.parametrize("case", FINE.values(), ids=FINE.keys())
def test_what_is_fine_is_left_alone(case: tuple[Graph, DataSpec, str]) -> None:
    graph, spec, code = case
    assert found(graph, spec, code) == []


def test_a_softmax_that_weighs_another_branch_is_meant() -> None:
    nodes = (
        Node("table", "input.v1"),
        Node("weights", "dense.v1", {"units": 10, "activation": "softmax"}),
        Node("weighed", "multiply.v1"),
        Node("head", "classification_head.v1"),
    )
    edges = (
        Edge("table", "weights"),
        Edge("table", "weighed", "inputs"),
        Edge("weights", "weighed", "inputs"),
        Edge("weighed", "head"),
    )
    assert found(Graph(nodes, edges), table_spec(), "softmax_inside") == []


@pytest.mark.parametrize("last", [("flat", "flatten.v1"), ("shaped", "reshape.v1", {"target_shape": [3]})])
def test_the_output_activation_is_seen_through_blocks_that_only_move_values(last: Any) -> None:
    graph = chain(TABLE, dense("d"), dense("scores", "softmax", 3), last)
    assert found(graph, table_spec(3), "output_activation") == []


def test_late_fusion_that_gives_probabilities_is_not_told_to_give_them() -> None:
    nodes = (Node("table", "input.v1"), Node("first", "dense.v1"), Node("head", "late_fusion.v1"))
    edges = (Edge("table", "first"), Edge("table", "head", "inputs"), Edge("first", "head", "inputs"))
    assert found(Graph(nodes, edges), table_spec(3), "output_activation") == []


def test_an_activation_that_a_regression_hides_behind_a_reshape_is_told() -> None:
    graph = chain(
        TABLE, dense("d"), dense("answer", "relu", 1), ("shaped", "reshape.v1", {"target_shape": [1]})
    )
    (problem,) = found(graph, regression_spec(), "output_activation")
    assert problem["repair"]["edits"][0]["id"] == "answer"


@pytest.mark.parametrize(
    "kind", ["rms_normalization.v1", "residual_block.v1", "squeeze_and_excitation.v1", "inception_block.v1"]
)
def test_a_block_after_which_padding_counts_as_text_is_told_whatever_its_kind(kind: str) -> None:
    embedding = ("embedding", "embedding.v1", {"output_dim": 8, "mask_zero": True})
    graph = chain(("words", "input.v1"), embedding, ("between", kind), ("pool", "lstm.v1"), HEAD)
    told = infer(graph.to_json(), text_spec().to_json())["problems"]
    assert [problem["block"] for problem in told if problem["code"] == "mask_lost"] == ["between"]


@pytest.mark.parametrize(
    ("kind", "query", "looked_up"),
    [
        ("cross_attention.v1", "input", "context"),
        ("multi_head_attention.v1", "query", "value"),
        ("cross_modal_attention.v1", "first", "second"),
    ],
)
def test_words_that_are_only_looked_up_lose_no_mask(kind: str, query: str, looked_up: str) -> None:
    nodes = (
        Node("words", "input.v1"),
        Node("embedding", "embedding.v1", {"output_dim": 8, "mask_zero": True}),
        Node("unmarked", "conv1d.v1", {"filters": 8, "kernel_size": 1}),
        Node("attention", kind),
        Node("pool", "global_average_pooling1d.v1"),
        Node("head", "classification_head.v1"),
    )
    edges = (
        Edge("words", "embedding"),
        Edge("embedding", "unmarked"),
        Edge("unmarked", "attention", query),
        Edge("embedding", "attention", looked_up),
        Edge("attention", "pool"),
        Edge("pool", "head"),
    )
    told = infer(Graph(nodes, edges).to_json(), text_spec().to_json())["problems"]
    assert [problem["block"] for problem in told if problem["code"] == "mask_lost"] == ["unmarked"]
