"""A model that writes is checked for its two inputs and for looking back only; one click mends each fault."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pairs_cases
import pytest
import small_tasks
from graph_cases import KINDS, project, text_spec

from builder import compiler
from builder.blocks import registry
from builder.data.spec import DataSpec
from builder.errors import Problem
from builder.graph import Edge, Graph, Node
from builder.project import Project


@pytest.fixture(scope="module")
def case() -> tuple[Project, DataSpec]:
    _, project, prepared = pairs_cases.built("text_to_text/transformer")
    return project, prepared.spec


def problems_of(project: Project, graph: Graph, spec: DataSpec) -> list[Problem]:
    found = compiler.check(replace(project, model=graph), spec)
    return [problem for problem in found if problem.severity == "error"]


def mended(project: Project, graph: Graph, spec: DataSpec) -> Graph:
    """Click the first repair until nothing is wrong, a few times at most."""
    for _ in range(4):
        problems = problems_of(project, graph, spec)
        if not problems:
            return graph
        repair = next(problem.repair for problem in problems if problem.repair)
        graph = graph.edited(repair.edits)
    raise AssertionError(problems)


def with_node(graph: Graph, name: str, kind: str, **parameters: object) -> Graph:
    nodes = tuple(
        replace(node, kind=kind, parameters=parameters) if node.id == name else node for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def with_block_after_target(graph: Graph, kind: str, **parameters: object) -> Graph:
    edges = [
        replace(edge, source="extra") if edge.source == "target_embedding" else edge for edge in graph.edges
    ]
    nodes = (*graph.nodes, Node("extra", kind, parameters))
    return replace(graph, nodes=nodes, edges=(*edges, Edge("target_embedding", "extra")))


LOOKING_AHEAD: dict[str, Callable[[Graph], Graph]] = {
    "encoder": lambda graph: with_block_after_target(graph, "transformer_encoder.v1", num_heads=2, key_dim=8),
    "self_attention": lambda graph: with_block_after_target(graph, "self_attention.v1", num_heads=2),
    "convolution": lambda graph: with_block_after_target(
        graph, "conv1d.v1", filters=16, kernel_size=3, padding="same"
    ),
    "bidirectional": lambda graph: with_block_after_target(
        graph, "bidirectional.v1", units=16, return_sequences=True, merge_mode="sum"
    ),
    "stack": lambda graph: with_block_after_target(
        graph, "gru_stack.v1", units=8, return_sequences=True, bidirectional=True
    ),
    "features and steps normalized together": lambda graph: with_block_after_target(
        graph, "layer_normalization.v1", axis=[1, 2]
    ),
}


@pytest.mark.parametrize("name", LOOKING_AHEAD)
def test_what_looks_ahead_is_named_and_mended_by_one_click(case, name: str) -> None:
    project, spec = case
    graph = LOOKING_AHEAD[name](project.model)
    problems = problems_of(project, graph, spec)
    assert [(problem.code, problem.block) for problem in problems] == [("decoder_looks_ahead", "extra")]
    assert problems_of(project, graph.edited(problems[0].repair.edits), spec) == []


def test_a_memory_made_of_the_answer_is_refused(case) -> None:
    project, spec = case
    edges = tuple(
        replace(edge, source="target_embedding") if edge.target_port == "memory" else edge
        for edge in project.model.edges
    )
    problems = problems_of(project, replace(project.model, edges=edges), spec)
    assert {problem.code for problem in problems} >= {"decoder_looks_ahead"}


def test_an_encoder_alone_gets_its_decoder_by_one_click(case) -> None:
    project, spec = case
    gone = {"target", "target_embedding", "decoder_1", "decoder_2"}
    nodes = tuple(node for node in project.model.nodes if node.id not in gone)
    edges = [edge for edge in project.model.edges if not {edge.source, edge.target} & gone]
    graph = replace(project.model, nodes=nodes, edges=(*edges, Edge("encoder_norm", "output")))
    assert problems_of(project, graph, spec)[0].code in ("no_target_input", "class_count_mismatch")
    found = mended(project, graph, spec)
    assert {"target", "decoder"} <= {node.id for node in found.nodes}


def test_a_decoder_alone_gets_its_encoder_by_one_click(case) -> None:
    project, spec = case
    gone = {"text", "text_embedding", "encoder_1", "encoder_2", "encoder_norm"}
    nodes = tuple(node for node in project.model.nodes if node.id not in gone)
    edges = tuple(edge for edge in project.model.edges if not {edge.source, edge.target} & gone)
    graph = replace(project.model, nodes=nodes, edges=edges)
    assert "no_text_input" in [problem.code for problem in problems_of(project, graph, spec)]
    assert "encoder" in {node.id for node in mended(project, graph, spec).nodes}


def test_a_language_model_must_look_back_too() -> None:
    _, project, prepared = small_tasks.trained("language_model")
    lstm = next(node for node in project.model.nodes if node.kind == "lstm.v1")
    graph = with_node(project.model, lstm.id, "lstm.v1", **{**lstm.parameters, "go_backwards": True})
    (problem,) = problems_of(project, graph, prepared.spec)
    assert (problem.code, problem.block) == ("decoder_looks_ahead", lstm.id)
    assert problems_of(project, graph.edited(problem.repair.edits), prepared.spec) == []


LANGUAGE = replace(
    text_spec(steps=12), task="language_model", class_names=(), target_shape=(12,), target_name="message"
)
# What is not asked, for the time that it takes; a softmax along the steps has a test of its own.
WORK_ON_EACH_VALUE = ("Regularization", "Activation")
# Settings with which a block gives as many steps as it reads.
KEEPS_STEPS = {"return_sequences": True, "pool": "none", "groups": 2}


def language_model(kind: str, **parameters: object) -> Graph:
    """Return a language model with one block of a kind, which reads the embedding at every port."""
    block = registry()[kind]
    known = {item.name for item in block.parameters}
    given = {name: value for name, value in KEEPS_STEPS.items() if name in known} | parameters
    nodes = (
        Node("text", "input.v1"),
        Node("embedding", "embedding.v1", {"output_dim": 8}),
        Node("between", kind, given),
        Node("head", "language_model_head.v1"),
    )
    ports = [port for port in block.inputs if not port.optional]
    joined = [Edge("embedding", "between", port.name) for port in ports for _ in range(1 + port.variadic)]
    return Graph(nodes, (Edge("text", "embedding"), *joined, Edge("between", "head")))


def test_what_no_rule_refuses_knows_nothing_of_later_words() -> None:
    random = np.random.default_rng(0)
    known = random.integers(2, 30, (2, 12)).astype("int32")
    other = known.copy()
    other[:, 7:] = (other[:, 7:] + 5) % 28 + 2
    looked_at = []
    for kind in KINDS:
        block = registry()[kind]
        reads = block.inputs and block.inputs[0].accepts
        if not reads or "sequence" not in reads or block.category in WORK_ON_EACH_VALUE:
            continue
        whole = project(language_model(kind))
        if any(problem.severity == "error" for problem in compiler.check(whole, LANGUAGE)):
            continue
        model = compiler.build(whole, LANGUAGE)
        for weight in model.trainable_weights:
            weight.assign(random.normal(0, 0.3, weight.shape))
        one, two = (np.asarray(model([words]))[:, :7] for words in (known, other))
        np.testing.assert_allclose(one, two, atol=1e-5, err_msg=kind)
        looked_at.append(kind)
    assert {"lstm.v1", "transformer_decoder.v1", "sequence_generator.v1", "dense.v1"} <= set(looked_at)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("residual_block.v1", {}),
        ("inception_block.v1", {}),
        ("group_normalization.v1", {}),
        ("squeeze_and_excitation.v1", {}),
        ("convolution_block.v1", {}),
        ("attention.v1", {}),
        ("dot.v1", {}),
        ("cross_modal_attention.v1", {"num_heads": 2}),
        ("layer_normalization.v1", {"axis": 1}),
        ("softmax.v1", {"axis": 1}),
        ("spectral_normalization.v1", {"layer": {"kind": "conv1d.v1", "parameters": {"padding": "same"}}}),
    ],
)
def test_a_block_that_mixes_the_words_is_named(kind: str, parameters: dict[str, object]) -> None:
    graph = language_model(kind, **parameters)
    told = [problem for problem in compiler.check(project(graph), LANGUAGE) if problem.severity == "error"]
    assert ("decoder_looks_ahead", "between") in [(problem.code, problem.block) for problem in told]
    for problem in told:
        if problem.code == "decoder_looks_ahead" and problem.repair:
            mended = compiler.check(project(graph.edited(problem.repair.edits)), LANGUAGE)
            assert "decoder_looks_ahead" not in [item.code for item in mended]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("residual_block.v1", {"kernel_size": 1}),
        ("spectral_normalization.v1", {"layer": {"kind": "conv1d.v1", "parameters": {"padding": "causal"}}}),
        ("layer_normalization.v1", {}),
        ("transformer_decoder.v1", {}),
    ],
)
def test_a_block_that_leaves_each_word_to_itself_is_let_through(
    kind: str, parameters: dict[str, object]
) -> None:
    told = compiler.check(project(language_model(kind, **parameters)), LANGUAGE)
    assert "decoder_looks_ahead" not in [problem.code for problem in told]


def test_the_order_in_which_connections_were_drawn_hides_nothing() -> None:
    graph = language_model("multi_head_attention.v1")
    asked = Node("asked", "lstm.v1", {"return_sequences": True, "units": 8})
    edges = tuple(edge for edge in graph.edges if edge.target != "between")
    edges += (
        Edge("embedding", "asked"),
        Edge("embedding", "between", "value"),
        Edge("asked", "between", "query"),
    )
    graph = replace(graph, nodes=(*graph.nodes, asked), edges=edges)
    told = compiler.check(project(graph), LANGUAGE)
    assert "decoder_looks_ahead" in [problem.code for problem in told]
