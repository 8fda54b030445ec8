"""Blocks that take steps out of a sequence."""

from __future__ import annotations

from builder.blocks.base import Port, Setting, declare
from builder.blocks.select_step import SelectStep
from builder.params import Integer

BLOCKS = (
    declare(
        "select_step.v1",
        SelectStep,
        sources=(SelectStep,),
        picture="select_step",
        label="Select step",
        category="Attention",
        summary="Takes one step out of a sequence, such as the class token at its start, which gathers "
        "what the whole sequence says.",
        formula="y = x[step]",
        reference="Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019)",
        inputs=(Port("input", ("sequence",)),),
        settings={
            "step": Setting(
                Integer(-100_000, 100_000),
                "Which step: 0 is the first, -1 the last one that is not marked as padding.",
                why="A class token is the first step.",
            )
        },
    ),
)
