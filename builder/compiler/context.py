"""What a rule sees of one block: its declaration, its values and what arrives at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.blocks.base import Block
from builder.compiler.symbolic import Outcome
from builder.compiler.tensors import TensorSpec
from builder.errors import Problem, Repair
from builder.graph import Edge, Graph, Node


@dataclass(frozen=True)
class Arrival:
    """A connection and the tensor that comes along it."""

    edge: Edge
    spec: TensorSpec


@dataclass(frozen=True)
class Context:
    """One block within its graph.

    ``arrivals`` are in the order of the edges, by port; ``outcomes`` are those of the blocks before it.
    """

    graph: Graph
    node: Node
    block: Block
    values: Mapping[str, Any]
    arrivals: Mapping[str, tuple[Arrival, ...]]
    outcomes: Mapping[str, Outcome]

    @property
    def title(self) -> str:
        """The block's name for messages."""
        return f"{self.block.label} '{self.node.id}'"

    @property
    def first(self) -> TensorSpec:
        """The tensor at the block's first port."""
        return self.arrivals[self.block.inputs[0].name][0].spec

    def problem(
        self,
        code: str,
        message: str,
        repair: Repair | None = None,
        field: str | None = None,
        severity: str = "error",
    ) -> Problem:
        """Return a problem pinned to this block."""
        return Problem(code, message, self.node.id, field, repair, severity)
