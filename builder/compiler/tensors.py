"""What flows along a connection: shape, dtype, mask, and its name in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

_FLOW_BY_RANK = {1: "number", 2: "vector", 3: "sequence", 4: "image", 5: "volume"}


@dataclass(frozen=True)
class TensorSpec:
    """A tensor before it exists; ``shape`` includes the batch as None."""

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    masked: bool = False

    @property
    def flow(self) -> str:
        """The flow type that ports are checked against."""
        if not self.dtype.startswith(("float", "bfloat")):
            return "tokens" if len(self.shape) == 2 else "unknown"
        return _FLOW_BY_RANK.get(len(self.shape), "unknown")

    @property
    def size(self) -> int:
        """The number of values of one sample."""
        return prod(part or 1 for part in self.shape[1:])

    def in_words(self) -> str:
        """Return the tensor in words, such as "an image of 28 × 28 with 1 channel"."""
        sizes = [str(part) for part in self.shape[1:]]
        match self.flow:
            case "image":
                return f"an image of {sizes[0]} × {sizes[1]} with {_count(sizes[2], 'channel')}"
            case "volume":
                size = " × ".join(sizes[:3])
                return f"a volume of {size} with {_count(sizes[3], 'channel')}"
            case "sequence":
                return f"a sequence of {_count(sizes[0], 'step')} with {_count(sizes[1], 'feature')} each"
            case "tokens":
                return f"a text of {sizes[0]} word numbers"
            case "vector":
                return f"a vector of {_count(sizes[0], 'value')}"
        return f"{self.dtype} numbers of shape ({', '.join(sizes)})"


def spec_of(tensor: Any, masked: bool) -> TensorSpec:
    """Return the specification of a Keras tensor."""
    return TensorSpec(tuple(tensor.shape), str(tensor.dtype), masked)


def _count(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"
