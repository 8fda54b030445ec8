"""Settings of weights that Keras takes without a word until the model is built, or trained."""

from typing import Any

import pytest
from graph_cases import chain, image_spec, project, text_spec

from builder.blocks import registry
from builder.blocks.keras_objects import module_of
from builder.compiler import build, check
from builder.graph import Graph

IMAGE, TEXT = ("picture", "input.v1"), ("words", "input.v1")
EMBEDDING = ("embedding", "embedding.v1", {"output_dim": 4})
FLAT, HEAD = ("flat", "flatten.v1"), ("head", "classification_head.v1")
HELD_ALONG = {"class_name": "MaxNorm", "config": {"max_value": 2.0, "axis": 3}}


def with_dense(**parameters: Any) -> Graph:
    return chain(IMAGE, FLAT, ("between", "dense.v1", {"activation": "relu", **parameters}), HEAD)


def with_convolution(**parameters: Any) -> Graph:
    return chain(IMAGE, ("between", "conv2d.v1", {"activation": "relu", **parameters}), FLAT, HEAD)


def with_recurrence(**parameters: Any) -> Graph:
    return chain(TEXT, EMBEDDING, ("between", "lstm.v1", parameters), HEAD)


REFUSED = {
    "offsets that begin as a matrix": with_dense(bias_initializer="orthogonal"),
    "windows that begin as a unit matrix": with_convolution(kernel_initializer="identity"),
    "offsets of gates": with_recurrence(bias_initializer="orthogonal"),
    "weights that begin as waves": with_dense(kernel_initializer="stft"),
    "windows that should stand square": with_convolution(kernel_regularizer="orthogonal_regularizer"),
    "pictures that should stand square": with_convolution(activity_regularizer="orthogonal_regularizer"),
    "an axis that the weights do not have": with_dense(kernel_constraint=HELD_ALONG),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_setting_that_the_weights_cannot_have_is_told_at_its_block(case: str) -> None:
    graph = REFUSED[case]
    spec = text_spec() if graph.has("words") else image_spec()
    problems = [problem for problem in check(project(graph), spec) if problem.severity == "error"]
    assert [(problem.code, problem.block) for problem in problems] == [("refused_by_keras", "between")]
    assert "weights of shape" in problems[0].message or "values of shape" in problems[0].message


@pytest.mark.parametrize(
    "graph",
    [
        with_dense(kernel_initializer="orthogonal", kernel_regularizer="orthogonal_regularizer"),
        with_dense(activity_regularizer="orthogonal_regularizer", kernel_constraint="max_norm"),
        with_convolution(kernel_initializer="orthogonal", kernel_constraint=HELD_ALONG),
        with_recurrence(recurrent_initializer="identity"),
    ],
)
def test_a_setting_that_the_weights_can_have_is_let_through(graph: Graph) -> None:
    spec = text_spec() if graph.has("words") else image_spec()
    assert [problem for problem in check(project(graph), spec) if problem.severity == "error"] == []
    build(project(graph), spec)


def test_every_name_that_is_offered_is_one_that_keras_knows_by_itself() -> None:
    for parameter in registry()["dense.v1"].parameters:
        module = module_of(parameter.name)
        for name in parameter.to_json().get("options", []) if module else []:
            assert module is not None and module.get(name) is not None
