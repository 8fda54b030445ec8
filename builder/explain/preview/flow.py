"""The flow of one sample through the blocks of a model, of which only what is new is computed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from builder.adversarial.noise import draw
from builder.blocks import registry
from builder.blocks.latent_input import LATENT, latent_shape
from builder.compiler.analysis import Analysis
from builder.explain.preview.block_model import BlockModel, Result, Value, block_model, input_model
from builder.explain.preview.kept import Kept
from builder.explain.preview.run_weights import RunWeights
from builder.explain.preview.samples import Sample
from builder.graph import Node
from builder.own_blocks import FREE_INPUT, OUTPUT

MOST_WEIGHTS = 150_000_000
MOST_RESULT_BYTES = 512_000_000
# One output of so many values takes 200 MB: a picture of it is not worth the machine.
MOST_VALUES = 50_000_000


@dataclass(frozen=True)
class Step:
    """What is known of one block of the flat graph: a result, or why there is none.

    ``weights`` is "run" or "initial", and empty for a block without weights; ``activation`` names the
    function that made the output, and ``cuts_off`` tells whether it makes negative values zero.
    """

    key: str
    result: Result | None = None
    weights: str = ""
    failure: str = ""
    activation: str = "linear"
    cuts_off: bool = False


@dataclass
class Flow:
    """The steps of one question; ``computed`` names the blocks that had to be run for it."""

    analysis: Analysis
    sample: Sample
    weights: RunWeights | None
    steps: dict[str, Step] = field(default_factory=dict)
    computed: list[str] = field(default_factory=list)
    is_complete: bool = True

    def arriving(self, node: Node) -> list[Value] | None:
        """Return the values at a block's ports, in the ports' order; None where one is missing."""
        values = []
        edges = self.analysis.graph.incoming(node.id)
        for port in registry()[node.kind].inputs:
            for edge in edges:
                if edge.target_port == port.name:
                    step = self.steps.get(edge.source)
                    if step is None or step.result is None:
                        return None
                    values.append(step.result.outputs[edge.source_port])
        return values


class FlowCache:
    """The blocks with their weights and what they gave, kept from one question to the next."""

    def __init__(self) -> None:
        self._models: Kept[BlockModel] = Kept(MOST_WEIGHTS)
        self._steps: Kept[Step] = Kept(MOST_RESULT_BYTES)

    def flow(self, analysis: Analysis, sample: Sample, weights: RunWeights | None, seconds: float) -> Flow:
        """Return the flow of a sample through the sound blocks of an analysis.

        Args:
            analysis: of the model as it stands; blocks at or behind an error are left out.
            sample: what flows.
            weights: those of a run; None, and where a block does not fit them, initial ones.
            seconds: once so much time has gone, the rest is left for the next question; what was
                computed is kept. One block is always computed.
        """
        flow = Flow(analysis, sample, weights)
        began = time.monotonic()
        for node in _computable(analysis):
            key = self._key(flow, node)
            if key is None:
                continue
            step = self._steps.get(key)
            if step is None:
                if flow.computed and time.monotonic() - began > seconds:
                    flow.is_complete = False
                    break
                step = self._compute(flow, node, key)
                flow.computed.append(node.id)
                self._steps.put(key, step, _bytes(step))
            flow.steps[node.id] = step
        return flow

    def _key(self, flow: Flow, node: Node) -> str | None:
        """Return what a block's result depends on, as a hash; None where an ancestor is missing."""
        analysis = flow.analysis
        if node.kind == "input.v1":
            return _hash("input", flow.sample.key, analysis.values[node.id])
        if node.kind == LATENT:
            return _hash("latent", flow.sample.row, analysis.values[node.id])
        arriving = []
        for edge in analysis.graph.incoming(node.id):
            step = flow.steps.get(edge.source)
            if step is None or step.result is None:
                return None
            arriving.append([edge.target_port, step.key, edge.source_port])
        weights = "" if flow.weights is None else flow.weights.key
        return _hash(_model_key(analysis, node), weights, arriving)

    def _compute(self, flow: Flow, node: Node, key: str) -> Step:
        outputs = flow.analysis.outcomes[node.id].outputs.values()
        largest = max((spec.size for spec in outputs), default=0)
        if largest > MOST_VALUES:
            return Step(key, failure=f"Its output has {largest:,} values: too many for a preview.")
        if node.kind == "input.v1":
            return Step(key, self._input(flow, node))
        if node.kind == LATENT:
            # Every sample of the data stands for a draw of noise of its own.
            noise = draw(latent_shape(flow.analysis.values[node.id]), 1, flow.sample.row)
            return Step(key, Result({"output": Value(noise)}, {}))
        arriving = flow.arriving(node)
        assert arriving is not None, "a block is computed after what it reads"
        if node.kind == OUTPUT:
            return Step(key, Result({"output": arriving[0]}, {}))
        try:
            model, origin = self._model(flow, node)
            return Step(key, model.run(arriving), origin, "", model.activation, model.cuts_off)
        except Exception as error:  # Keras raises many types; the message is all that is used.
            return Step(key, failure=f"Keras could not run it: {str(error).strip()[:300]}")

    def _input(self, flow: Flow, node: Node) -> Result:
        prepared = flow.sample.prepared
        source = prepared.spec.input(flow.analysis.values[node.id]["source"])
        key = _hash("input model", source.to_json())
        model = self._models.get(key)
        if model is None:
            model = input_model(source)
            self._models.put(key, model, model.parameters)
        rows = slice(flow.sample.row, flow.sample.row + 1)
        arrays = [np.array(prepared.arrays[item.name][rows]).astype(item.dtype) for item in source.arrays]
        return model.run([Value(array) for array in arrays])

    def _model(self, flow: Flow, node: Node) -> tuple[BlockModel, str]:
        """Return a block's model with the weights that are wanted, and where these come from."""
        key = _model_key(flow.analysis, node)
        model = self._models.get(key)
        if flow.weights is not None:
            model = model or self._made(flow.analysis, node, key)
            if flow.weights.key == model.weights_key:
                return model, _origin(model, "run")
            fitting = flow.weights.fitting(model.model)
            if fitting is not None:
                for layer, arrays in fitting:
                    layer.set_weights(arrays)
                model.weights_key = flow.weights.key
                return model, _origin(model, "run")
        if model is None or model.weights_key:
            model = self._made(flow.analysis, node, key)
        return model, _origin(model, "initial")

    def _made(self, analysis: Analysis, node: Node, key: str) -> BlockModel:
        owner = _owner(analysis, node)
        weights = analysis.outcomes[node.id].weight_shapes
        # Not the whole input's shape: the same weights serve every size of picture.
        seed = _hash("weights", owner.id, owner.kind, weights)
        arriving = _arriving_specs(analysis, node)
        model = block_model(node.kind, analysis.values[node.id], owner.name, arriving, seed)
        self._models.put(key, model, model.parameters)
        return model


def _computable(analysis: Analysis) -> Iterator[Node]:
    for node in analysis.graph.in_order():
        if node.id in analysis.outcomes and node.kind != FREE_INPUT:
            yield node


def _owner(analysis: Analysis, node: Node) -> Node:
    return analysis.graph.node(node.shared_with) if node.shared_with else node


def _model_key(analysis: Analysis, node: Node) -> str:
    owner = _owner(analysis, node)
    specs = [[port, str(spec)] for port, spec in _arriving_specs(analysis, node).items()]
    return _hash("model", node.id, owner.id, owner.name, node.kind, analysis.values[node.id], specs)


def _arriving_specs(analysis: Analysis, node: Node) -> dict[str, Any]:
    edges = analysis.graph.incoming(node.id)
    specs: dict[str, Any] = {}
    for port in registry()[node.kind].inputs:
        found = tuple(
            analysis.outcomes[edge.source].outputs[edge.source_port]
            for edge in edges
            if edge.target_port == port.name
        )
        if found:
            specs[port.name] = found if port.variadic else found[0]
    return specs


def _origin(model: BlockModel, origin: str) -> str:
    return origin if model.parameters else ""


def _hash(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _bytes(step: Step) -> int:
    if step.result is None:
        return 0
    outputs = sum(value.array.nbytes for value in step.result.outputs.values())
    return outputs + sum(scores.nbytes for scores in step.result.attention.values())
