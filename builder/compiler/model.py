"""The Keras model of a sound analysis."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import keras

from builder.blocks import registry
from builder.blocks.base import Block
from builder.blocks.latent_input import LATENT, latent_shape
from builder.compiler.analysis import Analysis
from builder.compiler.ends import ends_by_target
from builder.compiler.order import building_order, reading_order
from builder.compiler.places import arranged
from builder.data.preprocessing import model_input_tensors
from builder.graph import Graph, Node
from builder.own_blocks import FREE_INPUT, OUTPUT, TRAINING, expand, input_ports, output_ports
from builder.params import with_defaults

Tensors = dict[tuple[str, str], Any]
PLACE = "place"


def model_name(name: str) -> str:
    """Return a project's name as a Keras model's name."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "model"


def assemble(analysis: Analysis, name: str) -> keras.Model:
    """Return the model that a sound analysis describes, its blocks in the order of the data's flow."""
    with warnings.catch_warnings():
        # The design rules have already told that a mask ends at a block.
        warnings.filterwarnings("ignore", message="Layer .* was passed an input with a mask")
        return _Assembly(analysis, analysis.document).model(model_name(name))


class _Assembly:
    """The making of one model; a nested model is an assembly of its own."""

    def __init__(self, analysis: Analysis, document: Graph, prefix: str = "") -> None:
        self.analysis, self.document = analysis, document
        self.graph = expand(document, keep_nested=True).graph
        # What the flat analysis puts before the ids of blocks inside a nested model.
        self.prefix = prefix
        self.layers: dict[str, Any] = {}
        self.tensors: Tensors = {}
        self.inputs: list[Any] = []
        self.free_inputs: dict[str, Any] = {}

    def model(self, name: str) -> keras.Model:
        """Return the model under a name."""
        for node_id in building_order(self.document):
            if self.graph.has(node_id):
                self._place(self.graph.node(node_id))
        # Inside a nested model no output is a target of the data.
        ends = ends_by_target(self.graph, None if self.prefix else self.analysis.spec)
        outputs = arranged([(_place_of(node), self._end(node)) for node in ends])
        return keras.Model(self._arranged_inputs(), outputs, name=name)

    def sequential(self, name: str) -> keras.Model:
        """Return a chain of layers as a ``keras.Sequential``, as it was in the file."""
        layers = []
        for node in reading_order(self.graph):
            if node.kind == FREE_INPUT:
                layers.append(keras.layers.InputLayer(**self._input_arguments(node)))
            elif node.kind in self.graph.definitions:
                layers.append(self._nested_model(node))
            elif node.kind != OUTPUT:
                layers.append(self._layer(node, registry()[node.kind]))
        return keras.Sequential(layers, name=name)

    def _arranged_inputs(self) -> Any:
        nodes = [node for node in self.graph.nodes if node.id in self.free_inputs]
        placed = [(_place_of(node), self.free_inputs[node.id]) for node in nodes]
        if self.inputs:
            return [*self.inputs, *(tensor for _, tensor in placed)]
        # A lone free input is handed over as it is, like the models of opened files have it.
        return arranged(placed)

    def _place(self, node: Node) -> None:
        if node.kind in self.graph.definitions:
            self._keep(node, self._nested_outputs(node))
        elif node.kind == FREE_INPUT:
            self._keep(node, {"output": self._free_input(node)})
        elif node.kind == LATENT:
            self._keep(node, {"output": self._latent_input(node)})
        elif node.kind == OUTPUT:
            (edge,) = self.graph.incoming(node.id)
            self._keep(node, {"output": self.tensors[edge.source, edge.source_port]})
        elif not registry()[node.kind].inputs:
            assert self.analysis.spec is not None, "a sound analysis with an Input has data"
            source = self.analysis.values[self.prefix + node.id]["source"]
            sources, tensor = model_input_tensors(self.analysis.spec.input(source))
            self.inputs += sources
            self._keep(node, {"output": tensor})
        else:
            self._keep(node, self._block_outputs(node))

    def _keep(self, node: Node, outputs: Mapping[str, Any]) -> None:
        self.tensors.update({(node.id, port): tensor for port, tensor in outputs.items()})

    def _end(self, node: Node) -> Any:
        return next(tensor for (name, _), tensor in self.tensors.items() if name == node.id)

    def _free_input(self, node: Node) -> Any:
        tensor = keras.Input(**self._input_arguments(node))
        self.free_inputs[node.id] = tensor
        return tensor

    def _latent_input(self, node: Node) -> Any:
        tensor = keras.Input(latent_shape(self.analysis.values[self.prefix + node.id]), name=node.name)
        self.free_inputs[node.id] = tensor
        return tensor

    def _input_arguments(self, node: Node) -> dict[str, Any]:
        # Inside a nested model the flat analysis has no free inputs: their parameters stand as they are.
        given = with_defaults(registry()[FREE_INPUT].parameters, node.parameters)
        sizes = [None if size == -1 else size for size in given["shape"]]
        settings = {name: given[name] for name in ("dtype", "optional", "sparse")}
        return {"batch_shape": (given["batch_size"], *sizes), "name": node.name, **settings}

    def _block_outputs(self, node: Node) -> dict[str, Any]:
        block, values = registry()[node.kind], self.analysis.values[self.prefix + node.id]
        arriving = self._arriving(node, block)
        if block.is_layer:
            return block.named_outputs(values, block.apply_layer(self._layer(node, block), values, arriving))
        outputs = block.named_outputs(values, block.apply(values, node.name, arriving))
        if node.frozen:
            _freeze(outputs.values(), arriving.values())
        return outputs

    def _layer(self, node: Node, block: Block) -> Any:
        """Return the layer of a node; a node that shares has the layer of the node that it names."""
        owner = self.graph.node(node.shared_with) if node.shared_with else node
        if owner.id not in self.layers:
            values = self.analysis.values[self.prefix + owner.id]
            layer = block.call(values, owner.name).run()
            if owner.frozen:
                layer.trainable = False
            self.layers[owner.id] = layer
        return self.layers[owner.id]

    def _nested_outputs(self, node: Node) -> dict[str, Any]:
        definition = self.graph.definitions[node.kind]
        arriving = {
            edge.target_port: self.tensors[edge.source, edge.source_port]
            for edge in self.graph.incoming(node.id)
        }
        inner = {node.id: node for node in definition.graph.nodes}
        ports = input_ports(definition).items()
        inputs = arranged([(_place_of(inner[inner_id]), arriving[port]) for port, inner_id in ports])
        training = node.parameters.get(TRAINING)
        keywords = {} if training is None else {TRAINING: training}
        results = keras.tree.flatten(self._nested_model(node)(inputs, **keywords))
        return dict(zip(output_ports(definition), results, strict=True))

    def _nested_model(self, node: Node) -> Any:
        """Return the nested model of a node; a node that shares has the model of the node that it names."""
        definition = self.graph.definitions[node.kind]
        owner = self.graph.node(node.shared_with) if node.shared_with else node
        if owner.id not in self.layers:
            inner = replace(definition.graph, definitions=self.graph.definitions)
            assembly = _Assembly(self.analysis, inner, f"{self.prefix}{owner.id}_")
            is_chain = definition.sequential and is_chain_of_layers(inner)
            model = assembly.sequential(owner.name) if is_chain else assembly.model(owner.name)
            if owner.frozen:
                model.trainable = False
            self.layers[owner.id] = model
        return self.layers[owner.id]

    def _arriving(self, node: Node, block: Block) -> dict[str, Any]:
        arriving: dict[str, list[Any]] = {port.name: [] for port in block.inputs}
        for edge in self.graph.incoming(node.id):
            arriving[edge.target_port].append(self.tensors[edge.source, edge.source_port])
        return {
            port.name: arriving[port.name] if port.variadic else arriving[port.name][0]
            for port in block.inputs
            if arriving[port.name]
        }


def is_chain_of_layers(graph: Graph) -> bool:
    """Tell whether a graph is one layer after the other, as a ``keras.Sequential`` is."""
    inputs = [node for node in graph.nodes if node.kind == FREE_INPUT]
    others = [node for node in graph.nodes if node.kind != FREE_INPUT]
    readers = [len(graph.outgoing(node.id)) for node in graph.nodes if node.kind != OUTPUT]
    return len(inputs) == 1 and all(count == 1 for count in readers) and all(_links(graph, others))


def _links(graph: Graph, nodes: list[Node]) -> Iterator[bool]:
    for node in nodes:
        block = registry().get(node.kind)
        one_layer = node.kind == OUTPUT or node.kind in graph.definitions or (block and block.is_layer)
        yield bool(one_layer) and len(graph.incoming(node.id)) == 1


def _place_of(node: Node) -> Any:
    return node.parameters.get(PLACE) if node.kind in (FREE_INPUT, OUTPUT) else None


def _freeze(outputs: Any, inputs: Any) -> None:
    """Freeze the layers between a composite's inputs and outputs."""
    for layer in keras.Model(keras.tree.flatten(list(inputs)), list(outputs)).layers:
        layer.trainable = False
