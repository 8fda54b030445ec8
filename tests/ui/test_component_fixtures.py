"""What the browser computes by itself is what Python computes: the cases that the TypeScript tests read.

``python -m tests.ui.test_component_fixtures`` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import builder
from builder.graph import Graph
from builder.params import Boolean, Choice, Float, Integer, IntegerList, Optional, Parameter

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
EDITS: dict[str, list[dict[str, Any]]] = {
    "add_node": [{"op": "add_node", "node": NODE}],
    "add_edge": [{"op": "add_node", "node": NODE}, {"op": "add_edge", "edge": EDGE}],
    "add_edge without ports": [{"op": "add_edge", "edge": {"source": "dense", "target": "input"}}],
    "remove_node takes its edges along": [{"op": "remove_node", "id": "dense"}],
    "remove_edge": [{"op": "remove_edge", "edge": GRAPH["edges"][0]}],
    "set_parameter": [{"op": "set_parameter", "id": "dense", "name": "units", "value": 16}],
    "set_parameter to a bad value": [{"op": "set_parameter", "id": "dense", "name": "units", "value": "x"}],
}
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
)


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
    return json.dumps({"edits": edits, "faults": faults}, indent=1, ensure_ascii=False) + "\n"


def _message(parameter: Parameter, value: Any) -> str | None:
    problem = parameter.check(value, "Sample")
    return problem.message if problem else None


def test_the_cases_of_the_front_end_are_what_python_says_today() -> None:
    assert FIXTURE.read_text(encoding="utf-8") == written()


if __name__ == "__main__":
    FIXTURE.write_text(written(), encoding="utf-8")
