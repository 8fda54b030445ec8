"""How much of a picture the last convolution of a model sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from builder.compiler.figures.reach import Reach, start, widest
from builder.compiler.symbolic import Outcome
from builder.graph import Graph

LOOKED_AT = ("image", "volume")


@dataclass(frozen=True)
class ReceptiveField:
    """What one value after the last convolution, of ``block``, has seen of the picture; sizes by axis."""

    block: str
    size: tuple[int, ...]
    picture: tuple[int, ...]
    feature_map: tuple[int, ...]

    @property
    def sees_all(self) -> bool:
        """Whether a value in the middle sees the whole picture."""
        return all(seen >= whole for seen, whole in zip(self.size, self.picture, strict=True))

    @property
    def share(self) -> float:
        """The share of the shortest-sighted axis that is seen, at most 1."""
        return min(
            min(seen / whole, 1.0) for seen, whole in zip(self.size, self.picture, strict=True) if whole
        )


def receptive_field(graph: Graph, outcomes: Mapping[str, Outcome]) -> ReceptiveField | None:
    """Return the receptive field of the last convolution over a picture, or None where there is none.

    Reference: Araujo, Norris & Sim, Computing Receptive Fields of Convolutional Neural Networks (2019).
    """
    found = None
    seen: dict[str, tuple[Reach, tuple[int, ...]]] = {}
    for node in graph.in_order():
        result = outcomes.get(node.id)
        if result is None:
            continue
        if node.kind == "input.v1" and result.output.flow in LOOKED_AT:
            picture = tuple(size or 0 for size in result.output.shape[1:-1])
            seen[node.id] = (start(result.output.shape), picture)
            continue
        before = [seen[edge.source] for edge in graph.incoming(node.id) if edge.source in seen]
        if not before or result.reach is None or len({len(reach.growth) for reach, _ in before}) > 1:
            continue
        reach = result.reach.after(widest(item for item, _ in before))
        if result.output.flow not in LOOKED_AT or inf in reach.growth:
            continue
        seen[node.id] = (reach, before[0][1])
        if result.reach.convolves:
            found = _field(node.id, reach, before[0][1], result)
    return found


def _field(block: str, reach: Reach, picture: tuple[int, ...], result: Outcome) -> ReceptiveField:
    size = tuple(round(growth + 1) for growth in reach.growth)
    return ReceptiveField(block, size, picture, tuple(part or 0 for part in result.output.shape[1:-1]))
