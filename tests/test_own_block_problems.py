"""Problems of own blocks are told at the block that has to change, outside and inside."""

from dataclasses import replace
from typing import Any

import pytest
from graph_cases import image_spec
from test_own_blocks import errors, pair, using

from builder.compiler import infer
from builder.errors import BuilderError
from builder.graph import Definition, Edge, Exposed, Graph, Node
from builder.library import with_used


def told(graph: Graph) -> dict[str, Any]:
    return infer(graph.to_json(), image_spec().to_json())


def around(inner: Node, **settings: Any) -> Definition:
    """Return an own block with one node in it."""
    nodes = (Node("x", "tensor_input.v1", {"shape": [8, 8, 3]}), inner, Node("y", "output.v1"))
    return Definition("Around", Graph(nodes, (Edge("x", inner.id), Edge(inner.id, "y"))), **settings)


def with_edges(*edges: Edge) -> Definition:
    return replace(pair(), graph=replace(pair().graph, edges=edges))


IN, MIDDLE, OUT = Edge("inside", "one"), Edge("one", "two"), Edge("two", "outside")


@pytest.mark.parametrize(
    "inner", [Node("deep", "own.pair", {"repeat": 2}), Node("vector", "repeat_vector.v1")]
)
def test_a_shown_parameter_may_not_be_called_like_the_number_of_repeats(inner: Node) -> None:
    parameter = "repeat" if inner.kind == "own.pair" else "n"
    outer = around(inner, exposed=(Exposed("repeat", inner.id, parameter),))
    definitions = {"own.outer": outer, "own.pair": pair()}
    graph = using(Node("a", "own.outer", {"repeat": 3}), definitions=definitions)
    (problem,) = errors(graph)
    assert (problem.code, problem.block) == ("name_reserved", "a")
    mended = graph.edited(problem.repair.edits)
    assert [item.name for item in mended.definitions["own.outer"].exposed] == [f"{inner.id}_{parameter}"]
    assert "name_reserved" not in {item.code for item in errors(mended)}
    with pytest.raises(BuilderError, match="'repeat'"):
        with_used("own.outer", {kind: item.to_json() for kind, item in definitions.items()})


@pytest.mark.parametrize(
    ("edges", "code", "at"),
    [
        ((IN, MIDDLE, OUT, Edge("gone", "two")), "dangling_edge", "two"),
        ((IN, MIDDLE, Edge("two", "one"), OUT), "cycle", "one"),
    ],
)
def test_wrong_connections_inside_are_told_and_mended_at_the_block_inside(
    edges: tuple[Edge, ...], code: str, at: str
) -> None:
    graph = using(Node("a", "own.pair"), definitions={"own.pair": with_edges(*edges)})
    answer = told(graph)
    assert [(item["code"], item["block"], item["repair"]) for item in answer["problems"]] == [
        (code, "a", None)
    ]
    inside = answer["inside"]["own.pair"]
    assert inside["use"] == "a"
    (problem,) = inside["problems"]
    assert (problem["code"], problem["block"]) == (code, at)
    mended = graph.definitions["own.pair"].graph.edited(problem["repair"]["edits"])
    assert mended.check_structure() == []


def test_what_is_wrong_in_an_own_block_in_an_own_block_is_told_of_the_node_that_holds_both() -> None:
    definitions = {
        "own.around": around(Node("deep", "own.pair")),
        "own.pair": with_edges(IN, MIDDLE, OUT, Edge("gone", "two")),
    }
    answer = told(using(Node("a", "own.around"), definitions=definitions))
    assert [item["block"] for item in answer["problems"]] == ["a"]
    assert [item["block"] for item in answer["inside"]["own.around"]["problems"]] == ["deep"]
    assert [item["block"] for item in answer["inside"]["own.pair"]["problems"]] == ["two"]


def test_an_own_block_that_is_not_held_is_told_where_it_stands() -> None:
    graph = using(Node("a", "own.around"), definitions={"own.around": around(Node("deep", "own.gone"))})
    (problem,) = told(graph)["inside"]["own.around"]["problems"]
    assert (problem["code"], problem["block"]) == ("unknown_own_block", "deep")
    graph.definitions["own.around"].graph.edited(problem["repair"]["edits"])


def test_an_output_that_nothing_reaches_is_told_inside_and_not_of_the_block_behind() -> None:
    graph = using(Node("a", "own.pair"), definitions={"own.pair": with_edges(IN, MIDDLE)})
    answer = told(graph)
    assert {item["block"] for item in answer["problems"]} == {"a"}
    problems = {item["block"]: item["code"] for item in answer["inside"]["own.pair"]["problems"]}
    assert problems["outside"] == "missing_input"
    assert answer["inside"]["own.pair"]["nodes"]["two"]["shape"] == [None, 8, 8, 4]


def shrinking() -> Definition:
    convolution = {"filters": 4, "kernel_size": [5, 5], "activation": "relu"}
    return around(Node("one", "conv2d.v1", convolution), exposed=(Exposed("filters", "one", "filters"),))


@pytest.mark.parametrize(
    ("uses", "words"),
    [
        ((Node("a", "own.small", {"repeat": 3}),), "repetition 2"),
        ((Node("a", "own.small"), Node("b", "own.small")), "'b'"),
    ],
)
def test_what_fails_in_a_later_use_alone_is_told_inside_too(uses: tuple[Node, ...], words: str) -> None:
    graph = using(*uses, definitions={"own.small": shrinking()})
    (problem,) = told(graph)["inside"]["own.small"]["problems"]
    assert (problem["code"], problem["block"], problem["field"]) == ("window_too_large", "one", "kernel_size")
    assert words in problem["message"] and "'one'" in problem["message"]
    assert "_one" not in problem["message"]
    inner = graph.definitions["own.small"].graph.edited(problem["repair"]["edits"])
    mended = {**graph.definitions["own.small"].to_json(), "graph": inner.to_json()}
    assert errors(graph.with_definition("own.small", mended)) == []


@pytest.mark.parametrize(
    ("inner", "edges", "code"),
    [
        (Node("deep", "own.pair", {"filters": 0}), (Edge("x", "deep"),), "bad_parameter"),
        (Node("deep", "own.pair", {"width": 3}), (Edge("x", "deep"),), "unknown_parameter"),
        (Node("deep", "own.pair"), (Edge("x", "deep"), Edge("x", "deep")), "port_taken_twice"),
        (Node("deep", "own.pair"), (), "missing_input"),
    ],
)
def test_a_wrong_use_inside_an_own_block_is_told_at_that_use(
    inner: Node, edges: tuple[Edge, ...], code: str
) -> None:
    outer = around(inner)
    outer = replace(outer, graph=replace(outer.graph, edges=(*edges, Edge("deep", "y"))))
    answer = told(using(Node("a", "own.around"), definitions={"own.around": outer, "own.pair": pair()}))
    assert [(item["code"], item["block"]) for item in answer["problems"] if item["code"] == code] == [
        (code, "a")
    ]
    assert [(item["code"], item["block"]) for item in answer["inside"]["own.around"]["problems"]] == [
        (code, "deep")
    ]
    assert answer["inside"]["own.pair"]["problems"] == []
