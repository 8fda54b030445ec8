"""The noise that a generator starts from: a block of its own, which the data do not feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.blocks.base import Block
from builder.graph import Graph, Node
from builder.params import Integer, Parameter, with_defaults

LATENT = "latent_input.v1"

BLOCKS = (
    Block(
        kind=LATENT,
        picture="input",
        label="Latent input",
        category="Input",
        summary="The noise that a generator turns into samples: numbers drawn from the normal distribution. "
        "Every new draw gives another sample.",
        formula="z ~ N(0, 1)",
        reference="Goodfellow et al., Generative Adversarial Nets (2014)",
        inputs=(),
        parameters=(
            Parameter(
                "units",
                Integer(1, 4096),
                64,
                "How many numbers of noise. More than the data have ways to vary brings nothing.",
            ),
            Parameter(
                "steps",
                Integer(0, 10_000),
                0,
                "0 gives one vector for the whole sample; else so many vectors, one a step of a sequence.",
                advanced=True,
            ),
        ),
        reasons={"units": "The article on DCGAN has 100 for photos; digits need fewer."},
    ),
)


def latent_shape(values: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape, without the batch, of the noise for a latent input's parameter values."""
    given = with_defaults(BLOCKS[0].parameters, values)
    return (given["steps"], given["units"]) if given["steps"] else (given["units"],)


def latent_node(graph: Graph) -> Node | None:
    """Return the latent input of a generator's graph, or None where it has none."""
    return next((node for node in graph.nodes if node.kind == LATENT), None)
