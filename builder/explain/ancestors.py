"""What a tensor inside a functional model is made from."""

from __future__ import annotations

from typing import Any

import keras

from builder.explain.calls import every_call


def inputs_of(model: keras.Model, tensor: Any) -> set[str]:
    """Return the names of the model's inputs that a symbolic tensor is made from."""
    wanted = {id(tensor)}
    for node in reversed(every_call(model)):
        if any(id(made) in wanted for made in node.outputs):
            wanted |= {id(item) for item in node.input_tensors}
    return {item.name for item in model.inputs if id(item) in wanted}
