"""Quantization-aware training: the model rounded as its int8 form rounds it, over the same weights.

Kernels are rounded to 8 bits, those of convolutions channel by channel and with batch normalization folded
in, and activations to 8 bits in ranges that follow what training sees. The rounded model is trained; the
plain one shares its weights and is what is kept. With the ranges, the converter makes of it the int8 model
that was trained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from builder.errors import stop

_WEIGHTED = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
# The converter turns or reshapes their kernels, and knows no grids a channel where it does.
_OF_ONE_GRID = (keras.layers.Dense, keras.layers.Conv1D)
# They only move values, which stay on the grid that they are on.
_MOVING = (
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Dropout,
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
)
# Their results are on a new grid.
_CALCULATING = (
    keras.layers.Add,
    keras.layers.Multiply,
    keras.layers.Concatenate,
    keras.layers.ReLU,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
)
# The runtime calculates them together with what comes before, so that only their result is rounded.
_FUSED = ("relu", "relu6")
# Chances are on a grid that the runtime knows.
_LAST = ("softmax", "sigmoid")
_NARROWEST = 1e-4
_CAUSAL = "causal"
# Beside the model that a quantization-aware run has kept: what the int8 export takes over.
RANGES_FILE = "quantization_ranges.json"


class ActivationRange(keras.layers.Layer):
    """Rounds what passes to 8 bits, between a moving average of the smallest and of the largest value."""

    def __init__(self, momentum: float, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._momentum = momentum
        self.supports_masking = True

    def build(self, shape: Any) -> None:
        """Make the two ends of the range, and the count of batches that it has followed."""
        self.low, self.high, self.seen = (
            self.add_weight(shape=(), initializer="zeros", trainable=False, name=name)
            for name in ("low", "high", "seen")
        )

    def call(self, values: Any, training: bool = False) -> Any:
        """Return the values rounded; training moves the range."""
        low, high = self.low.value, self.high.value
        if training:
            # The first batch gives the range, from which the average goes on.
            share = tf.where(tf.equal(self.seen.value, 0.0), 0.0, self._momentum)
            low = share * low + (1 - share) * tf.reduce_min(values)
            high = share * high + (1 - share) * tf.reduce_max(values)
            self.low.assign(low)
            self.high.assign(high)
            self.seen.assign(self.seen + 1.0)
        # Zero has to be on the grid: it is the padding.
        return tf.quantization.fake_quant_with_min_max_vars(
            values, tf.minimum(low, 0.0), tf.maximum(high, _NARROWEST), num_bits=8
        )


class RoundedLayer(keras.layers.Layer):
    """A dense or convolutional layer, its weights shared, whose kernel is rounded to 8 bits in every call.

    Args:
        layer: the layer.
        normalization: the batch normalization right behind it, which is folded in as it is in use.
        activation: the function at its end; the softmax or sigmoid of a last layer is called outside.
    """

    def __init__(self, layer: Any, normalization: Any, activation: Any, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.layer, self.normalization = layer, normalization
        self._activation = activation
        self.supports_masking = self.built = True

    def call(self, values: Any) -> Any:
        """Return what the layer makes of the values, with a rounded kernel."""
        layer = self.layer
        kernel, bias = layer.kernel.value, layer.bias.value if layer.use_bias else None
        if self.normalization is not None:
            kernel, bias = _folded(kernel, bias, self.normalization, _is_depthwise(layer))
        made = _applied(layer, values, _rounded(kernel, layer))
        made = made if bias is None else made + bias
        return made if self._activation is None else self._activation(made)


class SettledLayer(keras.layers.Layer):
    """A layer, its weights shared, that works as it is in use while the model around it trains.

    Args:
        layer: the layer.
    """

    def __init__(self, layer: Any, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.layer = layer
        self.supports_masking = self.built = True

    def call(self, values: Any) -> Any:
        """Return what the layer makes of the values."""
        return self.layer(values, training=False)


def rounded_model(model: keras.Model, momentum: float) -> tuple[keras.Model, dict[str, str]]:
    """Return the model that rounds as int8 does, over the same weights, and why some layers stay in floats.

    Raises:
        BuilderError: ``nothing_to_quantize`` where no layer could be rounded.
    """
    rounding = _Rounding(model, momentum)
    rounded = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=rounding.call)
    if not rounding.count:
        message = (
            "This model has no dense or convolutional layer of its own that could be trained for 8 bits. "
            "Choose "
            "another recipe, or export it with dynamic range."
        )
        raise stop("nothing_to_quantize", message, field="recipe")
    return rounded, rounding.left


def ranges_of(rounded: keras.Model) -> dict[str, list[float]]:
    """Return the trained ranges of a rounded model by their layers' names, JSON-ready."""
    return {
        layer.name: [float(layer.low), float(layer.high)]
        for layer in rounded.layers
        if isinstance(layer, ActivationRange)
    }


def set_ranges(rounded: keras.Model, ranges: Mapping[str, list[float]]) -> None:
    """Give a rounded model its trained ranges, as ``ranges_of`` returns them."""
    for layer in rounded.layers:
        if isinstance(layer, ActivationRange):
            for variable, value in zip((layer.low, layer.high), ranges[layer.name], strict=True):
                variable.assign(value)


class _Rounding:
    """Calls the layers of a model one after the other in their rounded form."""

    def __init__(self, model: keras.Model, momentum: float) -> None:
        self._momentum = momentum
        models = [model, *filter(None, map(_graph_inside, model._flatten_layers(include_self=False)))]
        nodes = [node for each in models for level in each._nodes_by_depth.values() for node in level]
        self._calls = Counter(node.operation for node in nodes)
        self._readers = _readers(nodes)
        self._ends = {tensor._keras_history.operation for each in models for tensor in each.outputs}
        self._folded: set[Any] = set()
        self._on_grid: set[int] = set()
        self._ranges: dict[int, Any] = {}
        self.left: dict[str, str] = {}
        self.count = 0

    def call(self, layer: Any, *arguments: Any, **keywords: Any) -> Any:
        if layer in self._folded:
            return arguments[0]
        inside = _graph_inside(layer)
        if inside is not None and self._is_plain(layer):
            return inside._run_through_graph(arguments[0], call_fn=self.call)
        if isinstance(layer, _WEIGHTED) and self._is_plain(layer) and _padding(layer) != _CAUSAL:
            return self._weighted(layer, arguments[0])
        if isinstance(layer, keras.layers.BatchNormalization):
            # A model that trains overrules what a layer was called with.
            return SettledLayer(layer, name=f"{layer.name}_settled")(arguments[0])
        made = layer(*arguments, **keywords)
        entering = keras.tree.flatten(arguments)
        if all(id(tensor) in self._on_grid for tensor in entering):
            if isinstance(layer, _MOVING):
                self._on_grid.add(id(made))
            elif isinstance(layer, _CALCULATING) or _activation_name(layer) in _FUSED:
                return self._ranged(made, layer.name)
        if getattr(layer, "weights", None) and not isinstance(layer, keras.layers.Normalization):
            self.left[layer.name] = f"layers of the kind {type(layer).__name__} stay in floats"
        return made

    def _weighted(self, layer: Any, entering: Any) -> Any:
        self.count += 1
        values = (
            self._ranged(entering, f"{layer.name}_input") if id(entering) not in self._on_grid else entering
        )
        normalization = self._behind(layer, keras.layers.BatchNormalization)
        if normalization is not None and _activation_name(layer) == "linear":
            self._folded.add(normalization)
        else:
            normalization = None
        name, function = _activation_name(layer), layer.activation
        fused = normalization or layer
        if name == "linear":
            function = self._take_activation(fused)
        outside = function if name in _LAST else None
        rounded = RoundedLayer(
            layer, normalization, None if outside else function, name=f"{layer.name}_rounded"
        )
        made = self._ranged(rounded(values), layer.name)
        return keras.layers.Activation(outside, name=f"{layer.name}_{name}")(made) if outside else made

    def _take_activation(self, layer: Any) -> Any:
        """Return the fused activation right behind a layer, which is then passed over; None where there "
        "is none."""
        found = self._behind(layer, (keras.layers.Activation, keras.layers.ReLU))
        if found is None or _activation_name(found) not in _FUSED:
            return None
        self._folded.add(found)
        return found

    def _ranged(self, tensor: Any, name: str) -> Any:
        if id(tensor) not in self._ranges:
            made = ActivationRange(self._momentum, name=f"{name}_range")(tensor)
            self._ranges[id(tensor)] = made
            self._on_grid.add(id(made))
        return self._ranges[id(tensor)]

    def _behind(self, layer: Any, kind: Any) -> Any:
        """Return the one layer that reads a layer's output, where it is of a kind and that is no answer."""
        readers = [] if layer in self._ends else self._readers.get(layer, [])
        fits = len(readers) == 1 and isinstance(readers[0], kind) and self._is_plain(readers[0])
        return readers[0] if fits else None

    def _is_plain(self, layer: Any) -> bool:
        """Tell whether a layer is used once, so that one rounding suits it."""
        return self._calls[layer] == 1


def _graph_inside(layer: Any) -> Any:
    """Return the functional model that a layer is, such as a pretrained network; None where it is none."""
    graph = getattr(layer, "_functional", None) or layer
    return graph if isinstance(layer, keras.Model) and hasattr(graph, "_nodes_by_depth") else None


def _readers(nodes: list[Any]) -> dict[Any, list[Any]]:
    """Return the layers that read each layer's output."""
    found: dict[Any, list[Any]] = {}
    for node in nodes:
        for tensor in node.input_tensors:
            found.setdefault(tensor._keras_history.operation, []).append(node.operation)
    return found


def _rounded(kernel: Any, layer: Any) -> Any:
    if isinstance(layer, _OF_ONE_GRID):
        most = tf.reduce_max(tf.abs(kernel))
        return tf.quantization.fake_quant_with_min_max_vars(
            kernel, -most, most, num_bits=8, narrow_range=True
        )
    # The channels of a depthwise kernel lie over its last two axes.
    flat = tf.reshape(kernel, (*kernel.shape[:-2], -1)) if _is_depthwise(layer) else kernel
    most = tf.maximum(tf.reduce_max(tf.abs(flat), axis=list(range(len(flat.shape) - 1))), 1e-8)
    rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(
        flat, -most, most, num_bits=8, narrow_range=True
    )
    return tf.reshape(rounded, kernel.shape)


def _folded(kernel: Any, bias: Any, normalization: Any, is_depthwise: bool) -> tuple[Any, Any]:
    """Return kernel and bias with a batch normalization inside, by its moving statistics."""
    factor = tf.math.rsqrt(normalization.moving_variance.value + normalization.epsilon)
    if normalization.scale:
        factor *= normalization.gamma.value
    shift = -normalization.moving_mean.value * factor
    if normalization.center:
        shift += normalization.beta.value
    if bias is not None:
        shift += bias * factor
    return kernel * (tf.reshape(factor, kernel.shape[-2:]) if is_depthwise else factor), shift


def _applied(layer: Any, values: Any, kernel: Any) -> Any:
    if isinstance(layer, keras.layers.Dense):
        return keras.ops.matmul(values, kernel)
    if _is_depthwise(layer):
        return keras.ops.depthwise_conv(
            values, kernel, layer.strides, layer.padding, layer.data_format, layer.dilation_rate
        )
    return layer.convolution_op(values, kernel)


def _padding(layer: Any) -> str:
    return str(getattr(layer, "padding", ""))


def _is_depthwise(layer: Any) -> bool:
    return isinstance(layer, keras.layers.DepthwiseConv2D)


def _activation_name(layer: Any) -> str:
    if isinstance(layer, keras.layers.ReLU):
        plain = not layer.negative_slope and not layer.threshold
        limits = {None: "relu", 6.0: "relu6"}
        return limits.get(layer.max_value, "other") if plain else "other"
    function = getattr(layer, "activation", None)
    return getattr(function, "__name__", "linear") if function is not None else "linear"
