"""From the flow of a sample to what is shown at each block of the document."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from builder.blocks import registry
from builder.blocks.latent_input import LATENT
from builder.compiler.ends import output_nodes, targets_of_ends
from builder.explain.preview.block_model import Value
from builder.explain.preview.flow import Flow, Step
from builder.explain.preview.marks import condition, marks
from builder.explain.preview.pictures import (
    Limits,
    answer_picture,
    attention_picture,
    input_picture,
    picture_of,
    words_picture,
)
from builder.explain.preview.statistics import histogram, statistics
from builder.graph import Node
from builder.own_blocks import OUTPUT, output_ports

# Blocks that hand values on without changing what they mean.
_TRANSPARENT = (OUTPUT, "dropout.v1", "flatten.v1", "reshape.v1", "identity.v1")
# An own block may hold many attention layers; the picture of so many is enough.
MOST_ATTENTIONS = 4


class Reporter:
    """Says what is shown of a flow.

    Args:
        flow: the steps that are known.
        limits: the most of each picture.
    """

    def __init__(self, flow: Flow, limits: Limits) -> None:
        self._flow, self._limits = flow, limits
        self._analysis = flow.analysis
        self._ends = {node.id for node in output_nodes(self._analysis.graph)}
        self._targets = targets_of_ends(self._analysis.graph, flow.sample.prepared.spec)
        self._conditions: dict[str, str | None] = {}
        self._inner: dict[str, list[str]] = {}
        for name in flow.steps:
            self._inner.setdefault(self._analysis.expansion.owner(name), []).append(name)

    def blocks(self, known: Mapping[str, str], only: str | None = None) -> dict[str, Any]:
        """Return what is shown of each block of the document that has a result.

        Args:
            known: keys by block; where a block still has that key, only the key is returned.
            only: the one block to tell of.
        """
        told = {}
        for node in self._analysis.document.nodes:
            inner = self._inner.get(node.id)
            if not inner or (only is not None and node.id != only):
                continue
            key = self._key(node, inner)
            told[node.id] = {"key": key} if known.get(node.id) == key else self._block(node, inner, key)
        return told

    def _key(self, node: Node, inner: list[str]) -> str:
        keys = ":".join(self._flow.steps[name].key for name in inner)
        # An own block becomes complete bit by bit, and the last block is shown in the task's words.
        is_end = any(name in self._ends for name in inner)
        text = f"{keys}:{is_end}:{self._limits}:{len(self._ports(node))}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def _block(self, node: Node, inner: list[str], key: str) -> dict[str, Any]:
        steps = {name: self._flow.steps[name] for name in inner}
        origins = {step.weights for step in steps.values() if step.weights}
        failures = [step.failure for step in steps.values() if step.failure]
        return {
            "key": key,
            "outputs": [self._output(port, name, value) for port, name, value in self._ports(node)],
            "attention": self._attention(steps),
            "marks": [mark for name, step in steps.items() for mark in self._marks(node, name, step)],
            "weights": "initial" if "initial" in origins else next(iter(origins), ""),
            "failure": failures[0] if failures else "",
        }

    def _ports(self, node: Node) -> list[tuple[str, str, Value]]:
        """Return port, flat block and value of each output of a node of the document that is known."""
        definition = self._analysis.document.definitions.get(node.kind)
        aliases = self._analysis.expansion.aliases
        ports = output_ports(definition) if definition is not None else self._outputs(node.id)
        found = []
        for port in ports:
            source, source_port = aliases.get((node.id, port), (node.id, port))
            values = self._outputs(source)
            if source_port in values:
                found.append((port, source, values[source_port]))
        return found

    def _outputs(self, name: str) -> Mapping[str, Value]:
        step = self._flow.steps.get(name)
        return {} if step is None or step.result is None else step.result.outputs

    def _output(self, port: str, name: str, value: Value) -> dict[str, Any]:
        is_float = value.array.dtype.kind == "f"
        return {
            "port": port,
            "shape": list(value.array.shape[1:]),
            "dtype": str(value.array.dtype),
            "statistics": statistics(value) if is_float else None,
            "histogram": histogram(value) if is_float else None,
            "picture": self._picture(name, value),
        }

    def _picture(self, name: str, value: Value) -> dict[str, Any]:
        node, spec = self._analysis.graph.node(name), self._flow.sample.prepared.spec
        if node.kind == "input.v1":
            return input_picture(value, spec.input(self._analysis.values[name]["source"]), self._limits)
        if name in self._ends and spec.task != "generation":
            number = self._targets.get(name, 0)
            truth = self._flow.sample.target(number)
            answer = answer_picture(value, self._activation(node), spec.each_target[number], truth)
            if answer is not None:
                return answer
        is_tokens = value.array.dtype.kind == "i" and value.array.ndim == 2
        text = next((item for item in spec.inputs if item.kind == "text"), None)
        if is_tokens and text is not None:
            return words_picture(value.array[0], text.settings["vocabulary"], self._limits)
        return picture_of(value, self._limits)

    def _activation(self, node: Node) -> str:
        """Return the function that made a block's output, looked for through what changes nothing."""
        edges = self._analysis.graph.incoming(node.id)
        if node.kind in _TRANSPARENT and edges:
            return self._activation(self._analysis.graph.node(edges[0].source))
        return self._flow.steps[node.id].activation

    def _attention(self, steps: Mapping[str, Step]) -> list[dict[str, Any]]:
        found = [
            {"layer": layer, **attention_picture(scores, self._limits)}
            for step in steps.values()
            if step.result is not None
            for layer, scores in step.result.attention.items()
        ]
        return found[:MOST_ATTENTIONS]

    def _marks(self, node: Node, name: str, step: Step) -> list[dict[str, str]]:
        if step.result is None or self._analysis.graph.node(name).kind in ("input.v1", LATENT):
            return []
        values = [value for value in step.result.outputs.values() if value.array.dtype.kind == "f"]
        if not values:
            return []
        sources = [edge.source for edge in self._analysis.graph.incoming(name)]
        arriving = {code for source in sources if (code := self._condition(source)) is not None}
        title = f"{registry()[node.kind].label if node.kind in registry() else 'Block'} '{node.id}'"
        return marks(title, statistics(values[0]), arriving, self._can_die(step), self._may_be_large(name))

    def _condition(self, name: str) -> str | None:
        """Return what is wrong with a block's output, whether it began there or before."""
        if name not in self._conditions:
            first = next(iter(self._outputs(name).values()), None)
            is_float = first is not None and first.array.dtype.kind == "f"
            self._conditions[name] = (
                condition(statistics(first), True, self._may_be_large(name)) if first and is_float else None
            )
        return self._conditions[name]

    def _can_die(self, step: Step) -> bool:
        return bool(step.weights) or step.cuts_off

    def _may_be_large(self, name: str) -> bool:
        targets = self._flow.sample.prepared.spec.each_target
        return name in self._ends and targets[self._targets.get(name, 0)].predicts_numbers
