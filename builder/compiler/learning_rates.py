"""Which layers of a model learn faster or more slowly than the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from builder.compiler.analysis import Analysis
from builder.graph import Graph
from builder.own_blocks import expand


def layer_factors(analysis: Analysis) -> dict[str, float]:
    """Return the factor of the learning rate for every layer that has one of its own.

    A layer of a nested model is named ``"model/layer"``; its factor is its own, without the model's.
    """
    return dict(_factors(analysis, analysis.document, "", ""))


def _factors(analysis: Analysis, document: Graph, prefix: str, place: str) -> Iterator[tuple[str, float]]:
    """Yield names and factors; the flat analysis puts the prefix before the ids of blocks in here."""
    graph = expand(document, keep_nested=True).graph
    for node in graph.nodes:
        definition = graph.definitions.get(node.kind)
        names = [node.name] if definition else []
        if definition and not node.shared_with:
            inner = replace(definition.graph, definitions=graph.definitions)
            yield from _factors(analysis, inner, f"{prefix}{node.id}_", f"{place}{node.name}/")
        outcome = analysis.outcomes.get(prefix + node.id)
        if outcome and not definition:
            names = outcome.layer_names(node.name)
        if node.learning_rate_factor != 1.0:
            yield from ((place + name, node.learning_rate_factor) for name in names)
