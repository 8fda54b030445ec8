"""What a model costs, block by block and in all: the table behind the Analyze panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from builder.compiler.analysis import Analysis, analyse
from builder.compiler.figures.layers import LayerFigures
from builder.compiler.figures.receptive_field import receptive_field
from builder.compiler.figures.tflite_size import tflite_bytes
from builder.compiler.figures.training_memory import training_memory
from builder.data.packed_words import packed_bytes
from builder.data.spec import DataSpec
from builder.graph import Graph


def analyze(graph: Any, spec: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a graph in JSON form; see ``report``.

    Args:
        graph: the graph's JSON form.
        spec: the data specification's JSON form, or None where no data are chosen.
        settings: the project's training settings, defaults filled in.

    Raises:
        BuilderError: where the data do not have the form of a graph.
    """
    known = None if spec is None else DataSpec.from_json(spec)
    return report(analyse(Graph.from_json(graph), known), settings)


def report(analysis: Analysis, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a graph's sound blocks as JSON-ready data; no weight is allocated.

    Args:
        analysis: what is known of the graph.
        settings: the project's training settings, defaults filled in.

    Returns:
        ``{"blocks": [...], "totals": {...}, "receptive_field": {...} or None, "guessed": [...]}``. A block
        has "id", "shapes" (by output), "parameters", "trainable", "flops", "activation_bytes" (one sample)
        and "layers". The totals have "parameters", "trainable", "flops", "activation_bytes",
        "batch_size", "training" (bytes of weights, gradients, optimizer, activations, total) and "tflite"
        (bytes of float32, float16, int8). "guessed" names the kinds of layers whose operations no rule
        tells. An own block stands for all blocks inside it.
    """
    layers = [layer for outcome in analysis.outcomes.values() for layer in outcome.layers]
    blocks = _blocks(analysis)
    return {
        "blocks": blocks,
        "totals": _totals(blocks, layers, settings, analysis.spec),
        "receptive_field": _receptive_field(analysis),
        "guessed": sorted({layer.kind for layer in layers if layer.is_rough}),
    }


def _blocks(analysis: Analysis) -> list[dict[str, Any]]:
    inside: dict[str, list[str]] = {}
    for node in analysis.graph.in_order():
        if node.id in analysis.outcomes:
            inside.setdefault(analysis.expansion.owner(node.id), []).append(node.id)
    return [_block(analysis, node_id, members) for node_id, members in inside.items()]


def _block(analysis: Analysis, node_id: str, members: list[str]) -> dict[str, Any]:
    outcomes = [analysis.outcomes[member] for member in members]
    layers = [layer for outcome in outcomes for layer in outcome.layers]
    return {
        "id": node_id,
        "kind": analysis.document.node(node_id).kind,
        "shapes": {port: list(spec.shape) for port, spec in outcomes[-1].outputs.items()},
        "parameters": sum(outcome.parameters for outcome in outcomes),
        "trainable": sum(outcome.trainable for outcome in outcomes),
        "flops": sum(layer.flops for layer in layers),
        "activation_bytes": sum(layer.activation_bytes for layer in layers),
        "layers": [_layer(layer) for layer in layers] if len(layers) > 1 else [],
    }


def _layer(layer: LayerFigures) -> dict[str, Any]:
    return {
        "name": layer.name or layer.kind,
        "kind": layer.kind,
        "shape": list(layer.shape),
        "parameters": layer.parameters,
        "flops": layer.flops,
        "activation_bytes": layer.activation_bytes,
    }


def _totals(
    blocks: Iterable[Mapping[str, Any]],
    layers: list[LayerFigures],
    settings: Mapping[str, Any],
    spec: DataSpec | None,
) -> dict[str, Any]:
    rows = list(blocks)
    parts = ("parameters", "trainable", "flops", "activation_bytes")
    totals: dict[str, Any] = {part: sum(row[part] for row in rows) for part in parts}
    return {
        **totals,
        "batch_size": settings["batch_size"],
        "optimizer": settings["optimizer"],
        "training": training_memory(layers, totals["parameters"], totals["trainable"], settings),
        "tflite": tflite_bytes(layers, packed_bytes(spec) if spec else 0),
    }


def _receptive_field(analysis: Analysis) -> dict[str, Any] | None:
    found = receptive_field(analysis.graph, analysis.outcomes)
    if found is None:
        return None
    return {
        "block": analysis.expansion.owner(found.block),
        "size": list(found.size),
        "picture": list(found.picture),
        "map": list(found.feature_map),
    }
