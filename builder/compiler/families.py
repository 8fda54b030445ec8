"""Which kinds a rule speaks of, told by what the blocks declare, so that a new block needs no new list."""

from __future__ import annotations

from builder.blocks import registry
from builder.blocks.base import Block

_BLOCKS = registry()


def _names(block: Block) -> set[str]:
    return {parameter.name for parameter in block.parameters}


def _of_category(*categories: str) -> frozenset[str]:
    return frozenset(kind for kind, block in _BLOCKS.items() if block.category in categories)


def _reads(block: Block, flow: str) -> bool:
    return bool(block.inputs) and block.inputs[0].accepts == (flow,)


NORMALIZATION = _of_category("Normalization")
REGULARIZATION = _of_category("Regularization")
ACTIVATION = _of_category("Activation") | {"activation.v1"}
# Blocks whose output has the shape of their input.
SHAPE_KEEPING = NORMALIZATION | REGULARIZATION | ACTIVATION | {"identity.v1", "masking.v1"}
# Blocks that read a sequence step by step, and may give every step or the last one.
RECURRENT = frozenset(
    kind
    for kind, block in _BLOCKS.items()
    if "return_sequences" in _names(block) and _reads(block, "sequence")
)
CONVOLUTION = frozenset(
    kind for kind in _of_category("Convolution") if {"kernel_size", "dilation_rate"} <= _names(_BLOCKS[kind])
)
# A transposed convolution makes its window's input larger: no window can be too large for it.
SLIDING = frozenset(kind for kind in CONVOLUTION if "output_padding" not in _names(_BLOCKS[kind]))
WINDOW_POOLING = frozenset(kind for kind in _of_category("Pooling") if "pool_size" in _names(_BLOCKS[kind]))
GLOBAL_POOLING = frozenset(kind for kind in _of_category("Pooling") if "keepdims" in _names(_BLOCKS[kind]))
FLATTENING = GLOBAL_POOLING | {"flatten.v1", "reshape.v1"}
# Two of these in a row without an activation are no more than one. A depthwise convolution before one that
# mixes the channels is meant to be linear (Chollet, 2017).
LINEAR = frozenset(
    kind
    for kind, block in _BLOCKS.items()
    if (kind in CONVOLUTION or kind in ("dense.v1", "einsum_dense.v1")) and "depthwise" not in kind
)
ELEMENTWISE = frozenset(
    kind
    for kind in _of_category("Merging")
    if _BLOCKS[kind].is_layer and _names(_BLOCKS[kind]) <= {"dtype"} and _BLOCKS[kind].inputs[0].variadic
)
# Blocks after which padding counts as content.
DROPS_MASKS = CONVOLUTION | WINDOW_POOLING | _of_category("Reshaping")
