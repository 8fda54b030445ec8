"""How Keras runs the training steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def compile_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``keras.Model.compile`` besides optimizer, loss and metrics.

    Args:
        settings: the project's training settings, defaults filled in.
    """
    # XLA halves the speed of convolutions on a CPU and takes minutes to compile some models: a script, which
    # does not measure, uses it only where that is asked for.
    return {"jit_compile": settings["jit_compile"] == "on"}
