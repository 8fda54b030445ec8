"""Shapes, problems and their repairs, and the built model."""

from typing import Any

import pytest
from graph_cases import (
    chain,
    example,
    image_spec,
    mixed_spec,
    project,
    regression_spec,
    table_spec,
    text_spec,
)

from builder.compiler import build, check, infer
from builder.data.spec import DataSpec
from builder.errors import BuilderError
from builder.graph import Edge, Graph, Node
from builder.project import load_preset

IMAGE = ("picture", "input.v1")
TEXT = ("words", "input.v1")
TABLE = ("table", "input.v1")
EMBEDDING = ("embedding", "embedding.v1", {"output_dim": 4})
FLAT = ("flat", "flatten.v1")
HEAD = ("head", "classification_head.v1")
RELU = {"activation": "relu"}


def joined(kind: str, first: dict[str, Any], second: dict[str, Any], block: str = "conv2d.v1") -> Graph:
    """Return two branches from a picture (or table) that meet in ``meet``."""
    end = [("flat", "flatten.v1")] if block == "conv2d.v1" else []
    nodes = [
        Node("start", "input.v1"),
        Node("one", block, {**RELU, **first}),
        Node("two", block, {**RELU, **second}),
    ]
    nodes += [Node("meet", kind), *(Node(*item) for item in end), Node("head", "classification_head.v1")]
    edges = [
        Edge("start", "one"),
        Edge("start", "two"),
        Edge("one", "meet", "inputs"),
        Edge("two", "meet", "inputs"),
    ]
    tail = ["meet", *(item[0] for item in end), "head"]
    edges += [Edge(before, after) for before, after in zip(tail, tail[1:], strict=False)]
    return Graph(tuple(nodes), tuple(edges))


def with_edge(graph: Graph, edge: Edge) -> Graph:
    return Graph(graph.nodes, (*graph.edges, edge))


def with_node(graph: Graph, *nodes: Node) -> Graph:
    return Graph((*graph.nodes, *nodes), graph.edges)


IMAGE_MODEL = chain(IMAGE, FLAT, HEAD)
LSTM_PAIR = chain(TEXT, EMBEDDING, ("one", "lstm.v1"), ("two", "lstm.v1"), HEAD)
SMALL = {"filters": 4, **RELU}

# graph, data, the code of the problem, the block it is pinned to
REPAIRED: dict[str, tuple[Graph, DataSpec, str, str | None]] = {
    "image into a head": (chain(IMAGE, HEAD), image_spec(), "wrong_flow", "head"),
    "filtered image into a head": (
        chain(IMAGE, ("conv", "conv2d.v1", {"filters": 8, **RELU}), HEAD),
        image_spec(),
        "wrong_flow",
        "head",
    ),
    "tokens into LSTM": (chain(TEXT, ("lstm", "lstm.v1"), HEAD), text_spec(), "wrong_flow", "lstm"),
    "tokens into a head": (chain(TEXT, HEAD), text_spec(), "wrong_flow", "head"),
    "tokens into Dense": (
        chain(TEXT, ("dense", "dense.v1", RELU), ("pool", "global_max_pooling1d.v1"), HEAD),
        text_spec(),
        "wrong_flow",
        "dense",
    ),
    "sequence into a head": (chain(TEXT, EMBEDDING, HEAD), text_spec(), "wrong_flow", "head"),
    "all states into a head": (
        chain(TEXT, EMBEDDING, ("lstm", "lstm.v1", {"return_sequences": True}), HEAD),
        text_spec(),
        "wrong_flow",
        "head",
    ),
    "last state into LSTM": (LSTM_PAIR, text_spec(), "wrong_flow", "two"),
    "vector into Conv1D": (
        chain(TABLE, ("conv", "conv1d.v1", RELU), FLAT, HEAD),
        table_spec(),
        "wrong_flow",
        "conv",
    ),
    "image into LSTM": (chain(IMAGE, ("lstm", "lstm.v1"), HEAD), image_spec(), "wrong_flow", "lstm"),
    "sequence into Conv2D": (
        chain(TEXT, EMBEDDING, ("conv", "conv2d.v1", {"kernel_size": [2, 2], **RELU}), FLAT, HEAD),
        text_spec(),
        "wrong_flow",
        "conv",
    ),
    "kernel larger than the image": (
        chain(IMAGE, ("conv", "conv2d.v1", {"kernel_size": [9, 9], **RELU}), FLAT, HEAD),
        image_spec(),
        "window_too_large",
        "conv",
    ),
    "pool larger than the sequence": (
        chain(TEXT, EMBEDDING, ("pool", "max_pooling1d.v1", {"pool_size": 7}), FLAT, HEAD),
        text_spec(),
        "window_too_large",
        "pool",
    ),
    "one pixel cannot be halved": (
        chain(
            IMAGE,
            ("pool", "max_pooling2d.v1", {"pool_size": [8, 8]}),
            ("block", "convolution_block.v1"),
            FLAT,
            HEAD,
        ),
        image_spec(),
        "window_too_large",
        "block",
    ),
    "kernel larger than the image in one direction": (
        chain(IMAGE, ("conv", "conv2d.v1", {"kernel_size": [9, 3], **RELU}), FLAT, HEAD),
        image_spec(),
        "window_too_large",
        "conv",
    ),
    "one number for both sizes of a kernel": (
        chain(IMAGE, ("conv", "conv2d.v1", {"kernel_size": [5], **RELU}), FLAT, HEAD),
        image_spec(),
        "bad_parameter",
        "conv",
    ),
    "a bad parameter": (
        chain(TABLE, ("dense", "dense.v1", {**RELU, "units": "many"}), HEAD),
        table_spec(),
        "bad_parameter",
        "dense",
    ),
    "flattened before a convolution": (
        chain(IMAGE, FLAT, ("conv", "conv2d.v1", RELU), ("pool", "global_max_pooling2d.v1"), HEAD),
        image_spec(),
        "wrong_flow",
        "conv",
    ),
    "embedded twice": (
        chain(TEXT, EMBEDDING, ("again", "embedding.v1"), FLAT, HEAD),
        text_spec(),
        "wrong_flow",
        "again",
    ),
    "a block named like the data": (
        chain(("first", "input.v1"), ("image", "flatten.v1"), HEAD),
        image_spec(),
        "layer_name_taken",
        "image",
    ),
    "a block named like the data's scaling": (
        chain(("image_rescaling", "flatten.v1"), HEAD).edited(
            [
                {"op": "add_node", "node": Node("picture", "input.v1").to_json()},
                {"op": "add_edge", "edge": Edge("picture", "image_rescaling").to_json()},
            ]
        ),
        image_spec(),
        "layer_name_taken",
        "image_rescaling",
    ),
    "a block named like a layer inside another": (
        chain(IMAGE, ("block", "residual_block.v1"), ("block_add", "flatten.v1"), HEAD),
        image_spec(),
        "layer_name_taken",
        "block_add",
    ),
    "groups do not divide": (
        chain(IMAGE, ("conv", "conv2d.v1", {"groups": 5, **RELU}), FLAT, HEAD),
        image_spec(),
        "groups_do_not_divide",
        "conv",
    ),
    "strides and dilation": (
        chain(IMAGE, ("conv", "conv2d.v1", {"strides": [2, 2], "dilation_rate": [2, 2], **RELU}), FLAT, HEAD),
        image_spec(),
        "strides_and_dilation",
        "conv",
    ),
    "reshape to another size": (
        chain(IMAGE, ("reshape", "reshape.v1", {"target_shape": [7]}), HEAD),
        image_spec(),
        "reshape_mismatch",
        "reshape",
    ),
    "add of other channels": (
        joined("add.v1", SMALL, {"filters": 6}),
        image_spec(),
        "shapes_differ",
        "meet",
    ),
    "add of other sizes": (
        joined("add.v1", {**SMALL, "strides": [2, 2], "padding": "same"}, {"filters": 4, "padding": "same"}),
        image_spec(),
        "shapes_differ",
        "meet",
    ),
    "add of other units": (
        joined("add.v1", {"units": 4}, {"units": 6}, "dense.v1"),
        table_spec(),
        "shapes_differ",
        "meet",
    ),
    "concatenate along the samples": (
        joined("concatenate.v1", {"units": 4}, {"units": 4}, "dense.v1").edited(
            [{"op": "set_parameter", "id": "meet", "name": "axis", "value": 0}]
        ),
        table_spec(),
        "bad_axis",
        "meet",
    ),
    "too few units": (
        chain(IMAGE, FLAT, ("dense", "dense.v1", {"units": 2, "activation": "softmax"})),
        image_spec(),
        "class_count_mismatch",
        "dense",
    ),
    "no block that sets the classes": (chain(IMAGE, FLAT), image_spec(), "class_count_mismatch", "flat"),
    "softmax of one": (
        chain(TABLE, ("dense", "dense.v1", {"units": 1, "activation": "softmax"})),
        table_spec(),
        "softmax_of_one",
        "dense",
    ),
    "several numbers for one target": (
        chain(TABLE, ("dense", "dense.v1", {"units": 3})),
        regression_spec(),
        "regression_output",
        "dense",
    ),
    "head of the other task": (
        chain(TABLE, ("head", "classification_head.v1")),
        regression_spec(),
        "head_of_other_task",
        "head",
    ),
    "image as the output": (
        chain(IMAGE, ("dense", "dense.v1", {"units": 3, "activation": "softmax"})),
        image_spec(),
        "output_not_flat",
        "dense",
    ),
    "two connections at one port": (
        with_edge(IMAGE_MODEL, Edge("picture", "head")),
        image_spec(),
        "port_taken_twice",
        "head",
    ),
    "a block without input": (
        with_node(IMAGE_MODEL, Node("lonely", "dense.v1")),
        image_spec(),
        "missing_input",
        "lonely",
    ),
    "an unknown port": (
        with_edge(IMAGE_MODEL, Edge("picture", "head", "imput")),
        image_spec(),
        "unknown_port",
        "head",
    ),
    "an unknown kind": (
        with_node(IMAGE_MODEL, Node("new", "dens.v1")),
        image_spec(),
        "unknown_kind",
        "new",
    ),
    "a second output": (
        Graph(
            (*IMAGE_MODEL.nodes, Node("aside", "dense.v1"), Node("beside", "dropout.v1")),
            (*IMAGE_MODEL.edges, Edge("flat", "aside"), Edge("aside", "beside")),
        ),
        image_spec(),
        "several_outputs",
        "beside",
    ),
    "no blocks": (Graph(), image_spec(), "empty_model", None),
    "pictures that nothing reads": (chain(IMAGE), image_spec(), "only_input", "picture"),
    "a table that nothing reads": (chain(TABLE), table_spec(), "only_input", "table"),
    "a text that nothing reads": (chain(TEXT), text_spec(), "only_input", "words"),
    "a source that the data lack": (
        chain(("picture", "input.v1", {"source": "text"}), FLAT, HEAD),
        image_spec(),
        "unknown_source",
        "picture",
    ),
    "one source twice": (
        Graph(
            (*joined("add.v1", {}, {}, "dense.v1").nodes, Node("again", "input.v1")),
            tuple(
                Edge("again", "two") if edge.target == "two" else edge
                for edge in joined("add.v1", {}, {}, "dense.v1").edges
            ),
        ),
        table_spec(),
        "source_used_twice",
        "again",
    ),
    "no activation between": (
        chain(TABLE, ("one", "dense.v1"), ("two", "dense.v1", RELU), HEAD),
        table_spec(),
        "no_activation_between",
        "one",
    ),
    "dropout at the end": (
        chain(TABLE, HEAD, ("dropout", "dropout.v1")),
        table_spec(),
        "dropout_at_end",
        "dropout",
    ),
    "ten million weights after flatten": (
        chain(
            IMAGE,
            ("conv", "conv2d.v1", {"filters": 64, "padding": "same", **RELU}),
            FLAT,
            ("dense", "dense.v1", {"units": 4096, **RELU}),
            HEAD,
        ),
        image_spec(),
        "flatten_explosion",
        "flat",
    ),
    "padding read": (
        chain(TEXT, EMBEDDING, ("lstm", "lstm.v1", {"units": 4}), HEAD),
        text_spec(),
        "reads_padding",
        "lstm",
    ),
    "the last step of texts with padding": (
        chain(
            TEXT,
            EMBEDDING,
            ("mix", "transformer_encoder.v1", {"num_heads": 2, "feed_forward_dim": 8}),
            ("last", "select_step.v1", {"step": -1}),
            HEAD,
        ),
        text_spec(),
        "reads_padding",
        "last",
    ),
    "scores instead of probabilities": (
        chain(TABLE, ("dense", "dense.v1", {"units": 2})),
        table_spec(),
        "output_activation",
        "dense",
    ),
    "only positive numbers": (
        chain(TABLE, ("dense", "dense.v1", {"units": 1, "activation": "relu"})),
        regression_spec(),
        "output_activation",
        "dense",
    ),
}


@pytest.mark.parametrize("case", list(REPAIRED))
def test_a_problem_is_pinned_told_and_mended_by_its_repair(case: str) -> None:
    graph, spec, code, block = REPAIRED[case]
    problems = infer(graph.to_json(), spec.to_json())["problems"]
    found = [problem for problem in problems if problem["code"] == code]
    assert [problem["block"] for problem in found] == [block], problems
    assert found[0]["message"].endswith(".")
    mended = graph.edited(found[0]["repair"]["edits"])
    after = infer(mended.to_json(), spec.to_json())["problems"]
    assert [problem for problem in after if problem["code"] == code and problem["block"] == block] == []


def test_a_repair_takes_the_number_that_was_meant_for_both_sizes() -> None:
    graph, spec, *_ = REPAIRED["one number for both sizes of a kernel"]
    (problem,) = infer(graph.to_json(), spec.to_json())["problems"]
    assert problem["repair"]["label"] == "Take 5 × 5"
    assert graph.edited(problem["repair"]["edits"]).node("conv").parameters["kernel_size"] == [5, 5]


def test_a_repair_that_renames_a_block_keeps_its_connections_and_their_order() -> None:
    graph = joined("concatenate.v1", SMALL, {"filters": 6})
    swap = {"one": "image"}
    nodes = [Node(swap.get(node.id, node.id), node.kind, node.parameters) for node in graph.nodes]
    edges = [
        Edge(swap.get(edge.source, edge.source), swap.get(edge.target, edge.target), edge.target_port)
        for edge in graph.edges
    ]
    named = Graph(tuple(nodes), tuple(edges))
    (problem,) = infer(named.to_json(), image_spec().to_json())["problems"]
    mended = named.edited(problem["repair"]["edits"])
    assert [edge.source for edge in mended.incoming("meet")] == ["image_block", "two"]
    assert check(project(mended), image_spec()) == []


TOLD: dict[str, tuple[Graph, DataSpec, str, str | None]] = {
    "pictures into an embedding": (
        chain(IMAGE, EMBEDDING, FLAT, HEAD),
        image_spec(),
        "wrong_flow",
        "embedding",
    ),
    "one branch": (chain(TABLE, ("add", "add.v1"), HEAD), table_spec(), "missing_input", "add"),
    "concatenate of other sizes": (
        joined("concatenate.v1", {**SMALL, "strides": [2, 2]}, SMALL),
        image_spec(),
        "shapes_differ",
        "meet",
    ),
    "an embedding without vocabulary": (
        chain(TABLE, ("embedding", "embedding.v1"), FLAT, HEAD),
        table_spec(),
        "wrong_flow",
        "embedding",
    ),
    "no input": (Graph((Node("head", "classification_head.v1"),)), table_spec(), "no_input", None),
    "absurd size": (
        chain(
            TABLE,
            ("one", "dense.v1", {"units": 60000, **RELU}),
            ("two", "dense.v1", {"units": 60000, **RELU}),
            HEAD,
        ),
        table_spec(),
        "model_too_large",
        "two",
    ),
    "a mask ends": (
        chain(TEXT, ("embedding", "embedding.v1", {"mask_zero": True}), FLAT, HEAD),
        text_spec(),
        "mask_lost",
        "flat",
    ),
}


@pytest.mark.parametrize("case", list(TOLD))
def test_a_problem_is_pinned_and_told(case: str) -> None:
    graph, spec, code, block = TOLD[case]
    problems = infer(graph.to_json(), spec.to_json())["problems"]
    assert [problem["block"] for problem in problems if problem["code"] == code] == [block], problems


def test_descendants_of_a_failed_block_have_neither_shape_nor_problem() -> None:
    graph = chain(IMAGE, ("lstm", "lstm.v1"), ("dense", "dense.v1", RELU), HEAD)
    told = infer(graph.to_json(), image_spec().to_json())
    assert set(told["nodes"]) == {"picture"}
    assert [problem["block"] for problem in told["problems"]] == ["lstm"]


def test_without_data_the_one_problem_is_to_choose_them() -> None:
    told = infer(IMAGE_MODEL.to_json(), None)
    assert [(problem["code"], problem["block"]) for problem in told["problems"]] == [
        ("choose_data_first", "picture")
    ]


@pytest.mark.parametrize("document", [None, 3, {"nodes": 3}, {"nodes": [{}]}, {"nodes": [], "edges": [7]}])
def test_inference_answers_malformed_graphs_with_a_problem(document: Any) -> None:
    told = infer(document, image_spec().to_json())
    assert [problem["code"] for problem in told["problems"]][:1] == ["malformed_document"]


def test_inference_answers_circles_and_dangling_connections_with_problems() -> None:
    circle = with_edge(chain(IMAGE, ("one", "flatten.v1"), ("two", "dense.v1"), HEAD), Edge("two", "one"))
    codes = [problem["code"] for problem in infer(circle.to_json(), image_spec().to_json())["problems"]]
    assert "cycle" in codes
    dangling = with_edge(IMAGE_MODEL, Edge("nowhere", "head"))
    codes = [problem["code"] for problem in infer(dangling.to_json(), image_spec().to_json())["problems"]]
    assert "dangling_edge" in codes


def test_an_edit_of_a_block_changes_its_shape_and_those_behind_it() -> None:
    graph = chain(IMAGE, ("conv", "conv2d.v1", SMALL), FLAT, HEAD)
    before = infer(graph.to_json(), image_spec().to_json())["nodes"]
    edited = graph.edited([{"op": "set_parameter", "id": "conv", "name": "filters", "value": 5}])
    after = infer(edited.to_json(), image_spec().to_json())["nodes"]
    assert before["conv"] == {
        "shape": [None, 6, 6, 4],
        "dtype": "float32",
        "flow": "image",
        "parameters": 112,
        "outputs": {"output": {"shape": [None, 6, 6, 4], "dtype": "float32", "flow": "image"}},
    }
    assert after["conv"]["shape"] == [None, 6, 6, 5]
    assert after["flat"]["shape"] == [None, 180]


@pytest.mark.parametrize(
    ("loss", "activation", "fits"),
    [
        ("auto", "softmax", True),
        ("sparse_categorical_crossentropy", "softmax", True),
        ("binary_crossentropy", "softmax", False),
        ("binary_crossentropy", "sigmoid", True),
        ("mean_squared_error", "softmax", False),
    ],
)
def test_a_loss_must_fit_the_output(loss: str, activation: str, fits: bool) -> None:
    case = project(chain(TABLE, ("head", "classification_head.v1", {"activation": activation})), loss=loss)
    codes = [problem.code for problem in check(case, table_spec())]
    assert ("loss_misfit" not in codes) == fits


def test_a_built_model_is_named_by_the_blocks_and_the_data() -> None:
    nodes = (
        Node("text", "input.v1", {"source": "text"}),
        Node("features", "input.v1", {"source": "features"}),
        Node("embedding", "embedding.v1"),
        Node("pool", "global_average_pooling1d.v1"),
        Node("meet", "concatenate.v1"),
        Node("head", "classification_head.v1"),
    )
    edges = (
        Edge("text", "embedding"),
        Edge("embedding", "pool"),
        Edge("pool", "meet", "inputs"),
        Edge("features", "meet", "inputs"),
        Edge("meet", "head"),
    )
    model = build(project(Graph(nodes, edges), "My Model 2"), mixed_spec())
    assert model.name == "my_model_2"
    assert [tensor.name for tensor in model.inputs] == ["tokens", "numeric", "categorical"]
    assert {"embedding", "pool", "meet", "head"} <= {layer.name for layer in model.layers}


def test_an_unsound_project_is_not_built_and_every_error_is_told() -> None:
    graph = with_node(chain(IMAGE, HEAD), Node("lonely", "dense.v1", {"units": -1}))
    with pytest.raises(BuilderError) as caught:
        build(project(graph, epochs=0), image_spec())
    codes = {problem.code for problem in caught.value.problems}
    assert codes == {"wrong_flow", "missing_input", "bad_parameter"}


def test_two_classes_may_share_one_sigmoid() -> None:
    graph = chain(TABLE, ("head", "classification_head.v1", {"activation": "sigmoid"}))
    assert check(project(graph), table_spec()) == []
    assert build(project(graph), table_spec()).output_shape == (None, 1)


def test_a_regression_starts_near_the_targets_mean() -> None:
    model = build(project(example("regression_head.v1")[0]), regression_spec())
    assert model.get_layer("it").get_config()["offset"] == 200.0
    assert model.get_layer("it").get_config()["scale"] == 50.0


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("images/cnn", image_spec(28, 1, 10)),
        ("images/resnet", image_spec(28, 1, 10)),
        ("text/lstm", text_spec()),
        ("text/transformer", text_spec()),
        ("tabular/mlp_classification", table_spec()),
        ("tabular/mlp_regression", regression_spec()),
    ],
)
def test_a_preset_has_no_problem(name: str, spec: DataSpec) -> None:
    assert check(load_preset(name), spec) == []
