"""What is wrong with a graph's names, connections and order: everything that needs no catalogue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.errors import Problem, Repair

if TYPE_CHECKING:
    from builder.graph.document import Graph

NODE_ID = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


def structure_problems(graph: Graph) -> list[Problem]:
    """Return what is wrong with ids, edges and order; empty for a sound graph."""
    problems = [*_id_problems(graph), *_edge_problems(graph), *_sharing_problems(graph)]
    if not problems:
        problems = _cycle_problems(graph)
    return problems


def _id_problems(graph: Graph) -> list[Problem]:
    problems, seen = [], set()
    for node in graph.nodes:
        if not NODE_ID.match(node.id):
            message = (
                f"The block name '{node.id[:70]}' cannot be used. A name starts with a small letter and "
                "goes on with at most 62 small letters, digits or underscores."
            )
            problems.append(Problem("bad_block_name", message, block=node.id))
        if node.id in seen:
            message = f"Two blocks are named '{node.id}'. Rename one of them: every block needs its own name."
            problems.append(Problem("duplicate_block_name", message, block=node.id))
        seen.add(node.id)
    return problems


def _edge_problems(graph: Graph) -> list[Problem]:
    known = {node.id for node in graph.nodes}
    problems = []
    for edge in graph.edges:
        missing = [name for name in (edge.source, edge.target) if name not in known]
        if missing:
            message = (
                f"A connection from '{edge.source}' to '{edge.target}' leads to the block '{missing[0]}', "
                "which is not in the model. Remove the connection or add the block."
            )
            repair = Repair("Remove the connection", ({"op": "remove_edge", "edge": edge.to_json()},))
            pinned = edge.target if edge.target in known else edge.source
            problems.append(
                Problem("dangling_edge", message, block=pinned if pinned in known else None, repair=repair)
            )
    return problems


def _cycle_problems(graph: Graph) -> list[Problem]:
    ordered = {node.id for node in graph.in_order()}
    stuck = {node.id for node in graph.nodes if node.id not in ordered}
    while True:
        followed = {edge.source for edge in graph.edges if edge.source in stuck and edge.target in stuck}
        if followed == stuck:
            break
        stuck = followed
    if not stuck:
        return []
    names = [node.id for node in graph.nodes if node.id in stuck]
    closing = next(edge for edge in reversed(graph.edges) if edge.source in stuck and edge.target in stuck)
    message = (
        f"The connections run in a circle through {', '.join(names)}. Data must flow from an input to an "
        f"output without coming back. Remove a connection, for example from '{closing.source}' to "
        f"'{closing.target}'."
    )
    repair = Repair(
        f"Remove the connection {closing.source} → {closing.target}",
        ({"op": "remove_edge", "edge": closing.to_json()},),
    )
    return [Problem("cycle", message, block=closing.target, repair=repair)]


def _sharing_problems(graph: Graph) -> list[Problem]:
    kinds = {node.id: node for node in graph.nodes}
    problems = []
    for node in graph.nodes:
        owner = kinds.get(node.shared_with)
        if not node.shared_with or (owner is not None and owner.kind == node.kind and not owner.shared_with):
            continue
        message = (
            f"'{node.id}' uses the weights of '{node.shared_with}', which must be another block of the same "
            "kind that has weights of its own. Choose another block to share with, or share nothing."
        )
        alone = {"op": "set_node", "id": node.id, "changes": {"shared_with": ""}}
        problems.append(
            Problem("bad_sharing", message, node.id, repair=Repair("Give it weights of its own", (alone,)))
        )
    return problems
