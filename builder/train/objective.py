"""What training makes small and what it reports, from the task, the data and the model's output."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from builder.data.spec import DataSpec
from builder.errors import stop
from builder.outputs import output_activation

CLASSIFICATION_LOSSES = ("sparse_categorical_crossentropy", "binary_crossentropy")
REGRESSION_LOSSES = ("mean_squared_error", "mean_absolute_error", "huber")
PROBABILITIES = ("softmax", "sigmoid")
HEADS = {"classification": "Classification head", "regression": "Regression head"}


@dataclass(frozen=True)
class Objective:
    """The arguments of ``keras.Model.compile`` that follow from the task."""

    loss: keras.losses.Loss
    metrics: list[keras.metrics.Metric]
    loss_weights: float | None


def objective(settings: Mapping[str, Any], spec: DataSpec, model: keras.Model) -> Objective:
    """Return the loss and the metrics for a model on data.

    With ``loss`` on "auto": cross-entropy for classes (binary for one output unit), mean squared error
    for numbers. Whether the cross-entropy expects logits follows from the output layer's activation. A
    regression's loss is divided by the target's variance (by its standard deviation for the mean
    absolute error), so that always giving the mean scores about 1, whatever the target's unit.

    Args:
        settings: the project's training settings, defaults filled in.
        spec: the data's description.
        model: a model with one output of shape (batch, units).

    Raises:
        BuilderError: ``wrong_output`` or ``wrong_loss`` where output, loss and task do not fit together.
    """
    units = _units(model, spec)
    name = _loss_name(settings["loss"], spec, units)
    if spec.task == "regression":
        return _regression(name, max(spec.target_variance, 1e-12))
    return _classification(name, output_activation(model))


def balanced_class_weights(targets: np.ndarray, class_count: int) -> np.ndarray:
    """Return one weight a class, inversely proportional to its frequency; the mean over samples is 1.

    Args:
        targets: class indices of the training part, of shape (samples,).
        class_count: the number of classes; one without samples gets weight 0.

    Reference: King and Zeng, "Logistic Regression in Rare Events Data", 2001.
    """
    counts = np.bincount(targets, minlength=class_count).astype(np.float64)
    share = np.where(counts > 0, counts, np.inf) * np.count_nonzero(counts)
    return (len(targets) / share).astype(np.float32)


def _units(model: keras.Model, spec: DataSpec) -> int:
    shape = model.outputs[0].shape
    wanted = (
        {1} if spec.task == "regression" else {spec.class_count} | ({1} if spec.class_count == 2 else set())
    )
    if len(shape) == 2 and shape[-1] in wanted:
        return int(shape[-1])
    sizes = " x ".join(str(size) for size in shape[1:])
    raise stop(
        "wrong_output",
        f"The model gives {sizes} numbers a sample, but this {spec.task} needs "
        f"{' or '.join(str(count) for count in sorted(wanted))}. End the model in a {HEADS[spec.task]} "
        "with its units left on 'auto'.",
        field="loss",
    )


def _loss_name(name: str, spec: DataSpec, units: int) -> str:
    if spec.task == "regression":
        fitting: tuple[str, ...] = REGRESSION_LOSSES
        automatic = "mean_squared_error"
    else:
        automatic = CLASSIFICATION_LOSSES[1] if units == 1 else CLASSIFICATION_LOSSES[0]
        fitting = (automatic,)
    if name == "auto":
        return automatic
    if name in fitting:
        return name
    raise stop(
        "wrong_loss",
        f"The loss '{name}' does not fit a {spec.task} whose model gives {units} number(s) a sample. "
        f"Choose 'auto' or {', '.join(repr(word) for word in fitting)}.",
        field="loss",
    )


def _classification(name: str, activation: str) -> Objective:
    logits = activation not in PROBABILITIES
    if name == "binary_crossentropy":
        accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if logits else 0.5)
        return Objective(keras.losses.BinaryCrossentropy(from_logits=logits), [accuracy], None)
    sparse = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return Objective(keras.losses.SparseCategoricalCrossentropy(from_logits=logits), [sparse], None)


def _regression(name: str, variance: float) -> Objective:
    deviation = math.sqrt(variance)
    losses = {
        "mean_squared_error": (keras.losses.MeanSquaredError(), 1 / variance),
        "mean_absolute_error": (keras.losses.MeanAbsoluteError(), 1 / deviation),
        "huber": (keras.losses.Huber(delta=deviation), 1 / variance),
    }
    loss, weight = losses[name]
    metrics = [
        keras.metrics.MeanAbsoluteError(name="mean_absolute_error"),
        keras.metrics.RootMeanSquaredError(name="root_mean_squared_error"),
    ]
    return Objective(loss, metrics, weight)
