"""Which weights of a model a recipe works on: the large kernels, where nearly all of them are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras

from builder.compiler.figures.unit_axes import owned_weights, read_axes

# A kernel with less than this share of all the kernels' weights saves nothing and hurts soon: the first
# convolution, the last few units.
SMALLEST_SHARE = 0.01
_KERNELS = ("kernel", "recurrent_kernel", "pointwise_kernel")
_EMBEDDINGS = "embeddings"
_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)


@dataclass(frozen=True)
class Kernel:
    """One kernel: the path of its layer, such as ``"conv_1"`` or ``"encoder_attention/query"``, and its "
    "variable, over whose ``input_axes`` lies what a unit reads."""

    layer: str
    variable: Any
    input_axes: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of its weights."""
        return math.prod(self.variable.shape)


@dataclass(frozen=True)
class Chosen:
    """The kernels that a recipe works on, and why it leaves the other layers with weights, by their paths."""

    kernels: tuple[Kernel, ...]
    left: dict[str, str]


def chosen_kernels(model: keras.Model, embeddings: bool) -> Chosen:
    """Return the kernels of a model that are worth changing.

    Args:
        model: a built model.
        embeddings: whether embedding tables are worked on, too.
    """
    found, left = every_kernel(model, embeddings)
    least = SMALLEST_SHARE * sum(kernel.size for kernel in found)
    for kernel in found:
        if kernel.size < least:
            left[kernel.layer] = "it holds less than 1 % of the weights"
    return Chosen(tuple(kernel for kernel in found if kernel.size >= least), left)


def every_kernel(model: keras.Model, embeddings: bool) -> tuple[list[Kernel], dict[str, str]]:
    """Return all kernels of a model, however small, and why other layers with weights have none to change.

    Args:
        model: a built model.
        embeddings: whether embedding tables count as kernels.
    """
    left: dict[str, str] = {}
    found: list[Kernel] = []
    for layer, variable in owned_weights(model):
        path = variable.path.rpartition("/")[0]
        why = _why_left(layer, variable, embeddings)
        if why is None:
            found.append(Kernel(path, variable, read_axes(layer, variable)))
        elif why:
            left[path] = why
    return found, left


def _why_left(layer: Any, variable: Any, embeddings: bool) -> str | None:
    """Return why a weight is left alone, empty where it is no kernel at all; None where it is worked on."""
    if variable.name not in (*_KERNELS, _EMBEDDINGS):
        return ""
    if not variable.trainable or not layer.trainable:
        return "it is frozen"
    if isinstance(layer, _DEPTHWISE):
        return "its few weights serve one channel each"
    if variable.name == _EMBEDDINGS and not embeddings:
        return "embedding tables are left unless that is asked for"
    return None
