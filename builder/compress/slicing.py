"""The weights of a larger model in a smaller one of the same layers: of every layer the largest channels.

What a layer puts out is told as segments: the channels of one place in the model, which are chosen once, for
all layers that make or read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from builder.errors import BuilderError, stop

_MERGING = (
    keras.layers.Add,
    keras.layers.Average,
    keras.layers.Maximum,
    keras.layers.Minimum,
    keras.layers.Multiply,
    keras.layers.Subtract,
)
_CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
_RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
# They have weights for every channel, and keep the channels.
_BY_CHANNEL = (keras.layers.BatchNormalization, keras.layers.LayerNormalization, keras.layers.PReLU)
_REARRANGING = (keras.layers.Reshape, keras.layers.Permute)

# The name of the place where channels are made, and how many there are.
Segment = tuple[str, int]
Layout = tuple[Segment, ...]


def slice_weights(large: keras.Model, small: keras.Model) -> None:
    """Give a smaller model the weights of a larger one: of each layer those of the channels with the largest.

    Args:
        large: the trained model.
        small: a model of the same layers, by name, some of which have fewer filters, units or heads; changed
            in place.

    Raises:
        BuilderError: ``cannot_cut`` where a layer of the model cannot be cut like this.

    Reference:
        Li et al., Pruning Filters for Efficient ConvNets (2017), section 3.
    """
    walk = _Walk(large, small)
    walk.follow()
    walk.assign()


class _Walk:
    """Follows the channels through the larger model, then chooses and assigns."""

    def __init__(self, large: keras.Model, small: keras.Model) -> None:
        self._large = large
        self._small = {layer.name: layer for layer in small.layers}
        self._layouts: dict[int, Layout] = {}
        self._parent: dict[str, str] = {}
        # The layers that make the channels of a place, with the kernels' sums of absolute weights.
        self._makers: dict[str, list[Any]] = {}
        self._entering: dict[str, Layout] = {}

    def follow(self) -> None:
        levels = self._large._nodes_by_depth
        for node in (node for depth in sorted(levels, reverse=True) for node in levels[depth]):
            entering = [self._layouts[id(tensor)] for tensor in node.input_tensors]
            made = self._made(node.operation, node, entering)
            for tensor in node.outputs:
                self._layouts[id(tensor)] = made

    def assign(self) -> None:
        kept = {place: self._choose(place) for place in {self._root(name) for name in self._parent}}
        for layer in self._large.layers:
            if not layer.weights:
                continue
            target = self._small.get(layer.name)
            values = self._sliced(layer, target, kept)
            if target is None or [tuple(weight.shape) for weight in target.weights] != [
                value.shape for value in values
            ]:
                raise _cannot(layer)
            for weight, value in zip(target.weights, values, strict=True):
                weight.assign(value)

    def _made(self, layer: Any, node: Any, entering: list[Layout]) -> Layout:
        size = int(node.outputs[0].shape[-1] or 1) if node.outputs[0].shape else 1
        if isinstance(layer, (keras.layers.Dense, *_CONVOLUTIONS)) and getattr(layer, "groups", 1) == 1:
            self._reads(layer, entering[0])
            self._makers.setdefault(layer.name, []).append(layer)
            return self._place(layer.name, size)
        if isinstance(layer, (*_DEPTHWISE, *_BY_CHANNEL)) and _channels(entering[0]) == size:
            self._reads(layer, entering[0])
            return entering[0]
        # Those of pictures have other kernels.
        if isinstance(layer, _RECURRENT) and len(node.input_tensors[0].shape) == 3:
            self._reads(layer, entering[0])
            return self._place(layer.name, size)
        if isinstance(layer, keras.layers.Flatten):
            times = size // _channels(entering[0])
            return entering[0] * times
        # One channel may weigh all others, and is none of theirs.
        alike = len({len(layout) for layout in entering}) == 1 and {*map(_channels, entering)} == {size}
        if isinstance(layer, _MERGING) and alike:
            return self._merged(entering)
        if isinstance(layer, keras.layers.Concatenate) and layer.axis in (-1, len(node.outputs[0].shape) - 1):
            return tuple(segment for layout in entering for segment in layout)
        keeps = len(entering) == 1 and _channels(entering[0]) == size
        if keeps and not getattr(layer, "weights", None) and not isinstance(layer, _REARRANGING):
            return entering[0]
        # Whatever else it is takes all channels that enter, so that none of them may be cut.
        self._keep_whole(entering)
        return self._place(layer.name, size)

    def _reads(self, layer: Any, entering: Layout) -> None:
        """Note what enters a layer; a shared one has one kernel, which the same channels enter every time."""
        known = self._entering.setdefault(layer.name, entering)
        if len(known) == len(entering):
            self._merged([known, entering])
        else:
            self._keep_whole([known, entering])

    def _keep_whole(self, layouts: Sequence[Layout]) -> None:
        for layout in layouts:
            for name, _ in layout:
                self._join("", name)

    def _place(self, name: str, size: int) -> Layout:
        self._parent.setdefault(name, name)
        return ((name, size),)

    def _merged(self, entering: list[Layout]) -> Layout:
        for layout in entering[1:]:
            for (one, _), (other, _) in zip(entering[0], layout, strict=True):
                self._join(one, other)
        return entering[0]

    def _join(self, one: str, other: str) -> None:
        self._parent.setdefault(one, one)
        self._parent.setdefault(other, other)
        roots = sorted((self._root(one), self._root(other)))
        # The empty name stands first: what is joined to it stays whole.
        self._parent[roots[1]] = roots[0]

    def _root(self, name: str) -> str:
        while self._parent[name] != name:
            name = self._parent[name]
        return name

    def _choose(self, place: str) -> np.ndarray | None:
        """Return which channels of a place are kept, in order; None for all."""
        makers = [
            layer for name, found in self._makers.items() if self._root(name) == place for layer in found
        ]
        sizes = {self._size(self._small.get(layer.name)) for layer in makers}
        before = {self._size(layer) for layer in makers}
        if not makers or sizes == before:
            return None
        if place == "" or len(sizes) != 1:
            raise _cannot(makers[0])
        importance = sum(_importance(layer) for layer in makers)
        return np.sort(np.argsort(-importance, kind="stable")[: sizes.pop()])

    def _size(self, layer: Any) -> int:
        return 0 if layer is None else int(layer.kernel.shape[-1])

    def _kept(self, layout: Layout, kept: dict[str, np.ndarray | None]) -> np.ndarray:
        """Return the indices of what is kept of all channels in a layout."""
        parts, start = [], 0
        for name, size in layout:
            own = kept[self._root(name)]
            parts.append(start + (np.arange(size) if own is None else own))
            start += size
        return np.concatenate(parts)

    def _sliced(self, layer: Any, target: Any, kept: dict[str, np.ndarray | None]) -> list[np.ndarray]:
        values = [np.asarray(weight) for weight in layer.weights]
        if isinstance(layer, keras.layers.MultiHeadAttention) and target is not None:
            return _fewer_heads(layer, target)
        if layer.name not in self._entering:
            return values
        entering = self._kept(self._entering[layer.name], kept)
        if isinstance(layer, _BY_CHANNEL):
            size = _channels(self._entering[layer.name])
            return [value[..., entering] if value.shape[-1] == size else value for value in values]
        if isinstance(layer, _RECURRENT):
            return [
                value[entering] if weight.name == "kernel" else value
                for weight, value in zip(layer.weights, values, strict=True)
            ]
        if isinstance(layer, _DEPTHWISE):
            return [value[..., entering, :] if value.ndim > 1 else value[entering] for value in values]
        leaving = self._kept(((layer.name, self._size(layer)),), kept)
        return [
            value[..., entering, :][..., leaving] if value.ndim > 1 else value[leaving] for value in values
        ]


def _channels(layout: Layout) -> int:
    return sum(count for _, count in layout)


def _importance(layer: Any) -> np.ndarray:
    kernel = np.abs(np.asarray(layer.kernel))
    sums = kernel.reshape(-1, kernel.shape[-1]).sum(axis=0)
    # Kernels of different sizes count alike.
    return sums / max(float(sums.mean()), 1e-12)


def _fewer_heads(layer: Any, target: Any) -> list[np.ndarray]:
    """Return the weights of an attention without the heads whose values and outputs are smallest."""
    arrays = {weight.path.split("/", 1)[-1]: np.asarray(weight) for weight in layer.weights}
    count = int(target.num_heads)
    output = next(array for path, array in arrays.items() if path.endswith("attention_output/kernel"))
    importance = np.abs(output).sum(axis=(1, 2))
    heads = np.sort(np.argsort(-importance, kind="stable")[:count])
    return [_of_heads(path, array, heads) for path, array in arrays.items()]


def _of_heads(path: str, array: np.ndarray, heads: Sequence[int] | np.ndarray) -> np.ndarray:
    if "attention_output" in path:
        return array[heads] if array.ndim == 3 else array
    # Kernels are (features, heads, size), biases (heads, size).
    return array[:, heads] if array.ndim == 3 else array[heads]


def _cannot(layer: Any) -> BuilderError:
    message = (
        f"The layer '{layer.name}' of the trained model does not fit the smaller model, so its weights "
        "cannot be "
        "cut. Choose another recipe, or train the smaller model anew."
    )
    return stop("cannot_cut", message, block=layer.name, field="recipe")
