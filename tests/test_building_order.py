"""The order of building: paths stay together, and the seed alone decides the initial weights."""

import keras
import numpy as np
import pytest
from graph_cases import chain, image_spec, project
from test_own_blocks import pair, using

from builder.compiler import build
from builder.compiler.order import building_order, reading_order
from builder.graph import Definition, Edge, Graph, Group, Node
from builder.own_blocks import expand


def ids(graph: Graph) -> list[str]:
    return [node.id for node in reading_order(graph)]


def towers(*groups: Group) -> Graph:
    nodes = [Node(name, "dense.v1") for name in ("a", "b", "a_1", "b_1", "a_2", "b_2", "joined")]
    pairs = [("a", "a_1"), ("a_1", "a_2"), ("b", "b_1"), ("b_1", "b_2"), ("a_2", "joined"), ("b_2", "joined")]
    return Graph(tuple(nodes), tuple(Edge(*pair) for pair in pairs), groups)


def test_one_path_is_read_to_its_end_before_the_next() -> None:
    assert ids(towers()) == ["a", "a_1", "a_2", "b", "b_1", "b_2", "joined"]


def test_a_group_stays_together_where_the_connections_allow_it() -> None:
    assert ids(towers(Group("early", "Early", ("a", "b")))) == [
        "a",
        "b",
        "b_1",
        "b_2",
        "a_1",
        "a_2",
        "joined",
    ]


def test_every_node_follows_what_it_reads() -> None:
    graph = towers(Group("g", "G", ("a", "joined", "b_1")))
    place = {name: number for number, name in enumerate(ids(graph))}
    assert len(place) == len(graph.nodes)
    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)


def test_what_stands_in_own_blocks_is_built_where_they_stand() -> None:
    graph = using(Node("one", "own.pair", {"repeat": 2}), Node("two", "own.pair"))
    built = [node_id for node_id in building_order(graph) if expand(graph).graph.has(node_id)]
    assert built == [
        "picture",
        "one_1_one",
        "one_1_two",
        "one_2_one",
        "one_2_two",
        "two_one",
        "two_two",
        "flat",
        "head",
    ]


@pytest.mark.parametrize("rate", [0.1, 0.2])
def test_initial_weights_do_not_depend_on_what_was_looked_at_before(rate: float) -> None:
    graph = chain(
        ("picture", "input.v1"),
        ("conv", "conv2d.v1", {"filters": 3, "kernel_regularizer": rate / 1000}),
        ("dropout", "dropout.v1", {"rate": rate}),
        ("flat", "flatten.v1"),
        ("head", "classification_head.v1"),
    )
    weights = []
    for _ in range(2):
        # The second time, the analysis finds every block in its cache.
        keras.utils.set_random_seed(7)
        weights.append(build(project(graph), image_spec()).get_weights())
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_nested_model_keeps_its_frozen_blocks_frozen() -> None:
    inner = pair().graph
    frozen = Graph(
        tuple(Node(node.id, node.kind, node.parameters, frozen=node.id == "one") for node in inner.nodes),
        inner.edges,
    )
    definition = Definition("Pair", frozen, nested_model=True)
    model = build(
        project(using(Node("pair", "own.pair"), definitions={"own.pair": definition})), image_spec()
    )
    assert [layer.trainable for layer in model.get_layer("pair").layers if layer.weights] == [False, True]
