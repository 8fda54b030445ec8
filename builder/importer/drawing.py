"""From a saved model to a graph of blocks: a node for every call, an own block for every inner model."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from builder.blocks import registry
from builder.blocks.imported import IMPORTED_LAYER, MOST_OUTPUTS, OPERATION
from builder.blocks.saved_values import object_name, operation_name
from builder.graph import Definition, Edge, Graph, Node
from builder.importer.calls import Wiring, by_ports, by_template, spoken
from builder.importer.layers import OF_THE_NODE, kind_for
from builder.importer.names import Ids, slug
from builder.importer.saved import (
    INPUT_LAYER,
    Reference,
    SavedCall,
    SavedLayer,
    SavedModel,
    broken,
    flattened,
    is_reference,
    reference_of,
    references,
)
from builder.own_blocks import FREE_INPUT, OUTPUT, OWN, TRAINING, input_ports, output_ports
from builder.params import with_defaults

Unit = tuple[str, int]


class Drawing:
    """The drawing of one file: its graph, its own blocks, and which layer each node stands for.

    ``generic`` names the layers, as (kind of the own block, layer), that are taken as they were saved
    although another block seems to fit.
    """

    def __init__(self, model: SavedModel, generic: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.generic = generic
        self.definitions: dict[str, Definition] = {}
        self.layers: dict[tuple[str, str], str] = {}
        self.curated: set[tuple[str, str]] = set()
        graph = _Sheet(self, model, "").graph()
        self.graph = Graph(graph.nodes, graph.edges, definitions=self.definitions)

    def own_kind(self, name: str) -> str:
        """Return a kind that no own block has yet."""
        kind, number = OWN + slug(name), 2
        while kind in self.definitions:
            kind, number = f"{OWN}{slug(name)}_{number}", number + 1
        # Taken before it is drawn: a model inside may have the same name.
        self.definitions[kind] = Definition(name, Graph())
        return kind


class _Sheet:
    """The drawing of one model."""

    def __init__(self, drawing: Drawing, model: SavedModel, kind: str) -> None:
        self.drawing, self.model, self.kind = drawing, model, kind
        self.ids = Ids([layer.name for layer in model.layers])
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.ends: dict[Unit, tuple[str, list[str]]] = {}
        self.first: dict[str, Node] = {}

    def graph(self) -> Graph:
        try:
            inputs = list(flattened(self.model.inputs))
            outputs = list(flattened(self.model.outputs))
            self.reach = self._reach([tensor for _, tensor in outputs])
            for place, tensor in inputs:
                self._input(tensor[0], None if _is_usual(self.model.inputs) else place)
            for name, number in self._order():
                layer = self.model.by_name[name]
                self._call(layer, number, layer.calls[number])
            for place, tensor in outputs:
                self._output(tensor, None if _is_usual(self.model.outputs) else place)
        except (ValueError, KeyError) as error:
            raise broken(self.model.name, str(error).strip("'\"")) from error
        return Graph(tuple(self.nodes), tuple(self.edges))

    def _reach(self, outputs: list[Reference]) -> dict[Unit, int]:
        """Return for each call the largest number of an output that something reads."""
        found: dict[Unit, int] = {}
        read = [tensor for layer in self.model.layers for call in layer.calls for tensor in _tensors(call)]
        for tensor in [*read, *outputs]:
            unit = self._unit(tensor)
            found[unit] = max(found.get(unit, 0), tensor[2])
        return found

    def _unit(self, tensor: Reference) -> Unit:
        layer = self.model.by_name.get(tensor[0])
        if layer is None:
            raise ValueError(f"it reads the layer '{tensor[0][:60]}', which it does not have")
        number = tensor[1]
        if not number < max(1, len(layer.calls)):
            raise ValueError(f"it reads a call of the layer '{tensor[0]}' that does not take place")
        return tensor[0], number

    def _order(self) -> Iterator[Unit]:
        """Yield the calls so that each follows what it reads, and those of one layer keep their order."""
        place = {layer.name: number for number, layer in enumerate(self.model.layers)}
        waiting: dict[Unit, int] = {}
        followers: dict[Unit, list[Unit]] = {}
        for layer in self.model.layers:
            for number, call in enumerate(layer.calls):
                before = {self._unit(tensor) for tensor in _tensors(call)}
                before = {unit for unit in before if self.model.by_name[unit[0]].calls}
                before |= {(layer.name, number - 1)} if number else set()
                waiting[layer.name, number] = len(before)
                for unit in before:
                    followers.setdefault(unit, []).append((layer.name, number))
        ready = [(place[unit[0]], unit[1], unit) for unit, count in waiting.items() if not count]
        heapq.heapify(ready)
        done = 0
        while ready:
            *_, unit = heapq.heappop(ready)
            done += 1
            yield unit
            for follower in followers.get(unit, ()):
                waiting[follower] -= 1
                if not waiting[follower]:
                    heapq.heappush(ready, (place[follower[0]], follower[1], follower))
        if done < len(waiting):
            raise ValueError("its connections run in a circle")

    def _input(self, name: str, place: list[str | int] | None) -> None:
        layer = self.model.by_name[name]
        if layer.class_name != INPUT_LAYER:
            raise ValueError(f"its input '{name}' is no input layer")
        shape = layer.config.get("batch_shape")
        if not isinstance(shape, list) or not shape or len(shape) > 7:
            raise ValueError(f"its input '{name}' has no shape")
        if layer.config.get("ragged"):
            raise ValueError(f"its input '{name}' takes ragged tensors, for which there is no block")
        values = {
            "shape": [-1 if size is None else size for size in shape[1:]],
            "dtype": layer.config.get("dtype", "float32"),
            "batch_size": shape[0],
            "optional": bool(layer.config.get("optional", False)),
            "sparse": bool(layer.config.get("sparse", False)),
            "place": place,
        }
        defaults = {item.name: item.default for item in registry()[FREE_INPUT].parameters}
        kept = {key: value for key, value in values.items() if key == "shape" or value != defaults[key]}
        node = self._add(layer, FREE_INPUT, kept, frozen=False)
        self.ends[name, 0] = (node.id, ["output"])

    def _call(self, layer: SavedLayer, number: int, call: SavedCall) -> None:
        if layer.model is not None:
            self._nested(layer, number, call)
            return
        highest = self.reach.get((layer.name, number), 0)
        if operation_name(layer.saved) is not None:
            wiring, kind = by_template(call), OPERATION
            said = {"operation": operation_name(layer.saved), **_config(layer)}
            self._wire(layer, number, kind, {**said, **wiring.parameters, **_outputs(highest)}, wiring)
            return
        kind, parameters, wiring = self._curated(layer, call, highest) or self._as_saved(layer, call, highest)
        self._wire(layer, number, kind, parameters, wiring)

    def _curated(
        self, layer: SavedLayer, call: SavedCall, highest: int
    ) -> tuple[str, dict[str, Any], Wiring] | None:
        if (self.kind, layer.name) in self.drawing.generic:
            return None
        try:
            found = kind_for(layer.saved)
        except ValueError as error:
            raise ValueError(f"Keras refuses the settings of its layer '{layer.name}' ({error})") from error
        # One layer is one block: where a single call does not fit the ports, all are taken as saved.
        if found is None or not all(by_ports(registry()[found[0]], item) for item in layer.calls):
            return None
        block, wiring = registry()[found[0]], by_ports(registry()[found[0]], call)
        assert wiring is not None, "checked for all calls"
        parameters = {**found[1], **wiring.parameters}
        if highest >= len(block.output_names(with_defaults(block.parameters, parameters))):
            return None
        self.drawing.curated.add((self.kind, layer.name))
        return found[0], parameters, wiring

    def _as_saved(
        self, layer: SavedLayer, call: SavedCall, highest: int
    ) -> tuple[str, dict[str, Any], Wiring]:
        name = object_name(layer.saved)
        assert name is not None, "the layer has been checked"
        if highest >= MOST_OUTPUTS:
            raise ValueError(f"the layer '{layer.name}' has more than {MOST_OUTPUTS} outputs")
        wiring = by_template(call)
        parameters = {"class_name": name, **_config(layer), **wiring.parameters, **_outputs(highest)}
        return IMPORTED_LAYER, parameters, wiring

    def _nested(self, layer: SavedLayer, number: int, call: SavedCall) -> None:
        assert layer.model is not None, "asked only for models"
        if layer.name not in self.first:
            kind = self.drawing.own_kind(layer.name)
            inner = _Sheet(self.drawing, layer.model, kind).graph()
            self.drawing.definitions[kind] = Definition(
                layer.name, inner, nested_model=True, sequential=layer.model.is_sequential
            )
        else:
            kind = self.first[layer.name].kind
        definition = self.drawing.definitions[kind]
        said = spoken(None, call.kwargs)
        training = said.pop(TRAINING, None)
        tensors = [reference_of(item) for item in _flat(call.args)]
        ports = list(input_ports(definition))
        if said or len(tensors) != len(ports) or not isinstance(training, (bool, type(None))):
            raise ValueError(f"the model '{layer.name}' in it is called in a way for which there is no block")
        wiring = Wiring(tuple(zip(ports, tensors, strict=True)))
        self._wire(layer, number, kind, {} if training is None else {TRAINING: training}, wiring)

    def _wire(
        self, layer: SavedLayer, number: int, kind: str, parameters: dict[str, Any], wiring: Wiring
    ) -> None:
        node = self._add(layer, kind, parameters, frozen=layer.config.get("trainable") is False)
        for port, tensor in wiring.ends:
            self._connect(tensor, node.id, port)
        self.ends[layer.name, number] = (node.id, self._output_names(node))

    def _output_names(self, node: Node) -> list[str]:
        definition = self.drawing.definitions.get(node.kind)
        if definition is not None:
            return list(output_ports(definition))
        block = registry()[node.kind]
        return block.output_names(with_defaults(block.parameters, node.parameters))

    def _output(self, tensor: Reference, place: list[str | int] | None) -> None:
        names = [part for part in place or [] if isinstance(part, str)]
        node_id = self.ids.fresh(slug(f"output_{names[-1]}") if names else "output")
        self.nodes.append(Node(node_id, OUTPUT, {} if place is None else {"place": place}))
        self._connect(tensor, node_id, "input")

    def _connect(self, tensor: Reference, target: str, port: str) -> None:
        source, names = self.ends[self._unit(tensor)]
        if tensor[2] >= len(names):
            raise ValueError(f"it reads an output of '{tensor[0]}' that does not exist")
        self.edges.append(Edge(source, target, port, names[tensor[2]]))

    def _add(self, layer: SavedLayer, kind: str, parameters: dict[str, Any], frozen: bool) -> Node:
        owner = self.first.get(layer.name)
        node_id = self.ids.own(layer.name) if owner is None else self.ids.fresh(owner.id)
        name = layer.name if node_id != layer.name else ""
        if owner is None:
            node = Node(node_id, kind, parameters, layer_name=name, frozen=frozen)
            self.first[layer.name] = node
        else:
            node = Node(node_id, kind, parameters, frozen=frozen, shared_with=owner.id)
        self.drawing.layers[self.kind, node.id] = layer.name
        self.nodes.append(node)
        return node


def _is_usual(structure: Any) -> bool:
    is_list = isinstance(structure, list) and len(structure) > 1
    return is_reference(structure) or (is_list and all(is_reference(item) for item in structure))


def _tensors(call: SavedCall) -> Iterator[Reference]:
    yield from references([call.args, call.kwargs])


def _flat(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _flat(value[key])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
    else:
        raise ValueError("a model in it is called with something that is no tensor")


def _config(layer: SavedLayer) -> dict[str, Any]:
    config = {key: value for key, value in layer.config.items() if key not in OF_THE_NODE}
    return {"config": _without_marks(config)} if config else {}


def _without_marks(value: Any) -> Any:
    """Return saved settings without the marks that Keras leaves in a file for its own loading."""
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    marks = ("shared_object_id", "build_config") if "class_name" in value else ()
    return {key: _without_marks(item) for key, item in value.items() if key not in marks}


def _outputs(highest: int) -> dict[str, int]:
    return {"outputs": highest + 1} if highest else {}
