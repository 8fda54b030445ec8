"""Blocks that tell an attention model where in the sequence each position lies."""

from __future__ import annotations

from builder.blocks.base import Port, Setting, declare
from builder.blocks.learned_positional_encoding import LearnedPositionalEncoding
from builder.blocks.settings import INITIALIZERS
from builder.blocks.sinusoidal_positional_encoding import SinusoidalPositionalEncoding
from builder.params import Choice, Integer

_SEQUENCE = (Port("input", ("sequence",)),)

BLOCKS = (
    declare(
        "sinusoidal_positional_encoding.v1",
        SinusoidalPositionalEncoding,
        sources=(SinusoidalPositionalEncoding,),
        picture="positions",
        label="Sinusoidal positional encoding",
        category="Attention",
        summary="Adds waves of different lengths to the sequence, so that attention can tell positions "
        "apart. Nothing is learned.",
        formula="y[t, 2i] = x[t, 2i] + sin(t / m^(2i/d));  y[t, 2i+1] = x[t, 2i+1] + cos(t / m^(2i/d))",
        reference="Vaswani et al., Attention Is All You Need (2017), section 3.5",
        inputs=_SEQUENCE,
        settings={
            "max_wavelength": Setting(
                Integer(2, 1_000_000),
                "m in the formula: the longest wave is about 2π·m steps long.",
                why="10,000 is the article's value.",
                advanced=True,
            )
        },
    ),
    declare(
        "learned_positional_encoding.v1",
        LearnedPositionalEncoding,
        sources=(LearnedPositionalEncoding,),
        picture="positions",
        label="Learned positional encoding",
        category="Attention",
        summary="Adds a vector that is learned for each position, which shows attention the order.",
        formula="y[t] = x[t] + P[t], P of shape (steps, features)",
        reference="Gehring et al., Convolutional Sequence to Sequence Learning (2017)",
        inputs=_SEQUENCE,
        settings={
            "initializer": Setting(Choice(INITIALIZERS), "How the position vectors start.", advanced=True)
        },
    ),
)
