"""What training makes small and what it reports, from the task, the data and the model's output."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from builder.blocks.base import Call, without_defaults
from builder.data.spec import DataSpec
from builder.errors import stop
from builder.outputs import output_activation

REGRESSION_LOSSES = ("mean_squared_error", "mean_absolute_error", "huber")
PROBABILITIES = ("softmax", "sigmoid")
HEADS = {"classification": "Classification head", "regression": "Regression head"}


@dataclass(frozen=True)
class Objective:
    """The calls behind the arguments of ``keras.Model.compile`` that follow from the task."""

    loss: Call
    metrics: tuple[Call, ...]
    loss_weights: float | None


def fitting_losses(task: str, units: int | None) -> tuple[str, ...]:
    """Return the losses that fit a task and a number of output units; "auto" means the first one."""
    if task == "regression":
        return REGRESSION_LOSSES
    return ("binary_crossentropy",) if units == 1 else ("sparse_categorical_crossentropy",)


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
    name = _loss_name(settings["loss"], spec, _units(model, spec))
    if spec.task == "regression":
        return _regression(name, max(spec.target_variance, 1e-12))
    return _classification(name, output_activation(model))


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
    fitting = fitting_losses(spec.task, units)
    if name == "auto":
        return fitting[0]
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
        loss = _call("losses", keras.losses.BinaryCrossentropy, from_logits=logits)
        threshold = 0.0 if logits else 0.5
        accuracy = _call("metrics", keras.metrics.BinaryAccuracy, threshold=threshold, name="accuracy")
    else:
        loss = _call("losses", keras.losses.SparseCategoricalCrossentropy, from_logits=logits)
        accuracy = _call("metrics", keras.metrics.SparseCategoricalAccuracy, name="accuracy")
    return Objective(loss, (accuracy,), None)


def _regression(name: str, variance: float) -> Objective:
    deviation = math.sqrt(variance)
    losses = {
        "mean_squared_error": (_call("losses", keras.losses.MeanSquaredError), 1 / variance),
        "mean_absolute_error": (_call("losses", keras.losses.MeanAbsoluteError), 1 / deviation),
        "huber": (_call("losses", keras.losses.Huber, delta=deviation), 1 / variance),
    }
    loss, weight = losses[name]
    metrics = (
        _call("metrics", keras.metrics.MeanAbsoluteError, name="mean_absolute_error"),
        _call("metrics", keras.metrics.RootMeanSquaredError, name="root_mean_squared_error"),
    )
    return Objective(loss, metrics, weight)


def _call(module: str, made: Callable[..., Any], **arguments: Any) -> Call:
    return Call(made, f"keras.{module}.{made.__name__}", without_defaults(made, arguments))
