"""Blocks of a person's own: what they expand to, what they build, and what is said when they are wrong."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from graph_cases import arrays_for, image_spec, project

from builder.compiler import build, build_free, check, infer
from builder.errors import BuilderError
from builder.graph import Definition, Edge, Exposed, Graph, Node
from builder.own_blocks import expand

HEAD = Node("head", "classification_head.v1")


def pair(filters: int = 4) -> Definition:
    """Return two convolutions as one block, with the number of filters exposed for both."""
    nodes = (
        Node("inside", "tensor_input.v1", {"shape": [8, 8, 3]}),
        Node("one", "conv2d.v1", {"filters": filters, "padding": "same", "activation": "relu"}),
        Node("two", "conv2d.v1", {"filters": filters, "padding": "same", "activation": "relu"}),
        Node("outside", "output.v1"),
    )
    edges = (Edge("inside", "one"), Edge("one", "two"), Edge("two", "outside"))
    exposed = (Exposed("filters", "one", "filters"), Exposed("filters", "two", "filters"))
    return Definition("Pair", Graph(nodes, edges), exposed=exposed)


def using(*nodes: Node, definitions: dict[str, Definition] | None = None) -> Graph:
    """Return an image classifier with nodes between its input and its head."""
    line = (Node("picture", "input.v1"), *nodes, Node("flat", "flatten.v1"), HEAD)
    edges = tuple(Edge(before.id, after.id) for before, after in zip(line, line[1:], strict=False))
    return Graph(line, edges, definitions=definitions or {"own.pair": pair()})


def errors(graph: Graph) -> list[Any]:
    return [problem for problem in check(project(graph), image_spec()) if problem.severity == "error"]


def test_an_own_block_builds_what_stands_inside_it() -> None:
    model = build(project(using(Node("pair", "own.pair"))), image_spec())
    assert [layer.name for layer in model.layers if layer.weights] == ["pair_one", "pair_two", "head"]
    assert model.get_layer("pair_one").filters == 4


def test_an_exposed_parameter_steers_every_block_that_it_names() -> None:
    model = build(project(using(Node("pair", "own.pair", {"filters": 6}))), image_spec())
    assert [model.get_layer(name).filters for name in ("pair_one", "pair_two")] == [6, 6]


def test_a_repeated_block_follows_itself_with_weights_of_its_own() -> None:
    graph = using(Node("pair", "own.pair", {"repeat": 3}))
    model = build(project(graph), image_spec())
    names = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert names == [f"pair_{number}_{inner}" for number in (1, 2, 3) for inner in ("one", "two")]
    assert model.get_layer("pair_2_one").input is model.get_layer("pair_1_two").output
    assert np.isfinite(np.asarray(model([arrays_for(image_spec())["image"]]))).all()


def test_an_own_block_may_hold_another() -> None:
    nodes = (
        Node("x", "tensor_input.v1", {"shape": [8, 8, 3]}),
        Node("deep", "own.pair", {"repeat": 2}),
        Node("pool", "max_pooling2d.v1"),
        Node("y", "output.v1"),
    )
    stage = Definition("Stage", Graph(nodes, (Edge("x", "deep"), Edge("deep", "pool"), Edge("pool", "y"))))
    graph = using(Node("stage", "own.stage"), definitions={"own.stage": stage, "own.pair": pair()})
    flat = expand(graph).graph
    assert [node.id for node in flat.nodes if node.id.startswith("stage")] == [
        "stage_deep_1_one",
        "stage_deep_1_two",
        "stage_deep_2_one",
        "stage_deep_2_two",
        "stage_pool",
    ]
    assert build(project(graph), image_spec()).get_layer("stage_pool").output.shape == (None, 4, 4, 4)


def test_the_node_tells_the_shape_and_the_weights_of_all_that_is_inside() -> None:
    told = infer(using(Node("pair", "own.pair", {"repeat": 2})).to_json(), image_spec().to_json())
    assert told["problems"] == []
    assert told["nodes"]["pair"]["shape"] == [None, 8, 8, 4]
    assert told["nodes"]["pair"]["parameters"] == (3 * 9 * 4 + 4) + 3 * (4 * 9 * 4 + 4)
    assert set(told["nodes"]) == {"picture", "pair", "flat", "head"}


def test_what_is_wrong_inside_is_told_of_the_node() -> None:
    graph = using(Node("pair", "own.pair", {"filters": 4}), Node("again", "own.pair"))
    broken = graph.with_definition(
        "own.pair", {**pair().to_json(), "graph": {**pair().graph.to_json(), "edges": []}}
    )
    assert {problem.block for problem in errors(broken)} >= {"pair"}
    assert all("__" not in problem.message for problem in errors(broken))


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"filters": 0}, "bad_parameter"),
        ({"repeat": 0}, "bad_parameter"),
        ({"width": 3}, "unknown_parameter"),
    ],
)
def test_bad_values_are_told_at_the_node(parameters: dict[str, Any], code: str) -> None:
    (problem,) = [item for item in errors(using(Node("pair", "own.pair", parameters))) if item.code == code]
    assert problem.block == "pair"
    assert "Pair" in problem.message


def test_a_block_that_contains_itself_is_refused() -> None:
    inner = Graph(
        (Node("x", "tensor_input.v1"), Node("me", "own.pair"), Node("y", "output.v1")),
        (Edge("x", "me"), Edge("me", "y")),
    )
    graph = using(Node("pair", "own.pair"), definitions={"own.pair": Definition("Pair", inner)})
    assert [problem.code for problem in errors(graph)] == ["own_block_in_itself"]


def test_a_missing_definition_is_named_and_can_be_removed() -> None:
    (problem,) = errors(using(Node("pair", "own.gone")))
    assert problem.code == "unknown_own_block"
    assert "own.gone" in problem.message
    assert problem.repair is not None


def test_endless_repeats_are_refused_before_they_are_made() -> None:
    definitions = {"own.pair": pair()}
    for number in range(4):
        inside = (
            Node("x", "tensor_input.v1", {"shape": [8, 8, 3]}),
            Node("many", f"own.level{number - 1}" if number else "own.pair", {"repeat": 100}),
            Node("y", "output.v1"),
        )
        definitions[f"own.level{number}"] = Definition(
            "Level", Graph(inside, (Edge("x", "many"), Edge("many", "y")))
        )
    graph = using(Node("bomb", "own.level3", {"repeat": 100}), definitions=definitions)
    assert "too_many_blocks" in {problem.code for problem in errors(graph)}


def test_a_document_with_own_blocks_loads_again() -> None:
    graph = using(Node("pair", "own.pair", {"repeat": 2}, frozen=True, learning_rate_factor=0.5))
    assert Graph.from_json(graph.to_json()) == graph


def shared(second: Node) -> Graph:
    return Graph(
        (
            Node("a", "tensor_input.v1", {"shape": [5]}),
            Node("b", "tensor_input.v1", {"shape": [5]}),
            Node("first", "dense.v1", {"units": 3}),
            second,
            Node("joined", "add.v1"),
        ),
        (
            Edge("a", "first"),
            Edge("b", second.id),
            Edge("first", "joined", "inputs"),
            Edge(second.id, "joined", "inputs"),
        ),
    )


def test_two_nodes_can_share_the_weights_of_one_layer() -> None:
    graph = shared(Node("second", "dense.v1", shared_with="first"))
    model = build_free(graph, "twins")
    assert len(model.weights) == 2
    one, two = np.ones((2, 5), "float32"), np.zeros((2, 5), "float32")
    np.testing.assert_array_equal(np.asarray(model([one, two])), np.asarray(model([two, one])))
    assert infer(graph.to_json(), None)["summary"]["parameters"] == 5 * 3 + 3


def test_sharing_with_another_kind_or_with_nothing_is_told() -> None:
    for owner in ("a", "nobody"):
        told = infer(shared(Node("second", "dense.v1", shared_with=owner)).to_json(), None)
        assert "bad_sharing" in {problem["code"] for problem in told["problems"]}


def twice_used(first: dict[str, Any], second: dict[str, Any], inner_sharing: bool = False) -> Graph:
    """Return an own block of two layers that is used once more with the same weights."""
    inside = pair(filters=3)
    if inner_sharing:
        nodes = tuple(
            replace(node, shared_with="one" if node.id == "two" else "") for node in inside.graph.nodes
        )
        inside = replace(inside, graph=replace(inside.graph, nodes=nodes))
    again = Node("again", "own.pair", second, shared_with="pair")
    return using(Node("pair", "own.pair", first), again, definitions={"own.pair": inside})


def test_a_second_use_of_an_own_block_whose_own_layers_share_adds_no_weights() -> None:
    graph = twice_used({}, {}, inner_sharing=True)
    model = build(project(graph), image_spec())
    assert infer(graph.to_json(), image_spec().to_json())["summary"]["parameters"] == model.count_params()
    assert [layer.name for layer in model.layers if layer.weights] == ["pair_one", "head"]


def test_two_uses_that_share_are_repeated_alike() -> None:
    graph = twice_used({}, {"repeat": 2})
    (problem,) = errors(graph)
    assert (problem.code, problem.block, problem.field) == ("cannot_share", "again", "repeat")
    mended = graph.edited(problem.repair.edits)
    assert errors(mended) == []
    build(project(mended), image_spec())
    assert errors(twice_used({"repeat": 2}, {"repeat": 2})) == []


def test_a_model_inside_the_model_cannot_be_repeated() -> None:
    graph = using(
        Node("pair", "own.pair", {"repeat": 2}), definitions={"own.pair": replace(pair(3), nested_model=True)}
    )
    (problem,) = errors(graph)
    assert (problem.code, problem.block) == ("cannot_repeat", "pair")
    build(project(graph.edited(problem.repair.edits)), image_spec())


def test_a_repeat_inside_an_own_block_is_checked_too() -> None:
    split = Definition(
        "Split",
        Graph(
            (Node("x", "tensor_input.v1"), Node("y", "output.v1"), Node("z", "output.v1")),
            (Edge("x", "y"), Edge("x", "z")),
        ),
    )
    around = Definition(
        "Around",
        Graph(
            (Node("x", "tensor_input.v1"), Node("two", "own.split", {"repeat": 2}), Node("y", "output.v1")),
            (Edge("x", "two"), Edge("two", "y", source_port="y")),
        ),
    )
    graph = using(Node("a", "own.around"), definitions={"own.split": split, "own.around": around})
    (problem,) = errors(graph)
    assert (problem.code, problem.block, problem.repair) == ("cannot_repeat", "a", None)
    assert "Around" in problem.message and "'two'" in problem.message


def levels(count: int, shown: int) -> dict[str, Definition]:
    """Return own blocks that each hold the one before and show as many of its parameters."""
    definitions: dict[str, Definition] = {}
    for number in range(count):
        kind = f"own.level{number - 1}" if number else "dense.v1"
        nodes = (Node("x", "tensor_input.v1"), Node("inner", kind), Node("y", "output.v1"))
        exposed = tuple(
            Exposed(f"units_{place}", "inner", f"units_{place}" if number else "units")
            for place in range(shown)
        )
        inside = Graph(nodes, (Edge("x", "inner"), Edge("inner", "y")))
        definitions[f"own.level{number}"] = Definition("Level", inside, exposed=exposed)
    return definitions


def test_a_very_long_chain_of_blocks_in_blocks_is_refused_in_words() -> None:
    graph = using(Node("deep", "own.level1199"), definitions=levels(1200, shown=0))
    assert [problem.code for problem in errors(graph)] == ["own_blocks_too_deep"]


def test_blocks_in_blocks_that_show_many_parameters_are_declared_at_once() -> None:
    graph = using(Node("deep", "own.level11"), definitions=levels(12, shown=12))
    assert errors(graph) == []


def test_a_shared_layer_that_does_not_fit_is_told() -> None:
    graph = shared(Node("second", "dense.v1", shared_with="first"))
    graph = graph.edited([{"op": "set_parameter", "id": "b", "name": "shape", "value": [7]}])
    told = infer(graph.to_json(), None)
    assert [problem["code"] for problem in told["problems"]] == ["cannot_share"]
    with pytest.raises(BuilderError, match="another shape"):
        build_free(graph, "twins")


def test_frozen_blocks_keep_their_weights() -> None:
    graph = using(Node("pair", "own.pair", frozen=True), Node("res", "residual_block.v1", frozen=True))
    model = build(project(graph), image_spec())
    trainable = {weight.path.split("/")[0] for weight in model.trainable_weights}
    assert trainable == {"head"}
    told = infer(graph.to_json(), image_spec().to_json())["summary"]
    assert told["trainable"] == sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_a_free_input_in_a_project_with_data_is_replaced_by_the_input_in_one_click() -> None:
    graph = using(Node("pair", "own.pair")).edited(
        [{"op": "set_node", "id": "picture", "changes": {"kind": "tensor_input.v1", "parameters": {}}}]
    )
    (problem,) = [item for item in errors(graph) if item.code == "free_input"]
    assert problem.repair is not None
    assert errors(graph.edited(problem.repair.edits)) == []


def test_what_flows_inside_is_told_as_the_first_use_has_it() -> None:
    graph = using(Node("small", "own.pair", {"filters": 5, "repeat": 2}), Node("large", "own.pair"))
    told = infer(graph.to_json(), image_spec().to_json())["inside"]["own.pair"]
    assert told["use"] == "small" and told["problems"] == []
    shapes = {name: facts["shape"] for name, facts in told["nodes"].items()}
    assert shapes == {
        "inside": [None, 8, 8, 3],
        "one": [None, 8, 8, 5],
        "two": [None, 8, 8, 5],
        "outside": [None, 8, 8, 5],
    }
    assert told["nodes"]["one"]["parameters"] == (9 * 3 + 1) * 5


def test_what_lies_in_an_own_block_in_an_own_block_is_told_of_both() -> None:
    nodes = (Node("in", "tensor_input.v1"), Node("pair", "own.pair"), Node("out", "output.v1"))
    outer = Definition("Outer", Graph(nodes, (Edge("in", "pair"), Edge("pair", "out"))))
    graph = using(Node("outer", "own.outer"), definitions={"own.outer": outer, "own.pair": pair()})
    told = infer(graph.to_json(), image_spec().to_json())["inside"]
    assert told["own.outer"]["nodes"]["pair"]["shape"] == [None, 8, 8, 4]
    assert told["own.outer"]["nodes"]["pair"]["parameters"] == (9 * 3 + 1) * 4 + (9 * 4 + 1) * 4
    assert told["own.pair"]["use"] == "outer"
    assert told["own.pair"]["nodes"]["two"]["shape"] == [None, 8, 8, 4]


def test_a_problem_inside_is_told_of_the_block_inside_too() -> None:
    broken = pair()
    torn = broken.graph.edited([{"op": "set_parameter", "id": "two", "name": "kernel_size", "value": [0, 3]}])
    graph = using(Node("pair", "own.pair"), definitions={"own.pair": replace(broken, graph=torn)})
    told = infer(graph.to_json(), image_spec().to_json())
    assert [problem["block"] for problem in told["problems"] if problem["severity"] == "error"] == ["pair"]
    (problem,) = told["inside"]["own.pair"]["problems"]
    assert (problem["block"], problem["field"]) == ("two", "kernel_size")
    assert "pair_two" not in problem["message"]
    assert "two" not in told["inside"]["own.pair"]["nodes"] and "one" in told["inside"]["own.pair"]["nodes"]
