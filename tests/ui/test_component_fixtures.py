"""What the browser computes by itself is what Python computes: the cases that the TypeScript tests read.

``python -m tests.ui.test_component_fixtures`` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import builder
from builder.graph import Graph
from builder.params import (
    Boolean,
    Choice,
    Either,
    Float,
    InnerLayer,
    Integer,
    IntegerList,
    KerasObject,
    NumberList,
    Optional,
    Parameter,
    Text,
)
from builder.sizes import size_words

FRONTEND = Path(builder.__file__).parent / "ui" / "components" / "frontend"
FIXTURE = FRONTEND / "tests" / "fixtures" / "python.json"

GRAPH: dict[str, Any] = {
    "nodes": [
        {"id": "input", "kind": "input.v1", "parameters": {}, "position": [0.0, 0.0]},
        {"id": "dense", "kind": "dense.v1", "parameters": {"units": 8}, "position": [0.0, 130.0]},
    ],
    "edges": [{"source": "input", "source_port": "output", "target": "dense", "target_port": "input"}],
}
NODE = {"id": "dropout", "kind": "dropout.v1", "parameters": {"rate": 0.2}, "position": [5.0, 260.0]}
EDGE = {"source": "dense", "source_port": "output", "target": "dropout", "target_port": "input"}
TWIN = {**NODE, "id": "twin", "kind": "dense.v1", "parameters": {}, "shared_with": "dense"}
GROUP = {"id": "group", "title": "Hidden part", "nodes": ["dense", "input"], "collapsed": True}
NOTE = {"id": "note", "text": "Why so many units?", "position": [10.0, 20.0], "size": [200.0, 80.0]}
DEFINITION = {
    "label": "Pair",
    "summary": "",
    "graph": {"nodes": [{**NODE, "id": "x", "kind": "tensor_input.v1", "parameters": {}}], "edges": []},
    "exposed": [{"name": "rate", "node": "x", "parameter": "rate"}],
    "nested_model": False,
}
EDITS: dict[str, list[dict[str, Any]]] = {
    "add_node": [{"op": "add_node", "node": NODE}],
    "add_edge": [{"op": "add_node", "node": NODE}, {"op": "add_edge", "edge": EDGE}],
    "add_edge without ports": [{"op": "add_edge", "edge": {"source": "dense", "target": "input"}}],
    "remove_node takes its edges along": [{"op": "remove_node", "id": "dense"}],
    "remove_edge": [{"op": "remove_edge", "edge": GRAPH["edges"][0]}],
    "set_parameter": [{"op": "set_parameter", "id": "dense", "name": "units", "value": 16}],
    "set_parameter to a bad value": [{"op": "set_parameter", "id": "dense", "name": "units", "value": "x"}],
    "set_node": [
        {"op": "set_node", "id": "dense", "changes": {"frozen": True, "learning_rate_factor": 0.1}},
        {"op": "set_node", "id": "dense", "changes": {"kind": "activation.v1", "parameters": {}}},
    ],
    "set_node back to what is left out": [
        {"op": "set_node", "id": "dense", "changes": {"frozen": True, "layer_name": "Dense/1"}},
        {"op": "set_node", "id": "dense", "changes": {"frozen": False, "layer_name": ""}},
    ],
    "rename_node everywhere": [
        {"op": "add_node", "node": TWIN},
        {"op": "set_groups", "groups": [GROUP]},
        {"op": "rename_node", "id": "dense", "to": "hidden"},
    ],
    "remove_node leaves groups and sharing": [
        {"op": "add_node", "node": TWIN},
        {"op": "set_groups", "groups": [GROUP, {**GROUP, "id": "group_2", "nodes": ["dense"]}]},
        {"op": "remove_node", "id": "dense"},
    ],
    "set_groups to none": [{"op": "set_groups", "groups": [GROUP]}, {"op": "set_groups", "groups": []}],
    "set_notes": [{"op": "set_notes", "notes": [NOTE]}],
    "set_definition": [{"op": "set_definition", "kind": "own.pair", "definition": DEFINITION}],
    "set_definition to none": [
        {"op": "set_definition", "kind": "own.pair", "definition": DEFINITION},
        {"op": "set_definition", "kind": "own.pair", "definition": None},
    ],
}
INITIALIZERS: dict[str, dict[str, Any]] = {"HeNormal": {"seed": None}, "Zeros": {}}
STRENGTH = Float(0, 10, minimum_open=True)
INNER = (Parameter("units", Integer(1, 4096), 8, ""),)
PARAMETERS = (
    Parameter("units", Integer(1, 4096), 8, ""),
    Parameter("count", Integer(1), 8, "", auto=True),
    Parameter("most", Integer(None, 5), 1, ""),
    Parameter("rate", Float(0, 1, maximum_open=True), 0.5, ""),
    Parameter("tiny", Float(1e-7, 1e7, minimum_open=True), 0.5, ""),
    Parameter("any", Float(), 0.5, ""),
    Parameter("use_bias", Boolean(), True, ""),
    Parameter("padding", Choice(("valid", "same")), "same", ""),
    Parameter("kernel_size", IntegerList(2, 2), [3, 3], ""),
    Parameter("target_shape", IntegerList(1, 4, allow_unknown=True), [-1], ""),
    Parameter("hidden", Optional(Integer(1)), None, ""),
    Parameter("factor", Either((Float(0, 1), NumberList(2, 2, -1, 1))), 0.5, ""),
    Parameter("axis", Optional(Either((Integer(), IntegerList(1, 4, minimum=-4)))), None, ""),
    Parameter("mean", Optional(NumberList(1, 3)), None, ""),
    Parameter("equation", Text(20), "a,b->c", ""),
    Parameter(
        "initializer", KerasObject("an initializer", ("he_normal", "zeros"), INITIALIZERS), "zeros", ""
    ),
    Parameter(
        "regularizer",
        Optional(KerasObject("a regularizer", ("l1",), {"L1": {"l1": 0.5}}, STRENGTH)),
        None,
        "",
    ),
    Parameter(
        "layer", InnerLayer((("dense.v1", "Dense", INNER),)), {"kind": "dense.v1", "parameters": {}}, ""
    ),
)
GOOD: tuple[Any, ...] = (
    1,
    0.5,
    True,
    "same",
    [3, 3],
    [-1],
    [-1, -1],
    [2, -1, 4],
    "auto",
    None,
    "it's",
    'say "x"',
    [0.5, -0.5],
    {"class_name": "HeNormal", "config": {"seed": 3}},
    {"class_name": "L1", "config": {"l1": [1, 2]}},
    {"kind": "dense.v1", "parameters": {"units": 16}},
    {"kind": "dense.v1", "parameters": {"units": -1}},
)
SIZES = (0, 40, 1_023, 1_024, 1_280, 376_000, 1_048_524, 1_048_525, 2_400_000, 2_500_000_000, 5e12)


def written() -> str:
    """Return the fixture's text: what Python makes of each case."""
    graph = Graph.from_json(GRAPH)
    edits = [
        {"name": name, "before": GRAPH, "edits": steps, "after": graph.edited(steps).to_json()}
        for name, steps in EDITS.items()
    ]
    faults = [
        {"declaration": parameter.to_json(), "value": value, "message": _message(parameter, value)}
        for parameter in PARAMETERS
        for value in [*GOOD, *(value for value in parameter.type.bad_values() if value == value)]
    ]
    sizes = [{"bytes": count, "words": size_words(count)} for count in SIZES]
    return json.dumps({"edits": edits, "faults": faults, "sizes": sizes}, indent=1, ensure_ascii=False) + "\n"


def _message(parameter: Parameter, value: Any) -> str | None:
    problem = parameter.check(value, "Sample")
    return problem.message if problem else None


def test_the_cases_of_the_front_end_are_what_python_says_today() -> None:
    assert FIXTURE.read_text(encoding="utf-8") == written()


if __name__ == "__main__":
    FIXTURE.write_text(written(), encoding="utf-8")
