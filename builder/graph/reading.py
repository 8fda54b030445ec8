"""From JSON data to the parts of a graph, with an error in words for every wrong form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from builder.errors import BuilderError, Problem, shown_value
from builder.graph.parts import Edge, Exposed, Group, Node, Note

# Of a note, a title or another free text, in characters.
LONGEST_TEXT = 20_000


def malformed(expected: str, got: Any) -> BuilderError:
    """Return the error for data that do not have the form of a graph."""
    message = f"{expected}. Got {shown_value(got)} instead."
    return BuilderError([Problem("malformed_document", message)])


def list_of(data: Mapping[str, Any], key: str) -> list[Any]:
    """Return the list under a key, empty where the key is missing; raise BuilderError for anything else."""
    items = data.get(key, [])
    if not isinstance(items, list):
        raise malformed(f"The model's '{key}' must be a list", items)
    return items


def node_from_json(item: Any) -> Node:
    """Return the block that ``item`` describes; raise BuilderError for a wrong form."""
    if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
        raise malformed("Every block of the model needs an 'id' and a 'kind'", item)
    if not isinstance(item.get("kind"), str):
        raise malformed(f"The block '{item['id']}' needs a 'kind', such as 'dense.v1'", item.get("kind"))
    parameters = item.get("parameters", {})
    if not isinstance(parameters, Mapping):
        raise malformed(f"The 'parameters' of block '{item['id']}' must be an object", parameters)
    owner = f"block '{item['id']}'"
    return Node(
        item["id"],
        item["kind"],
        dict(parameters),
        _pair(item, "position", owner, (0, 0)),
        layer_name=text_of(item, "layer_name", owner),
        frozen=truth_of(item, "frozen", owner),
        learning_rate_factor=_factor(item, owner),
        shared_with=text_of(item, "shared_with", owner),
    )


def edge_from_json(item: Any) -> Edge:
    """Return the connection that ``item`` describes; raise BuilderError for a wrong form."""
    if not isinstance(item, Mapping):
        raise malformed("Every connection of the model must be an object", item)
    ports = {"target_port": "input", "source_port": "output", **item}
    words = {name: ports.get(name) for name in ("source", "target", "target_port", "source_port")}
    for name, word in words.items():
        if not isinstance(word, str):
            raise malformed(f"A connection's '{name}' must be a block's or a port's name", word)
    return Edge(**{name: str(word) for name, word in words.items()})


def group_from_json(item: Any) -> Group:
    """Return the group that ``item`` describes; raise BuilderError for a wrong form."""
    name = _named(item, "group")
    nodes = item.get("nodes", [])
    if not isinstance(nodes, list) or not all(isinstance(node, str) for node in nodes):
        raise malformed(f"The 'nodes' of group '{name}' must be a list of blocks' names", nodes)
    owner = f"group '{name}'"
    return Group(name, text_of(item, "title", owner), tuple(nodes), truth_of(item, "collapsed", owner))


def note_from_json(item: Any) -> Note:
    """Return the note that ``item`` describes; raise BuilderError for a wrong form."""
    name = _named(item, "note")
    owner = f"note '{name}'"
    text = text_of(item, "text", owner)
    return Note(
        name, text, _pair(item, "position", owner, (0, 0)), _pair(item, "size", owner, (200.0, 100.0))
    )


def exposed_from_json(item: Any) -> Exposed:
    """Return the exposed parameter that ``item`` describes; raise BuilderError for a wrong form."""
    names = ("name", "node", "parameter")
    if not isinstance(item, Mapping) or not all(isinstance(item.get(name), str) for name in names):
        raise malformed("An exposed parameter needs a 'name', a 'node' and a 'parameter'", item)
    return Exposed(*(item[name] for name in names))


def _named(item: Any, what: str) -> str:
    if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
        raise malformed(f"Every {what} of the model needs an 'id'", item)
    return str(item["id"])


def text_of(item: Mapping[str, Any], key: str, owner: str) -> str:
    """Return the text under a key, empty where it is missing; raise BuilderError for anything else.

    Raises:
        BuilderError: ``malformed_document``, also for a text longer than ``LONGEST_TEXT``.
    """
    value = item.get(key, "")
    if not isinstance(value, str):
        raise malformed(f"The '{key}' of {owner} must be a text", value)
    if len(value) > LONGEST_TEXT:
        limit, length = f"{LONGEST_TEXT:,}", f"{len(value):,}"
        message = f"The '{key}' of {owner} may have {limit} characters, and has {length}. Shorten it."
        raise BuilderError([Problem("malformed_document", message)])
    return value


def truth_of(item: Mapping[str, Any], key: str, owner: str) -> bool:
    """Return true or false under a key, false where it is missing; raise BuilderError for anything else."""
    value = item.get(key, False)
    if not isinstance(value, bool):
        raise malformed(f"The '{key}' of {owner} must be true or false", value)
    return value


def _factor(item: Mapping[str, Any], owner: str) -> float:
    value = item.get("learning_rate_factor", 1.0)
    if not _is_number(value) or not 0 <= value <= 1000:
        raise malformed(f"The 'learning_rate_factor' of {owner} must be a number from 0 to 1000", value)
    return float(value)


def _pair(item: Mapping[str, Any], key: str, owner: str, default: tuple[float, float]) -> tuple[float, float]:
    value = item.get(key, default)
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2
    if not is_pair or not all(_is_number(part) and abs(part) < 1e9 for part in value):
        raise malformed(f"The '{key}' of {owner} must be two numbers", value)
    return float(value[0]), float(value[1])


def _is_number(value: Any) -> bool:
    is_plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_plain and (isinstance(value, int) or math.isfinite(value))
