"""Explanations by gradients: Integrated Gradients, SmoothGrad and Grad-CAM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.ancestors import inputs_of
from builder.explain.calls import calls_of, readers_of, replaced_calls
from builder.explain.local.answer import Answer
from builder.explain.local.perturbing import Attribution, Tick, relative_error
from builder.explain.local.units import Units

# How many places of the way are looked at, and by which power they crowd at its beginning: an answer to a
# sound, of whose loudness a logarithm is taken, changes most where it rises out of silence.
_GRIDS = ((64, 1), (256, 1), (256, 6))
_ENOUGH = 0.01
# Places of the way at a time: many of small samples, for a recurrent model takes as long for one of them.
_LEAST_BATCH, _MOST_BATCH = 16, 256
_VALUES_AT_ONCE = 2_000_000
_NOISE_SAMPLES = 32
# Of the span of the sample's values; of columns and channels, of the span of so many deviations.
_NOISE, _SPAN = 0.1, 4.0
# The axes of feature maps over the places of an input, the batch and the maps among them.
_RANKS = {"image": 4, "text": 3, "audio": 3, "series": 3}


def integrated_gradients(answer: Answer, units: Units, tick: Tick) -> Attribution:
    """Return gradients summed along the straight way from a sample without any unit to the sample.

    They add up to the difference between both answers; how far they miss it is told. Words and categories go
    the way of the vectors that stand for them.

    Raises:
        BuilderError: ``no_gradients`` where a model reads whole numbers in a way that has none.

    Reference: Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks (2017), section 3.
    """
    ends = units.masked(np.stack([np.zeros(units.count, bool), np.ones(units.count, bool)]))
    nothing, whole = answer.values(ends)
    path = _Path(answer, ends)
    best = np.zeros(units.count), np.inf
    for steps, power in _GRIDS:
        scores = units.by_unit(path.integrated(steps, power, tick))
        error = relative_error(scores.sum(), whole - nothing)
        best = min(best, (scores, error), key=lambda found: found[1])
        if error < _ENOUGH:
            break
    return Attribution(best[0], {"completeness_error": best[1]})


def smooth_gradients(answer: Answer, units: Units, tick: Tick, seed: int = 1) -> Attribution:
    """Return the mean size of the gradient over noisy copies of the sample: where the answer is sensitive.

    Reference: Smilkov et al., SmoothGrad: Removing Noise by Adding Noise (2017).
    """
    ends = units.masked(np.stack([np.zeros(units.count, bool), np.ones(units.count, bool)]))
    path = _Path(answer, ends)
    return Attribution(units.by_unit(path.smoothed(seed, tick)))


def grad_cam(answer: Answer, units: Units, tick: Tick) -> Attribution:
    """Return where the last feature maps speak for the answer, as a map over the picture or the steps.

    Raises:
        BuilderError: ``no_feature_maps`` where the model has none over a picture or over steps.

    Reference: Selvaraju et al., Grad-CAM (2017), section 3.
    """
    layer = last_feature_maps(answer.model)
    tensors = {name: tf.constant(values) for name, values in units.arrays.items()}
    parts = [np.zeros(len(group.labels)) for group in units.groups]
    for place, call in _calls_by_group(answer.model, layer, units).items():
        group = units.groups[place]
        parts[place] = _of_units(_cam_of_call(answer, call, tensors), group.places, len(group.labels))
    tick(1.0)
    return Attribution(np.concatenate(parts))


def _cam_of_call(answer: Answer, call: Any, tensors: Mapping[str, Any]) -> np.ndarray:
    """Return the class activation map over the feature maps that one call of a layer gives."""
    model = answer.model
    maps_of = keras.Model(model.inputs, call.outputs[0])
    maps = maps_of([tensors[tensor.name] for tensor in model.inputs], training=False)
    inputs = keras.tree.map_structure(lambda tensor: tensors[tensor.name], model.input)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        with replaced_calls(model, [(call, maps)]):
            value = answer.differentiable(model(inputs, training=False))
    slopes = tape.gradient(value, maps, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return cam(np.asarray(maps[0]), np.asarray(slopes[0]))


def cam(maps: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return the positive part of the maps' sum, each weighted by the mean of its slopes.

    Args:
        maps: (…, channels), feature maps of one sample.
        slopes: the derivatives of the answer by them, of the same shape.
    """
    weights = slopes.reshape(-1, slopes.shape[-1]).mean(axis=0)
    return np.maximum((maps * weights).sum(axis=-1), 0.0)


def last_feature_maps(model: keras.Model) -> keras.Layer:
    """Return the last layer that still knows of places: rows and columns, or steps.

    Raises:
        BuilderError: ``no_feature_maps`` where there is none.
    """
    for layer in reversed(model.layers):
        shape = getattr(getattr(layer, "output", None), "shape", None)
        weighted = bool(layer.weights) and not isinstance(layer, keras.layers.Embedding)
        if shape is not None and len(shape) in (3, 4) and weighted and None not in shape[1:]:
            return layer
    raise _no_maps()


class _Path:
    """The straight way from one sample to another, through vectors where the input is whole numbers.

    Args:
        answer: the answer whose gradients are wanted.
        ends: arrays of two samples each: the beginning and the end of the way.
    """

    def __init__(self, answer: Answer, ends: Mapping[str, np.ndarray]) -> None:
        self.answer, self.ends = answer, ends
        model = answer.model
        self.floats = [tensor.name for tensor in model.inputs if _is_float(tensor)]
        self.readers = {
            tensor.name: _reader_of(model, tensor) for tensor in model.inputs if not _is_float(tensor)
        }
        self.vectors = {
            name: np.asarray(reader.operation(tf.constant(ends[name])))
            for name, reader in self.readers.items()
        }

    def integrated(self, steps: int, power: int, tick: Tick) -> dict[str, np.ndarray]:
        """Return the integrated gradients of every place, summed over the vector where it is one.

        Args:
            steps: at how many places of the way the gradient is taken.
            power: the integral is taken over the root of this degree of the way.
            tick: called with the done share.
        """
        places, weights = np.polynomial.legendre.leggauss(steps)
        roots, weights = (places + 1) / 2, weights / 2
        places, weights = roots**power, weights * power * roots ** (power - 1)
        sums: dict[str, np.ndarray] = {}
        values = sum(self._end(name).size for name in (*self.floats, *self.readers))
        batch = int(np.clip(_VALUES_AT_ONCE // max(values, 1), _LEAST_BATCH, _MOST_BATCH))
        for start in range(0, steps, batch):
            part = slice(start, start + batch)
            for name, slope in self._slopes(places[part]).items():
                added = np.tensordot(weights[part], slope, axes=1)
                sums[name] = sums[name] + added if name in sums else added
            tick(min(1.0, (start + batch) / steps))
        return {name: self._summed(name, total * self._difference(name)) for name, total in sums.items()}

    def smoothed(self, seed: int, tick: Tick) -> dict[str, np.ndarray]:
        """Return the mean size of the gradient at the end of the way, over noisy copies.

        Columns and channels have units of their own: their gradients are those by a deviation of the data.
        """
        random, deviations = np.random.default_rng(seed), _deviations(self.answer.spec)
        noise = {}
        for name in (*self.floats, *self.readers):
            end = self._end(name)
            spread = _NOISE * (_SPAN * deviations[name] if name in deviations else float(np.ptp(end)) or 1e-2)
            noise[name] = (random.normal(size=(_NOISE_SAMPLES, *end.shape)) * spread).astype(np.float32)
        slopes = self._slopes(np.ones(_NOISE_SAMPLES), noise)
        tick(1.0)
        return {
            name: self._summed(name, np.abs(slope * deviations.get(name, 1.0)).mean(axis=0))
            for name, slope in slopes.items()
        }

    def _slopes(
        self, places: np.ndarray, noise: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Return the gradients at some places of the way, (places, *shape) each."""
        points = {}
        for name in (*self.floats, *self.readers):
            shape = (-1, *[1] * self._end(name).ndim)
            point = self._begin(name) + places.reshape(shape) * self._difference(name)
            points[name] = tf.constant(point + (0 if noise is None else noise[name]), tf.float32)
        whole = {
            name: tf.constant(np.repeat(self.ends[name][1:], len(places), axis=0)) for name in self.readers
        }
        arrays = {**whole, **{name: points[name] for name in self.floats}}
        inputs = keras.tree.map_structure(lambda tensor: arrays[tensor.name], self.answer.model.input)
        with tf.GradientTape() as tape:
            tape.watch(list(points.values()))
            with replaced_calls(
                self.answer.model, [(reader, points[name]) for name, reader in self.readers.items()]
            ):
                value = self.answer.differentiable(self.answer.model(inputs, training=False))
        found = tape.gradient(value, points)
        return {
            name: np.zeros(points[name].shape) if slope is None else np.asarray(tf.convert_to_tensor(slope))
            for name, slope in found.items()
        }

    def _begin(self, name: str) -> np.ndarray:
        return self.vectors[name][0] if name in self.vectors else self.ends[name][0].astype(np.float64)

    def _end(self, name: str) -> np.ndarray:
        return self.vectors[name][1] if name in self.vectors else self.ends[name][1].astype(np.float64)

    def _difference(self, name: str) -> np.ndarray:
        return self._end(name) - self._begin(name)

    def _summed(self, name: str, values: np.ndarray) -> np.ndarray:
        """Return values with the shape of the array: a vector's become one, categories' those of columns."""
        shape = self.ends[name].shape[1:]
        if values.shape == shape:
            return values
        if values.shape[: len(shape)] == shape:
            return values.reshape(*shape, -1).sum(axis=-1)
        # Categories are one vector of zeros and ones: a column's are those of its old and its new category.
        begin, end = self.ends[name]
        found = np.zeros(shape)
        for column in range(shape[0]):
            chosen = {int(begin[column]), int(end[column])}
            found[column] = sum(values[index] for index in chosen)
        return found


def _deviations(spec: DataSpec) -> dict[str, np.ndarray]:
    """Return the deviations of what has units of its own: by column, and by channel of a series."""
    return {
        array.name: np.sqrt(np.asarray(item.settings["variances"], np.float64))
        for item in spec.inputs
        if item.kind in ("table", "series")
        for array in item.arrays
        if array.dtype == "float32" and "variances" in item.settings
    }


def _is_float(tensor: Any) -> bool:
    return str(tensor.dtype).startswith("float")


def _reader_of(model: keras.Model, tensor: Any) -> Any:
    """Return the one call, a Keras node, that makes vectors of an input of whole numbers alone."""
    # What marks padding reads the numbers, too.
    found = [call for call in readers_of(model, tensor) if _is_float(call.outputs[0])]
    if len(found) == 1 and len(found[0].input_tensors) == 1:
        return found[0]
    message = (
        f"The input '{tensor.name}' is whole numbers, and no single block turns them into vectors: there is "
        "no gradient to follow. Use occlusion, LIME or Shapley values for this model."
    )
    raise stop("no_gradients", message)


def _calls_by_group(model: keras.Model, layer: keras.Layer, units: Units) -> dict[int, Any]:
    """Return the last call of a layer over the places of each input that it reads, by the group's number.

    Raises:
        BuilderError: ``no_feature_maps`` where there is none.
    """
    found = {}
    for call in calls_of(model, layer):
        read = inputs_of(model, call.outputs[0])
        for number, group in enumerate(units.groups):
            is_read = any(array.name in read for array in group.item.arrays)
            if is_read and _RANKS.get(group.item.kind) == len(call.outputs[0].shape):
                found[number] = call
                break
    if not found:
        raise _no_maps()
    return found


def _of_units(seen: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    """Return the mean of a map over each unit, the map stretched to the size of the input."""
    rows = [np.arange(size) * found // size for size, found in zip(places.shape, seen.shape, strict=False)]
    stretched = seen[np.ix_(*rows)]
    # A map knows of no channels: what it says of a place holds for all of them.
    of_channels = stretched.reshape(*stretched.shape, *[1] * (places.ndim - seen.ndim))
    values, inside = np.broadcast_to(of_channels, places.shape), places >= 0
    sums = np.bincount(places[inside], weights=values[inside], minlength=count)
    return sums / np.maximum(np.bincount(places[inside], minlength=count), 1)


def _no_maps() -> Exception:
    message = (
        "Grad-CAM needs feature maps over the places of a picture or the steps of a text, sound or series; "
        "this model has none. Use another method."
    )
    return stop("no_feature_maps", message)
