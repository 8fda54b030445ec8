"""What a click on a repair does to graphs with several outputs, marked ends and an order of connections."""

from dataclasses import replace

import numpy as np
import pytest
from graph_cases import arrays_for, chain, image_spec, project, regression_spec, table_spec, text_spec

from builder.compiler import build, check
from builder.data.spec import DataSpec, TargetSpec
from builder.errors import Problem
from builder.graph import Edge, Graph, Node

IMAGE, TEXT, TABLE = ("picture", "input.v1"), ("words", "input.v1"), ("table", "input.v1")
CONV = ("conv", "conv2d.v1", {"filters": 8, "activation": "relu"})
EMBEDDING = ("embedding", "embedding.v1", {"output_dim": 4})
HEAD, END = ("head", "classification_head.v1"), ("end", "output.v1")


def problem_of(graph: Graph, spec: DataSpec, code: str) -> Problem:
    (found,) = [problem for problem in check(project(graph), spec) if problem.code == code]
    return found


def mended(graph: Graph, spec: DataSpec, code: str) -> Graph:
    """Click the one repair of a problem; the problem has to be gone."""
    problem = problem_of(graph, spec, code)
    assert problem.repair is not None
    after = graph.edited(problem.repair.edits)
    left = [(item.code, item.block) for item in check(project(after), spec)]
    assert (problem.code, problem.block) not in left
    return after


def test_a_block_put_on_a_connection_reads_the_output_that_was_connected() -> None:
    nodes = (Node(*IMAGE), Node("down", "unet_down.v1", {"filters": 8}), Node(*HEAD))
    graph = Graph(nodes, (Edge("picture", "down"), Edge("down", "head", source_port="skip")))
    after = mended(graph, image_spec(), "wrong_flow")
    (edge,) = after.outgoing("down")
    assert (after.node(edge.target).kind, edge.source_port) == ("global_average_pooling2d.v1", "skip")


def test_a_state_of_a_recurrent_block_is_not_said_to_become_a_sequence_by_its_steps() -> None:
    nodes = (
        Node(*TEXT),
        Node(*EMBEDDING),
        Node("one", "lstm.v1", {"return_state": True}),
        Node("two", "gru.v1"),
        Node(*HEAD),
    )
    edges = (
        Edge("words", "embedding"),
        Edge("embedding", "one"),
        Edge("one", "two", source_port="state_h"),
        Edge("two", "head"),
    )
    after = mended(Graph(nodes, edges), text_spec(), "wrong_flow")
    assert after.incoming("reshape")[0].source_port == "state_h"


@pytest.mark.parametrize(
    ("graph", "spec", "code"),
    [
        (chain(IMAGE, CONV, END), image_spec(), "output_not_flat"),
        (chain(TABLE, ("many", "dense.v1", {"units": 9}), ("n", "relu.v1"), END), regression_spec(), ""),
        (chain(IMAGE, ("flat", "flatten.v1"), END), image_spec(), "class_count_mismatch"),
        (chain(TABLE, END), table_spec(classes=3), "class_count_mismatch"),
    ],
)
def test_what_is_missing_at_a_marked_end_is_put_before_the_mark(
    graph: Graph, spec: DataSpec, code: str
) -> None:
    after = mended(graph, spec, code or "regression_output")
    assert after.outgoing("end") == []


def test_a_further_output_beside_a_marked_one_is_marked_too() -> None:
    spec = replace(table_spec(), further_targets=(TargetSpec("age", "regression"),))
    after = mended(chain(TABLE, HEAD, END), spec, "target_without_output")
    model = build(project(after), spec)
    assert [tuple(shape)[1:] for shape in model.output_shape] == [(2,), (1,)]


def test_a_head_for_a_further_target_reads_the_output_that_the_first_head_reads() -> None:
    spec = replace(text_spec(), further_targets=(TargetSpec("age", "regression"),))
    nodes = (Node(*TEXT), Node(*EMBEDDING), Node("one", "lstm.v1", {"return_state": True}), Node(*HEAD))
    edges = (
        Edge("words", "embedding"),
        Edge("embedding", "one"),
        Edge("one", "head", source_port="state_c"),
    )
    after = mended(Graph(nodes, edges), spec, "target_without_output")
    assert [edge.source_port for edge in after.outgoing("one")] == ["state_c", "state_c"]


def test_two_inputs_made_one_leave_the_order_of_a_difference_as_it_was() -> None:
    nodes = (
        Node("first", "input.v1"),
        Node("second", "input.v1"),
        Node("double", "rescaling.v1", {"scale": 2.0}),
        Node("less", "subtract.v1"),
        Node("end", "dense.v1", {"units": 2, "activation": "softmax"}),
    )
    edges = (
        Edge("first", "double"),
        Edge("second", "less", "inputs"),
        Edge("double", "less", "inputs"),
        Edge("less", "end"),
    )
    after = mended(Graph(nodes, edges), table_spec(), "source_used_twice")
    assert [edge.source for edge in after.incoming("less")] == ["first", "double"]
    model = build(project(after), table_spec())
    assert np.isfinite(np.asarray(model(list(arrays_for(table_spec()).values())))).all()


def test_a_connection_that_was_drawn_twice_is_left_once() -> None:
    graph = chain(TABLE, HEAD)
    graph = replace(graph, edges=(*graph.edges, *graph.edges))
    after = mended(graph, table_spec(), "port_taken_twice")
    assert after.edges == (Edge("table", "head"),)
    assert check(project(after), table_spec()) == []
