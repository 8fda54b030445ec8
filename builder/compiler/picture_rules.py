"""What would tear pictures apart from their answers, where these are pixels or boxes."""

from __future__ import annotations

from builder.blocks import registry
from builder.compiler import repairs
from builder.data.spec import DataSpec
from builder.errors import Problem
from builder.graph import Graph
from builder.tasks import TASKS

# They move what is on a picture, but not the mask or the boxes that belong to it.
MOVING = frozenset(
    f"{name}.v1"
    for name in (
        *("random_flip", "random_rotation", "random_zoom", "random_translation", "random_crop"),
        *("random_shear", "random_perspective", "random_elastic_transform", "rand_augment", "aug_mix"),
    )
)


def moved_pictures(graph: Graph, spec: DataSpec) -> list[Problem]:
    """Return the blocks that move pictures away from their masks or boxes while the model learns."""
    if not TASKS[spec.task].of_pictures:
        return []
    found = []
    for node in graph.nodes:
        if node.kind not in MOVING:
            continue
        answers = "boxes" if spec.predicts_boxes else "masks"
        message = (
            f"'{node.id}' ({registry()[node.kind].label}) moves what is on the pictures, but their {answers} "
            "stay where they are, so the model would learn wrong answers. Take it out; blocks that change "
            "colors or brightness alone may stay."
        )
        is_wired = len(graph.incoming(node.id)) == 1
        repair = repairs.take_out(f"Take out '{node.id}'", graph, node.id) if is_wired else None
        found.append(Problem("moves_answers", message, node.id, repair=repair))
    return found
