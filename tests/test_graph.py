"""The graph as a value: order, edits, structure, JSON."""

import json
from typing import Any

import pytest

from builder.errors import BuilderError
from builder.graph import LONGEST_TEXT, MAXIMUM_NODES, Edge, Graph, Node

GRAPH = Graph(
    (Node("b", "dense.v1", {"units": 2}, (1.0, 2.5)), Node("a", "input.v1"), Node("c", "add.v1")),
    (Edge("a", "b"), Edge("b", "c", "inputs"), Edge("a", "c", "inputs")),
)


def test_a_graph_survives_json() -> None:
    assert Graph.from_json(json.loads(json.dumps(GRAPH.to_json()))) == GRAPH


def test_a_text_that_is_too_long_is_refused_in_words_that_tell_its_length() -> None:
    note = {"id": "note", "text": "x" * LONGEST_TEXT}
    assert Graph.from_json({"nodes": [], "notes": [note]}).notes[0].text == note["text"]
    with pytest.raises(BuilderError, match="may have 20,000 characters, and has 20,001"):
        Graph.from_json({"nodes": [], "notes": [{**note, "text": f"{note['text']}x"}]})


def test_every_block_follows_what_it_reads() -> None:
    assert [node.id for node in GRAPH.in_order()] == ["a", "b", "c"]


def test_a_long_chain_is_ordered_without_recursion() -> None:
    nodes = tuple(Node(f"n{number}", "dense.v1") for number in range(MAXIMUM_NODES))
    edges = tuple(Edge(before.id, after.id) for before, after in zip(nodes, nodes[1:], strict=False))
    assert Graph(tuple(reversed(nodes)), edges).in_order() == nodes


def test_edits_return_a_new_graph() -> None:
    edited = GRAPH.edited(
        [
            {"op": "add_node", "node": {"id": "d", "kind": "dense.v1"}},
            {"op": "add_edge", "edge": {"source": "c", "target": "d"}},
            {"op": "set_parameter", "id": "b", "name": "units", "value": 9},
            {"op": "remove_edge", "edge": {"source": "a", "target": "c", "target_port": "inputs"}},
        ]
    )
    assert edited.node("b").parameters == {"units": 9}
    assert [edge.source for edge in edited.incoming("c")] == ["b"]
    assert [edge.target for edge in edited.outgoing("c")] == ["d"]
    assert GRAPH.node("b").parameters == {"units": 2}
    gone = edited.edited([{"op": "remove_node", "id": "c"}])
    assert [(edge.source, edge.target) for edge in gone.edges] == [("a", "b")]


@pytest.mark.parametrize(
    "edit",
    [
        {"op": "explode"},
        {"op": "remove_node", "id": "z"},
        {"op": "set_parameter", "id": "z", "name": "units", "value": 1},
        {"op": "add_node", "node": {"id": "x"}},
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(edit: dict[str, Any]) -> None:
    with pytest.raises(BuilderError):
        GRAPH.edited([edit])


def test_a_taken_name_gets_a_number() -> None:
    assert GRAPH.unused_id("d") == "d"
    assert Graph((Node("a", "x"), Node("a_2", "x"))).unused_id("a") == "a_3"


def test_a_node_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        GRAPH.node("z")


def test_a_circle_is_reported_with_a_repair_that_opens_it() -> None:
    circle = Graph(GRAPH.nodes, (*GRAPH.edges, Edge("c", "b")))
    (problem,) = circle.check_structure()
    assert problem.code == "cycle"
    assert "b, c" in problem.message
    assert problem.repair is not None
    assert circle.edited(problem.repair.edits).check_structure() == []


def test_blocks_behind_a_circle_are_not_blamed() -> None:
    nodes = (Node("a", "x"), Node("b", "x"), Node("behind", "x"))
    (problem,) = Graph(nodes, (Edge("a", "b"), Edge("b", "a"), Edge("b", "behind"))).check_structure()
    assert "behind" not in problem.message


def test_a_dangling_connection_is_reported_with_a_repair() -> None:
    dangling = Graph(GRAPH.nodes, (*GRAPH.edges, Edge("ghost", "b")))
    (problem,) = dangling.check_structure()
    assert (problem.code, problem.block) == ("dangling_edge", "b")
    assert "ghost" in problem.message
    assert problem.repair is not None
    assert dangling.edited(problem.repair.edits) == GRAPH


def test_a_connection_between_two_missing_blocks_is_pinned_to_none() -> None:
    (problem,) = Graph(GRAPH.nodes, (Edge("x", "y"),)).check_structure()
    assert problem.block is None


@pytest.mark.parametrize("name", ["", "Upper", "1st", "with space", "ü", "a" * 64, "a\n"])
def test_a_bad_block_name_is_reported(name: str) -> None:
    (problem,) = Graph((Node(name, "dense.v1"),)).check_structure()
    assert problem.code == "bad_block_name"


def test_a_name_used_twice_is_reported() -> None:
    (problem,) = Graph((Node("a", "x"), Node("a", "y"))).check_structure()
    assert problem.code == "duplicate_block_name"


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"nodes": {}},
        {"nodes": ["a"]},
        {"nodes": [{"id": 3, "kind": "x"}]},
        {"nodes": [{"id": "a", "kind": None}]},
        {"nodes": [{"id": "a", "kind": "x", "parameters": []}]},
        {"nodes": [{"id": "a", "kind": "x", "position": [1]}]},
        {"nodes": [{"id": "a", "kind": "x", "position": [1, float("nan")]}]},
        {"edges": ["a"]},
        {"edges": [{"source": "a"}]},
        {"nodes": [{"id": "a", "kind": "x"}] * (MAXIMUM_NODES + 1)},
    ],
    ids=str,
)
def test_data_without_the_form_of_a_graph_are_refused(data: Any) -> None:
    with pytest.raises(BuilderError) as caught:
        Graph.from_json(data)
    assert caught.value.problems[0].code == "malformed_document"
