"""Random documents, edits and values: nothing crashes the engine, and a document always loads again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graph_cases import KINDS, image_spec, mixed_spec, project, table_spec, text_spec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.blocks import registry
from builder.compiler import build, check, infer
from builder.errors import BuilderError
from builder.graph import Graph
from builder.graph.edits import OPERATIONS
from builder.project import Project, load_preset, parse_project, preset_names

SPECS = (image_spec(), text_spec(), table_spec(), mixed_spec())
NAMES = ("input", "a", "b", "c", "d")
# Examples are few for the time that Keras takes; a fixed seed makes a failure come again.
FEW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats(-2, 2) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PORTS = st.sampled_from(("input", "inputs", "query", "value", "output", "nowhere", ""))


@st.composite
def nodes(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draw a block with values of which most are allowed and some are not."""
    kind = draw(st.sampled_from((*KINDS, "own.pair", "nonsense.v1")))
    parameters: dict[str, Any] = {}
    declared = registry()[kind].parameters if kind in registry() else ()
    for parameter in declared:
        match draw(st.integers(0, 7)):
            case 0:
                parameters[parameter.name] = draw(st.sampled_from(parameter.type.bad_values()))
            case 1:
                parameters[parameter.name] = draw(PLAIN)
            case 2 | 3:
                parameters[parameter.name] = parameter.default
    node: dict[str, Any] = {"id": name, "kind": kind, "parameters": parameters, "position": [0, 0]}
    if draw(st.integers(0, 5)) == 0:
        node["shared_with"] = draw(st.sampled_from(NAMES))
    if draw(st.integers(0, 5)) == 0:
        node["frozen"] = True
    return node


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a graph of a few blocks; most connections lead forward and to ports that exist."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    drawn = [{"id": names[0], "kind": "input.v1", "parameters": {}, "position": [0, 0]}]
    drawn += [draw(nodes(name)) for name in names[1:]]
    edges = []
    for number, node in enumerate(drawn[1:], start=1):
        ports = registry()[node["kind"]].inputs if node["kind"] in registry() else ()
        for port in ports:
            source = draw(st.sampled_from(names[:number]))
            edges.append({"source": source, "target": node["id"], "target_port": port.name})
    for _ in range(draw(st.integers(0, 2))):
        ends = draw(st.tuples(st.sampled_from(names), st.sampled_from(names), PORTS))
        edges.append({"source": ends[0], "target": ends[1], "target_port": ends[2]})
    return {"nodes": drawn, "edges": edges}


@st.composite
def edits(draw: st.DrawFn) -> dict[str, Any]:
    """Draw one edit, of blocks that are there or not."""
    name = st.sampled_from((*NAMES, "nobody"))
    edge = st.fixed_dictionaries({"source": name, "target": name, "target_port": PORTS})
    flag = {"frozen": st.booleans(), "learning_rate_factor": st.floats(0, 3), "shared_with": name}
    return draw(
        st.one_of(
            st.fixed_dictionaries({"op": st.just("add_node"), "node": nodes("e")}),
            st.fixed_dictionaries({"op": st.just("remove_node"), "id": name}),
            st.fixed_dictionaries({"op": st.sampled_from(("add_edge", "remove_edge")), "edge": edge}),
            st.fixed_dictionaries(
                {"op": st.just("set_parameter"), "id": name, "name": st.text(max_size=8), "value": PLAIN}
            ),
            st.fixed_dictionaries(
                {"op": st.just("set_node"), "id": name, "changes": st.fixed_dictionaries({}, optional=flag)}
            ),
            st.fixed_dictionaries({"op": st.just("rename_node"), "id": name, "to": name}),
            st.fixed_dictionaries({"op": st.just("set_groups"), "groups": PLAIN}),
            st.fixed_dictionaries({"op": st.just("set_notes"), "notes": PLAIN}),
            st.fixed_dictionaries(
                {"op": st.just("set_definition"), "kind": st.just("own.pair"), "definition": PLAIN}
            ),
        )
    )


def assert_loads_again(graph: Graph) -> None:
    """Compare as text, since a NaN among the bad values equals nothing."""
    text = json.dumps(graph.to_json())
    assert json.dumps(Graph.from_json(json.loads(text)).to_json()) == text


def test_every_operation_is_drawn() -> None:
    drawn = {"add_node", "remove_node", "add_edge", "remove_edge", "set_parameter", "set_node"}
    assert drawn | {"rename_node", "set_groups", "set_notes", "set_definition"} == set(OPERATIONS)


@FEW
@given(graphs(), st.sampled_from(SPECS))
def test_any_graph_is_answered_with_shapes_and_problems(graph: dict[str, Any], spec: Any) -> None:
    answer = infer(graph, spec.to_json())
    json.dumps(answer, allow_nan=False)
    known = {node["id"] for node in graph["nodes"]}
    assert set(answer["nodes"]) <= known
    for problem in answer["problems"]:
        assert problem["message"] and problem["block"] in {None, *known}
        if problem["repair"]:
            assert_loads_again(Graph.from_json(graph).edited(problem["repair"]["edits"]))


@FEW
@given(graphs(), st.sampled_from(SPECS))
def test_what_is_without_error_can_be_built(graph: dict[str, Any], spec: Any) -> None:
    whole = project(Graph.from_json(graph))
    if any(problem.severity == "error" for problem in check(whole, spec)):
        with pytest.raises(BuilderError):
            build(whole, spec)
        return
    told = infer(graph, spec.to_json())["summary"]
    model = build(whole, spec)
    assert list(model.output_shape) == told["output_shape"]
    assert model.count_params() == told["parameters"]


@MANY
@given(graphs(), st.lists(edits(), max_size=6))
def test_edits_end_in_a_document_that_loads_again(graph: dict[str, Any], changes: list[Any]) -> None:
    edited = Graph.from_json(graph)
    for change in changes:
        before = edited
        try:
            edited = edited.edited([change])
        except BuilderError as refused:
            assert str(refused)
            edited = before
        assert_loads_again(edited)


@MANY
@given(PLAIN | graphs())
def test_any_json_is_a_graph_or_refused_in_words(data: Any) -> None:
    for document in (data, {"format": "kerablocks.project", "version": 2, "model": data, "data": data}):
        try:
            Project.from_json(document)
        except BuilderError as refused:
            assert str(refused)
    assert infer(data, None)["problems"]


@MANY
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_a_project_or_refused_in_words(raw: bytes) -> None:
    with pytest.raises(BuilderError):
        parse_project(raw, "the file")


@MANY
@given(st.sampled_from(preset_names()), st.lists(st.integers(0, 1_000_000), min_size=1, max_size=3))
def test_a_preset_with_values_torn_out_loads_or_is_refused_in_words(name: str, places: list[int]) -> None:
    document = load_preset(name).to_json()
    for place in places:
        _tear(document, place)
    try:
        loaded = Project.from_json(document)
    except BuilderError as refused:
        assert str(refused)
        return
    assert all(problem.message for problem in loaded.check())
    assert all(problem.message for problem in check(loaded, None))


def _tear(document: Any, place: int) -> None:
    """Take a value out of a document, or put a number in its place."""
    containers = [document]
    for item in containers:
        inner = item.values() if isinstance(item, dict) else item
        containers += [value for value in inner if isinstance(value, (dict, list)) and value]
    chosen = containers[place % len(containers)]
    keys = list(chosen) if isinstance(chosen, dict) else list(range(len(chosen)))
    key = keys[place % len(keys)]
    if place % 2:
        del chosen[key]
    else:
        chosen[key] = place
