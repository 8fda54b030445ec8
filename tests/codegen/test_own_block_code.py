"""Own blocks are written as functions, nested and shared ones too, and build the same model."""

import re
from pathlib import Path

import pytest
from executing import assert_same, assert_same_configuration, free_script
from graph_cases import image_spec, project
from own_cases import inside, line, using

from builder.codegen import script
from builder.compiler import build, learning_rate_factors
from builder.graph import Definition, Edge, Exposed, Graph, Node


def test_an_own_block_is_a_function_with_its_parameters_as_arguments(tmp_path: Path) -> None:
    graph = using(
        Node("first", "own.pair"),
        Node("second", "own.pair", {"filters": 6, "window": [5, 5], "penalty": 0.01, "rate": 0.25}),
    )
    case = project(graph)
    code = script(case, image_spec())
    assert 'def pair(x, filters=4, window=(3, 3), penalty=None, rate=0.5, name="pair"):' in code
    assert 'first = pair(picture, name="first")' in code
    assert "kernel_size=window" in code
    assert "kernel_regularizer=penalty" in code
    assert 'name=f"{name}_one"' in code
    assert_same(case, image_spec(), tmp_path)


def test_a_repeated_block_is_a_loop_and_blocks_may_hold_others(tmp_path: Path) -> None:
    case = project(
        using(
            Node("stage", "own.stage", {"filters": 3, "strides": 2}), Node("pair", "own.pair", {"repeat": 3})
        )
    )
    code = script(case, image_spec())
    assert "for number in range(1, 4):" in code
    assert 'deep = pair(deep, filters=5, name=f"{name}_deep_{number}")' in code
    assert code.index("def pair(") < code.index("def stage(") < code.index("def build_model(")
    assert_same(case, image_spec(), tmp_path)


def test_frozen_blocks_and_learning_rates_of_their_own_reach_the_script(tmp_path: Path) -> None:
    graph = using(
        Node("stage", "own.stage", frozen=True),
        Node("pair", "own.pair", learning_rate_factor=0.1),
        Node("block", "convolution_block.v1", learning_rate_factor=0.5),
    )
    names = assert_same_configuration(project(graph), image_spec(), tmp_path)
    assert names["LEARNING_RATE_FACTORS"]["pair_one"] == 0.1
    assert names["LEARNING_RATE_FACTORS"]["block_conv"] == 0.5
    assert not any(name.startswith("stage") for name in names["LEARNING_RATE_FACTORS"])


def test_an_own_block_whose_layers_are_shared_is_written_out(tmp_path: Path) -> None:
    graph = using(
        Node("pair", "own.pair", {"filters": 3}),
        Node("again", "own.pair", {"filters": 3}, shared_with="pair"),
    )
    case = project(graph)
    assert "def pair(" not in script(case, image_spec())
    assert_same(case, image_spec(), tmp_path)


@pytest.mark.parametrize("name", ["class", "layers", "how often", "x=1):\n    raise SystemExit\ndef f(y"])
@pytest.mark.parametrize("nested", [False, True])
def test_a_parameter_may_bear_any_name(name: str, nested: bool, tmp_path: Path) -> None:
    graph = inside(Node("one", "conv2d.v1", {"filters": 4}), Node("two", "conv2d.v1", {"filters": 4}))
    exposed = (Exposed(name, "two", "filters"),)
    definition = Definition("Odd", graph, exposed=exposed, nested_model=nested)
    outer = line(
        Node("picture", "input.v1"),
        Node("odd", "own.odd", {name: 5}),
        Node("flat", "flatten.v1"),
        Node("head", "classification_head.v1"),
    )
    case = project(Graph(outer.nodes, outer.edges, definitions={"own.odd": definition}))
    assert_same_configuration(case, image_spec(), tmp_path)


@pytest.mark.parametrize("name", ["main", "split_rows", "json", "DataReading", "TARGET"])
def test_an_own_block_may_bear_the_name_of_a_part_of_the_script(name: str, tmp_path: Path) -> None:
    graph = inside(Node("one", "conv2d.v1", {"filters": 4}))
    outer = line(
        Node("picture", "input.v1"),
        Node("first", f"own.{name}"),
        Node("flat", "flatten.v1"),
        Node("head", "classification_head.v1"),
    )
    definitions = {f"own.{name}": Definition("Plain", graph)}
    case = project(Graph(outer.nodes, outer.edges, definitions=definitions))
    code = script(case, image_spec())
    defined = re.findall(r"^(?:def |class )?(\w+)(?= = |\(|:)", code, re.MULTILINE)
    assert len(defined) == len(set(defined))
    assert_same_configuration(case, image_spec(), tmp_path)


def test_a_block_whose_repeat_is_a_parameter_is_written_out(tmp_path: Path) -> None:
    inner = inside(Node("deep", "own.pair"))
    many = Definition("Many", inner, exposed=(Exposed("depth", "deep", "repeat"),))
    graph = using(Node("many", "own.many", {"depth": 2}))
    graph = graph.with_definition("own.many", many.to_json())
    assert_same(project(graph), image_spec(), tmp_path)


def twins(kind: str, definitions: dict[str, Definition]) -> Graph:
    nodes = (
        Node("a", "tensor_input.v1", {"shape": [5]}),
        Node("b", "tensor_input.v1", {"shape": [5]}),
        Node("first", kind),
        Node("second", kind, shared_with="first"),
        Node("joined", "concatenate.v1"),
    )
    edges = (
        Edge("a", "first"),
        Edge("b", "second"),
        Edge("first", "joined", "inputs"),
        Edge("second", "joined", "inputs"),
    )
    return Graph(nodes, edges, definitions=definitions)


def test_a_shared_layer_is_made_once_and_called_twice() -> None:
    code = free_script(twins("dense.v1", {}))
    assert code.count("layers.Dense(") == 1
    assert "second = first_layer(b)" in code


@pytest.mark.parametrize("sequential", [False, True])
def test_a_nested_model_is_a_function_that_returns_a_model(sequential: bool) -> None:
    inner = line(
        Node("x", "tensor_input.v1", {"shape": [5]}),
        Node("hidden", "dense.v1", {"units": 3}, frozen=True),
        Node("y", "output.v1"),
    )
    nested = Definition("Encoder", inner, nested_model=True, sequential=sequential)
    code = free_script(twins("own.encoder", {"own.encoder": nested}))
    assert 'first_model = encoder(name="first")' in code
    assert ("keras.Sequential" in code) == sequential


def test_factors_inside_and_of_an_opened_model_name_its_layers() -> None:
    inner = line(
        Node("x", "tensor_input.v1", {"shape": [8, 8, 3]}),
        Node("inside", "conv2d.v1", {"filters": 3}, learning_rate_factor=0.5),
        Node("y", "output.v1"),
    )
    graph = line(
        Node("input", "input.v1"),
        Node("encoder", "own.encoder", learning_rate_factor=0.1),
        Node("flat", "flatten.v1"),
        Node("head", "classification_head.v1"),
    ).with_definition("own.encoder", Definition("Encoder", inner, nested_model=True).to_json())
    given = project(graph)
    factors = learning_rate_factors(given, image_spec())
    assert factors == {"encoder": 0.1, "encoder/inside": 0.5}
    assert build(given, image_spec()).get_layer("encoder").get_layer("inside") is not None
