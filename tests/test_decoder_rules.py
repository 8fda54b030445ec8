"""A model that writes is checked for its two inputs and for looking back only; one click mends each fault."""

from collections.abc import Callable
from dataclasses import replace

import pairs_cases
import pytest
import small_tasks

from builder import compiler
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
