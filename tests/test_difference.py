"""What differs between two projects, told block by block and in words."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from builder.difference import Difference, Kind, catalogue_kinds, project_difference
from builder.graph import Edge, Graph, Group, Node
from builder.project import Project, load_preset, preset_names

KINDS = catalogue_kinds()
CNN = load_preset("images/cnn")


def edited(project: Project, *edits: Mapping[str, Any]) -> Project:
    return project.with_model(project.model.edited(edits))


def difference(before: Project, after: Project, kinds: Mapping[str, Kind] | None = None) -> Difference:
    return project_difference(before, after, KINDS if kinds is None else kinds)


def wire(source: str, target: str) -> dict[str, str]:
    return {"source": source, "source_port": "output", "target": target, "target_port": "input"}


def inserted(project: Project, kind: str, name: str, source: str, target: str) -> Project:
    """Return the project with a block put into a connection."""
    return edited(
        project,
        {"op": "remove_edge", "edge": wire(source, target)},
        {"op": "add_node", "node": {"id": name, "kind": kind}},
        {"op": "add_edge", "edge": wire(source, name)},
        {"op": "add_edge", "edge": wire(name, target)},
    )


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_does_not_differ_from_itself(name: str) -> None:
    found = difference(load_preset(name), Project.from_json(load_preset(name).to_json()))
    assert found.changes == () and found.is_same and found.words() == ""


def test_an_inserted_block_is_told_with_its_place_and_without_its_connections() -> None:
    found = difference(CNN, inserted(CNN, "dropout.v1", "dropout", "dense", "output"))
    assert found.words() == "added Dropout 'dropout' between 'dense' and 'output'"
    assert found.marks_after() == {"dropout": "added"} and found.marks_before() == {}
    back = difference(inserted(CNN, "dropout.v1", "dropout", "dense", "output"), CNN)
    assert back.words() == "removed Dropout 'dropout'"
    assert back.marks_before() == {"dropout": "removed"} and back.marks_after() == {}


def test_a_changed_parameter_is_told_with_before_and_after() -> None:
    other = edited(CNN, {"op": "set_parameter", "id": "dense", "name": "units", "value": 128})
    [change] = difference(CNN, other).changes
    assert (change.block, change.field, change.before, change.after) == ("dense", "units", 64, 128)
    assert change.words == "units of 'dense' 64 → 128"
    assert difference(CNN, other).marks_before() == {"dense": "changed"}


def test_a_default_that_is_written_out_is_no_change() -> None:
    units = KINDS["dense.v1"].defaults["units"]
    plain = CNN.with_model(Graph((Node("dense", "dense.v1"),)))
    written = CNN.with_model(Graph((Node("dense", "dense.v1", {"units": units}),)))
    assert difference(plain, written).changes == ()
    assert difference(plain, written, {}).changes != ()


def test_a_renamed_block_is_known_by_its_neighbors() -> None:
    found = difference(CNN, edited(CNN, {"op": "rename_node", "id": "dense", "to": "hidden"}))
    assert found.words() == "renamed 'dense' to 'hidden'"
    assert found.marks_before() == {"dense": "renamed"} and found.marks_after() == {"hidden": "renamed"}


def test_a_renamed_and_changed_block_beside_a_new_one_is_known_by_what_it_feeds() -> None:
    other = inserted(CNN, "dropout.v1", "dropout", "flatten", "dense")
    other = edited(
        other,
        {"op": "rename_node", "id": "dense", "to": "hidden"},
        {"op": "set_parameter", "id": "hidden", "name": "units", "value": 32},
    )
    found = difference(CNN, other)
    assert found.blocks["dense"] == "hidden"
    assert found.words(9) == (
        "added Dropout 'dropout' between 'flatten' and 'hidden'; renamed 'dense' to 'hidden'; "
        "units of 'hidden' 64 → 32"
    )
    assert found.marks_after() == {"dropout": "added", "hidden": "changed"}
    assert found.marks_before() == {"dense": "changed"}


def test_every_block_renamed_is_a_renaming_and_nothing_else() -> None:
    edits = [{"op": "rename_node", "id": node.id, "to": f"x_{node.id}"} for node in CNN.model.nodes]
    found = difference(CNN, edited(CNN, *edits))
    assert {change.what for change in found.changes} == {"renamed"}
    assert found.words() == f"renamed {len(CNN.model.nodes)} blocks"


def test_names_that_were_swapped_are_renamings() -> None:
    nodes = (
        Node("input", "input.v1"),
        Node("a", "dense.v1", {"units": 8}),
        Node("b", "dropout.v1"),
    )
    before = CNN.with_model(Graph(nodes, (Edge("input", "a"), Edge("a", "b"))))
    swapped = (nodes[0], replace(nodes[1], id="b"), replace(nodes[2], id="a"))
    after = CNN.with_model(Graph(swapped, (Edge("input", "b"), Edge("b", "a"))))
    assert {change.words for change in difference(before, after).changes} == {
        "renamed 'a' to 'b'",
        "renamed 'b' to 'a'",
    }


def test_a_block_of_another_kind_under_the_same_name_was_replaced() -> None:
    lstm = load_preset("text/lstm")
    other = edited(lstm, {"op": "set_node", "id": "lstm", "changes": {"kind": "gru.v1"}})
    found = difference(lstm, other)
    assert [change.what for change in found.changes] == ["replaced"]
    assert "'lstm' changed from LSTM to GRU" in found.words()
    assert found.marks_after() == {"lstm": "changed"}


def test_a_moved_connection_is_told_between_kept_blocks() -> None:
    other = edited(
        CNN,
        {"op": "remove_edge", "edge": wire("pool_1", "conv_2")},
        {"op": "add_edge", "edge": wire("conv_1", "conv_2")},
    )
    words = [change.words for change in difference(CNN, other).changes]
    assert words == ["disconnected 'pool_1' from 'conv_2'", "connected 'conv_1' and 'conv_2'"]


def test_the_order_of_what_a_block_joins_counts() -> None:
    nodes = (Node("a", "input.v1"), Node("b", "flatten.v1"), Node("join", "concatenate.v1"))
    one = CNN.with_model(Graph(nodes, (Edge("a", "b"), Edge("a", "join"), Edge("b", "join"))))
    other = CNN.with_model(Graph(nodes, (Edge("b", "join"), Edge("a", "b"), Edge("a", "join"))))
    assert difference(one, other).words() == "order of what 'join' reads a, b → b, a"
    assert not difference(one, other).is_same


def test_freezing_and_shared_weights_are_told() -> None:
    changes = {"frozen": True, "learning_rate_factor": 0.1}
    other = edited(CNN, {"op": "set_node", "id": "conv_1", "changes": changes})
    assert [change.words for change in difference(CNN, other).changes] == [
        "froze 'conv_1'",
        "the learning-rate factor of 'conv_1' none → 0.1",
    ]
    assert difference(other, CNN).changes[0].words == "unfroze 'conv_1'"


def test_places_groups_and_names_leave_the_model_as_it_was() -> None:
    moved = tuple(replace(node, position=(node.position[0] + 40, 0.0)) for node in CNN.model.nodes)
    model = replace(CNN.model, nodes=moved, groups=(Group("g", "Features", ("conv_1",)),))
    found = difference(CNN, replace(CNN, name="Mine", model=model))
    assert found.is_same and len(found.changes) == 3
    assert found.marks_after() == {}
    assert found.words(9) == f"name {CNN.name} → Mine; moved {len(moved)} blocks; changed the groups"


def test_settings_of_data_and_training_are_told_in_the_forms_words() -> None:
    data = replace(
        CNN.data,
        source={"kind": "csv", "path": "/home/me/visits.csv"},
        roles={"age": "numeric"},
        split={**CNN.data.split, "validation": 0.3},
    )
    found = difference(CNN, replace(CNN, data=data, training={**CNN.training, "epochs": 99}))
    words = [change.words for change in found.changes]
    assert words[0] == "data digits → visits.csv"
    assert "role of column 'age' none → numeric" in words
    assert any(text.startswith("split: validation ") and text.endswith("→ 0.3") for text in words)
    assert any(text.startswith("epochs ") and text.endswith("→ 99") for text in words)
    assert not found.is_same


def test_an_own_block_that_changed_inside_says_what_changed() -> None:
    def using(units: int) -> Project:
        inner = {
            "nodes": [
                {"id": "x", "kind": "tensor_input.v1"},
                {"id": "dense", "kind": "dense.v1", "parameters": {"units": units}},
                {"id": "y", "kind": "output.v1"},
            ],
            "edges": [wire("x", "dense"), wire("dense", "y")],
        }
        definition = {
            "op": "set_definition",
            "kind": "own.pair",
            "definition": {"label": "Pair", "graph": inner},
        }
        return edited(CNN, definition)

    found = difference(using(8), using(16))
    assert found.words() == "changed the own block Pair (units of 'dense' 8 → 16)"
    assert difference(CNN, using(8)).words() == "added the own block Pair"


def test_any_two_presets_can_be_told_apart_and_put_into_json() -> None:
    names = preset_names()
    for before, after in zip(names, names[1:], strict=False):
        one, other = load_preset(before), load_preset(after)
        found = difference(one, other)
        assert not found.is_same
        told = json.loads(json.dumps(found.to_json()))
        assert len(told["changes"]) == len(found.changes)
        kept = set(found.blocks)
        gone = {name for name, mark in found.marks_before().items() if mark == "removed"}
        assert kept | gone == {node.id for node in one.model.nodes}
        new = {name for name, mark in found.marks_after().items() if mark == "added"}
        assert set(found.blocks.values()) | new == {node.id for node in other.model.nodes}


def test_large_models_without_a_common_name_take_no_longer_than_a_moment() -> None:
    def chain(stem: str, count: int) -> Project:
        nodes = tuple(Node(f"{stem}_{number}", "dense.v1", {"units": 8}) for number in range(count))
        edges = tuple(Edge(a.id, b.id) for a, b in zip(nodes, nodes[1:], strict=False))
        return CNN.with_model(Graph(nodes, edges))

    started = time.perf_counter()
    found = difference(chain("a", 3000), chain("b", 2500))
    assert time.perf_counter() - started < 5
    assert len(found.blocks) == 2500 and len(found.marks_before()) == 3000


def test_a_broken_model_can_be_compared_too() -> None:
    twins = Graph(
        (Node("a", "dense.v1"), Node("a", "dense.v1"), Node("b", "nobody.v9")),
        (Edge("a", "b"), Edge("b", "a"), Edge("b", "gone")),
    )
    assert difference(CNN, CNN.with_model(twins)).changes
    assert difference(CNN.with_model(twins), CNN).changes
