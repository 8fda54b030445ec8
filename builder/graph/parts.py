"""The parts of a graph as frozen values: blocks in use, connections, groups and notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """A block in use: its id (also the Keras layer's name), kind, own parameter values and place.

    ``layer_name`` is the layer's name where the id cannot hold it (names of opened models);
    ``frozen`` keeps the weights as they are while training; ``learning_rate_factor`` scales the
    learning rate of the block's weights; ``shared_with`` names the node whose layer, weights and
    all, is applied here once more.
    """

    id: str
    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    position: tuple[float, float] = (0.0, 0.0)
    layer_name: str = ""
    frozen: bool = False
    learning_rate_factor: float = 1.0
    shared_with: str = ""

    @property
    def name(self) -> str:
        """The name of the Keras layer, or the start of the names of a composite's layers."""
        return self.layer_name or self.id

    def to_json(self) -> dict[str, Any]:
        """Return the node as JSON-ready data; what was not set is left out."""
        data: dict[str, Any] = {
            "id": self.id,
            "kind": self.kind,
            "parameters": dict(self.parameters),
            "position": list(self.position),
        }
        if self.layer_name:
            data["layer_name"] = self.layer_name
        if self.frozen:
            data["frozen"] = True
        if self.learning_rate_factor != 1.0:
            data["learning_rate_factor"] = self.learning_rate_factor
        if self.shared_with:
            data["shared_with"] = self.shared_with
        return data


@dataclass(frozen=True)
class Edge:
    """A connection from an output port to an input port.

    A port that takes several tensors receives them in the order of the graph's edges.
    """

    source: str
    target: str
    target_port: str = "input"
    source_port: str = "output"

    def to_json(self) -> dict[str, Any]:
        """Return the edge as JSON-ready data."""
        return {
            "source": self.source,
            "source_port": self.source_port,
            "target": self.target,
            "target_port": self.target_port,
        }


@dataclass(frozen=True)
class Group:
    """Blocks that belong together for the reader: a titled frame that can be folded to one box."""

    id: str
    title: str
    nodes: tuple[str, ...]
    collapsed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the group as JSON-ready data."""
        return {"id": self.id, "title": self.title, "nodes": list(self.nodes), "collapsed": self.collapsed}


@dataclass(frozen=True)
class Note:
    """A text on the canvas; ``position`` and ``size`` are in the canvas's pixels."""

    id: str
    text: str
    position: tuple[float, float] = (0.0, 0.0)
    size: tuple[float, float] = (200.0, 100.0)

    def to_json(self) -> dict[str, Any]:
        """Return the note as JSON-ready data."""
        return {"id": self.id, "text": self.text, "position": list(self.position), "size": list(self.size)}


@dataclass(frozen=True)
class Exposed:
    """A parameter of a block inside an own block that the own block shows under ``name``."""

    name: str
    node: str
    parameter: str

    def to_json(self) -> dict[str, Any]:
        """Return the exposed parameter as JSON-ready data."""
        return {"name": self.name, "node": self.node, "parameter": self.parameter}
