"""Faults in the design of models that work: each rule returns warnings with a repair where one exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.compiler.faults import activations, normalization, order, pictures, sizes
from builder.compiler.symbolic import Outcome
from builder.errors import Problem
from builder.graph import Graph


def design_faults(
    graph: Graph, values: Mapping[str, Mapping[str, Any]], outcomes: Mapping[str, Outcome]
) -> list[Problem]:
    """Return the warnings about a graph's sound blocks.

    Args:
        graph: a graph without own blocks.
        values: every block's parameter values.
        outcomes: what Keras makes of the sound blocks.
    """
    return [
        *activations.warnings(graph, values, outcomes),
        *normalization.warnings(graph, values, outcomes),
        *sizes.warnings(graph, outcomes),
        *pictures.warnings(graph, outcomes),
        *order.warnings(graph, outcomes),
    ]
