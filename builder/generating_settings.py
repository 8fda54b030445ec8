"""How a generator is asked for samples, declared once: form, checks and command line read it."""

from __future__ import annotations

from builder.params import Boolean, Integer, Parameter

GENERATING_PARAMETERS: tuple[Parameter, ...] = (
    Parameter("count", Integer(1, 1000), 16, "How many samples are made."),
    Parameter("seed", Integer(0, 2**31 - 1), 1, "The same seed makes the same samples again."),
    Parameter(
        "between",
        Boolean(),
        False,
        "Make the samples on the way from one draw of noise to another, so that one turns into the other "
        "step by step.",
        label="From one to another",
    ),
    Parameter(
        "other_seed",
        Integer(0, 2**31 - 1),
        2,
        "The seed of the sample that the way leads to.",
        label="Seed of the other",
        when={"between": (True,)},
    ),
)
