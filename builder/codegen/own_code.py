"""Which own blocks of a graph can be written as functions, and what these functions take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from builder.blocks import registry
from builder.blocks.base import Block, plain_arguments
from builder.compiler.resolve import resolved
from builder.data.spec import DataSpec
from builder.graph import Definition, Graph, Node
from builder.own_blocks import REPEAT, TRAINING

_NOWHERE = object()


class OwnBlocks:
    """The own blocks of a document, as functions where that is exact.

    ``kinds`` are those that become functions. The others are written out where they stand: blocks whose
    layers are shared, and blocks that show a parameter that no single argument says.
    """

    def __init__(self, document: Graph, spec: DataSpec | None) -> None:
        self.definitions = document.definitions
        self.spec = spec
        unfit = self._shared(document)
        while True:
            more = {kind for kind in self.definitions if kind not in unfit and not self._fits(kind, unfit)}
            if not more:
                break
            unfit |= more
        self.kinds = tuple(kind for kind in self.definitions if kind not in unfit)

    def defaults(self, kind: str) -> dict[str, Any]:
        """Return the parameters that an own block shows with their defaults, as the script writes them."""
        return {name: self._argument(kind, name) for name in self._exposed(kind)}

    def given(self, node: Node) -> dict[str, Any]:
        """Return the shown parameters that the use of an own block sets."""
        names = [name for name in self._exposed(node.kind) if name in node.parameters]
        return {name: self._argument(node.kind, name, node.parameters[name]) for name in names}

    def exposed(self, kind: str) -> dict[tuple[str, str], str]:
        """Return for every shown parameter, as (inner node, parameter), the name under which it is shown."""
        return {(item.node, item.parameter): item.name for item in self.definitions[kind].exposed}

    def values(self, block: Block, node: Node, owner: Node, target: DataSpec | None) -> dict[str, Any]:
        """Return the values of a node's parameters: the layer's are the owner's, those of a call its own.

        Where the data have several targets, ``target`` describes the one that the node predicts, if any.
        """
        made = {name: value for name, value in owner.parameters.items() if name not in block.when_called}
        called = {name: value for name, value in node.parameters.items() if name in block.when_called}
        return resolved(block, node.parameters if owner is node else {**made, **called}, target or self.spec)

    def _shared(self, document: Graph) -> set[str]:
        """Return the kinds whose layers are used in several places, with all that lies in them."""
        found: set[str] = set()
        for graph in (document, *(item.graph for item in self.definitions.values())):
            for node in graph.nodes:
                definition = self.definitions.get(node.kind)
                if node.shared_with and definition is not None and not definition.nested_model:
                    found |= {node.kind, *self._inside(node.kind)}
        return found

    def _inside(self, kind: str) -> Iterator[str]:
        for node in self.definitions[kind].graph.nodes:
            if node.kind in self.definitions:
                yield node.kind
                yield from self._inside(node.kind)

    def _exposed(self, kind: str) -> list[str]:
        return list(dict.fromkeys(item.name for item in self.definitions[kind].exposed))

    def _targets(self, kind: str, name: str) -> list[tuple[Node, str]]:
        definition: Definition = self.definitions[kind]
        inner = {node.id: node for node in definition.graph.nodes}
        return [
            (inner[item.node], item.parameter)
            for item in definition.exposed
            if item.name == name and item.node in inner
        ]

    def _argument(self, kind: str, name: str, value: Any = _NOWHERE) -> Any:
        node, parameter = self._targets(kind, name)[0]
        return self._inner_argument(node, parameter, value)

    def _inner_argument(self, node: Node, parameter: str, value: Any) -> Any:
        if value is _NOWHERE:
            value = node.parameters.get(parameter, _NOWHERE)
        if node.kind in self.definitions:
            return self._argument(node.kind, parameter, value)
        given = {} if value is _NOWHERE else {parameter: value}
        values = resolved(registry()[node.kind], {**node.parameters, **given}, self.spec)
        return plain_arguments({parameter: values[parameter]})[parameter]

    def _fits(self, kind: str, unfit: set[str]) -> bool:
        for name in self._exposed(kind):
            targets = self._targets(kind, name)
            if not targets:
                return False
            if not all(self._is_one_argument(node, parameter, unfit) for node, parameter in targets):
                return False
            written = [self._inner_argument(node, parameter, _NOWHERE) for node, parameter in targets]
            if any(value != written[0] for value in written):
                return False
        return True

    def _is_one_argument(self, node: Node, parameter: str, unfit: set[str]) -> bool:
        """Tell whether a parameter of an inner node is one argument of its call, and changes no other."""
        if node.kind in self.definitions:
            return (
                node.kind not in unfit
                and parameter not in (REPEAT, TRAINING)
                and parameter in self._exposed(node.kind)
            )
        block = registry()[node.kind]
        if block.function is None or node.shared_with or block.automatic and parameter == "activation":
            return False
        values = resolved(block, node.parameters, self.spec)
        if parameter in block.when_called:
            return True
        arguments = raw_arguments(block, values, node.id)
        plain = plain_arguments({parameter: values.get(parameter)})
        return parameter in arguments and arguments[parameter] == plain[parameter]


def raw_arguments(block: Block, values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the arguments of a block's call, defaults included."""
    chosen = {key: value for key, value in values.items() if key not in block.when_called}
    return block.arguments(chosen, name) if block.arguments else plain_arguments(chosen)
