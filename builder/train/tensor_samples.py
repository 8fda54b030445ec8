"""Norms and histograms of weights and gradients, taken now and then, so that they cost next to nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from builder.runs.files import write_json
from builder.train.checkpoint import copies
from builder.train.run_state import Position
from builder.train.training_data import TrainingData
from builder.train.untouched import untouched

TENSORS_FILE = "tensors.json"
PROBE_ROWS = 64
BINS = 30
# A sample is taken where the training since the last one took so many times longer than that sample.
COST_FACTOR = 150.0
LEAST_SECONDS = 1.5
MOST_SAMPLES = 200
DEAD_SHARE = 1e-12


@dataclass
class TensorSamples:
    """Looks into a model in training from time to time, without changing what it computes.

    Args:
        model: a compiled model.
        data: the run's data; the same few samples are looked at each time.
        folder: the run's folder, for ``tensors.json``.
    """

    model: keras.Model
    data: TrainingData
    folder: Path
    samples: list[dict[str, Any]] = field(default_factory=list)
    _due: float = field(default_factory=lambda: time.perf_counter() + LEAST_SECONDS)
    _probe: Any = None

    def is_due(self) -> bool:
        """Tell whether enough time has passed since the last sample."""
        return time.perf_counter() >= self._due

    def take(self, step: int, epoch: int) -> dict[str, Any]:
        """Take a sample, keep it in the run's folder, and return it.

        Returns:
            "step", "epoch", "gradient_norm" and "weight_norm" of everything together, and "layers": for
            each layer with trained weights its "weight_norm", "gradient_norm", "weights" and "gradients" as
            histograms ``{"edges", "counts"}``, and "dead", the share of its units whose output is 0 for all
            samples, or None where it has no such units; "answers", how often each class is the model's
            answer, or None.
        """
        began = time.perf_counter()
        sample = {"step": step, "epoch": epoch, **self._look()}
        self.samples.append(sample)
        if len(self.samples) > MOST_SAMPLES:
            # Every second one goes, so that the whole run stays in view.
            self.samples[:] = self.samples[::2]
        write_json(self.folder / TENSORS_FILE, self.samples)
        cost = time.perf_counter() - began
        self._due = time.perf_counter() + max(LEAST_SECONDS, COST_FACTOR * cost)
        return sample

    def _look(self) -> dict[str, Any]:
        inputs, targets = self._probe_batch()
        variables = self.model.trainable_variables
        with untouched(self.model):
            with tf.GradientTape() as tape:
                outputs = self.model(inputs, training=True)
                loss = self.model.compute_loss(None, targets, outputs)
            found = tape.gradient(loss, [variable.value for variable in variables])
            dead, answers = dead_units(self.model, inputs), class_shares(self.model, inputs)
        gradients = {
            variable.path: np.zeros(1) if item is None else np.asarray(tf.convert_to_tensor(item))
            for variable, item in zip(variables, found, strict=True)
        }
        layers = {
            layer.name: _layer_facts(layer, gradients, dead.get(layer.name))
            for layer in self.model.layers
            if layer.trainable_variables
        }
        return {
            "gradient_norm": _norm(gradients.values()),
            "weight_norm": _norm(copies(variables)),
            "layers": layers,
            "answers": answers,
        }

    def _probe_batch(self) -> tuple[Any, Any]:
        if self._probe is None:
            batch = next(self.data.training_batches(Position()))
            self._probe = keras.tree.map_structure(lambda tensor: tensor[:PROBE_ROWS], batch[:2])
        return self._probe[0], self._probe[1]


def dead_units(model: keras.Model, inputs: Any) -> dict[str, float]:
    """Return, for layers that end in relu, the share of units that give 0 for every sample and place."""
    layers = [layer for layer in model.layers if _is_relu(layer)]
    if not layers:
        return {}
    outputs = keras.Model(model.input, [layer.output for layer in layers])(inputs, training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    shares = {}
    for layer, output in zip(layers, outputs, strict=True):
        values = np.asarray(output)
        alive = (np.abs(values) > DEAD_SHARE).any(axis=tuple(range(values.ndim - 1)))
        shares[layer.name] = float(1 - alive.mean())
    return shares


def _is_relu(layer: keras.Layer) -> bool:
    activation = getattr(layer, "activation", None)
    return isinstance(layer, keras.layers.ReLU) or activation is keras.activations.relu


def _layer_facts(
    layer: keras.Layer, gradients: Mapping[str, np.ndarray], dead: float | None
) -> dict[str, Any]:
    weights = copies(layer.trainable_variables)
    slopes = [gradients[variable.path] for variable in layer.trainable_variables]
    return {
        "weight_norm": _norm(weights),
        "gradient_norm": _norm(slopes),
        "weights": _histogram(weights),
        "gradients": _histogram(slopes),
        "dead": dead,
    }


def _norm(arrays: Any) -> float:
    return float(np.sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays)))


def _histogram(arrays: list[np.ndarray]) -> dict[str, Any]:
    values = np.concatenate([array.ravel() for array in arrays]).astype(np.float64)
    values = values[np.isfinite(values)]
    counts, edges = np.histogram(values if len(values) else [0.0], BINS)
    return {"edges": [float(f"{edge:.4g}") for edge in edges], "counts": counts.tolist()}


def class_shares(model: keras.Model, inputs: Any) -> list[float] | None:
    """Return how often each class is a model's answer; None where it does not answer in classes."""
    if model.outputs[0].shape[-1] in (None, 1):
        return None
    outputs = keras.tree.flatten(model(inputs, training=False))
    answers = np.asarray(outputs[0]).argmax(axis=-1).ravel()
    counts = np.bincount(answers, minlength=int(model.outputs[0].shape[-1]))
    return [float(share) for share in counts / max(counts.sum(), 1)]
