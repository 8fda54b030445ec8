"""The training parameters that are there for speed: what is learned stays the same but for chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.errors import Problem
from builder.params import Choice, Parameter

SPEED_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "jit_compile",
        Choice(("auto", "on", "off")),
        "auto",
        "Whether TensorFlow's compiler XLA builds the training step. 'auto' measures both at the start of a "
        "run of some minutes or more, and keeps the faster one. The two round differently and draw other "
        "random numbers: choose 'on' or 'off' where two runs have to agree to the last bit.",
        label="Compile with XLA",
        advanced=True,
    ),
    Parameter(
        "mixed_precision",
        Choice(("off", "auto", "on")),
        "off",
        "Calculate in 16 bits and keep the weights in 32: faster on newer GPUs. 'auto' does so only where "
        "the GPU gains by it. A CPU loses by it, so 'on' needs a GPU. The saved model has 32 bits.",
        advanced=True,
    ),
)


def check_speed(settings: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the speed settings of a project beside its others.

    Args:
        settings: the project's training settings, defaults filled in.
    """
    if settings["deterministic"] and settings["jit_compile"] == "on":
        message = (
            "XLA knows no deterministic form of some operations, so 'deterministic' and 'Compile with XLA' "
            "cannot both be on. Set 'Compile with XLA' to 'auto' or 'off', or turn 'deterministic' off."
        )
        return [Problem("xla_not_deterministic", message, field="jit_compile")]
    return []
