"""What training makes small and what it reports, from the task, the data and the model's output."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from builder.blocks import registry
from builder.blocks.base import Call, without_defaults
from builder.data.spec import IGNORED, DataSpec
from builder.errors import stop
from builder.outputs import output_activation
from builder.tasks import TASKS
from builder.training_parameters import CROSS_ENTROPIES, counting
from builder.training_plan.boxes import BoxLoss, generalized_union, middles_of_cells, sides_of
from builder.training_plan.metrics import (
    carried_by_metrics,
    classification_metrics,
    keras_call,
    label_metrics,
    regression_metrics,
)
from builder.training_plan.one_hot import OneHotLoss
from builder.training_plan.places import PlaceAccuracy
from builder.training_plan.soft_targets import LikeliestClassMetric, LikelyLabelsMetric, SoftTargetLoss
from builder.training_plan.token_loss import (
    Perplexity,
    TokenAccuracy,
    TokenCrossentropy,
    token_crossentropy,
)

REGRESSION_LOSSES = (
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "poisson",
)
CLASS_LOSSES = (
    "sparse_categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
)
BINARY_LOSSES = (
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "hinge",
    "squared_hinge",
)
LABEL_LOSSES = ("binary_crossentropy", "binary_focal_crossentropy")
# What is counted varies more where more is counted, which the first of them takes into account.
COUNT_LOSSES = ("poisson", *(name for name in REGRESSION_LOSSES if name != "poisson"))
# Losses that make sense only after certain activations; the first is the one to advise.
NEEDED_ACTIVATIONS = {
    "categorical_generalized_cross_entropy": ("softmax",),
    "hinge": ("linear", "tanh"),
    "squared_hinge": ("linear", "tanh"),
    "poisson": ("softplus", "exponential", "relu"),
    "ctc": ("linear",),
}
# Losses that take class indices as they are, whatever the number of places in a sample's target.
TOKEN_LOSSES = ("sparse_categorical_crossentropy",)
# Losses that find out themselves in which steps the target's characters lie.
STEP_LOSSES = ("ctc",)
# The tasks whose targets have many places.
_MANY_PLACES = ("language_model", "token_classification", "segmentation")
PROBABILITIES = ("softmax", "sigmoid")


@dataclass(frozen=True)
class Objective:
    """The calls behind the arguments of ``keras.Model.compile`` that follow from the task."""

    loss: Call
    metrics: tuple[Call, ...]
    loss_weights: float | None


def fitting_losses(task: str, units: int | None) -> tuple[str, ...]:
    """Return the losses that fit a task and a number of output units; "auto" means the first one."""
    if task == "count":
        return COUNT_LOSSES
    if TASKS[task].predicts == "numbers":
        return REGRESSION_LOSSES
    if TASKS[task].predicts == "boxes":
        return ()
    if TASKS[task].predicts == "labels":
        return LABEL_LOSSES
    if task == "ordinal":
        return TOKEN_LOSSES
    if task in _MANY_PLACES or TASKS[task].predicts_tokens:
        return TOKEN_LOSSES
    if task == "transcription":
        return STEP_LOSSES
    return BINARY_LOSSES if units == 1 else CLASS_LOSSES


def objectives(
    settings: Mapping[str, Any], spec: DataSpec, model: keras.Model, mixed: bool = False
) -> tuple[Objective, ...]:
    """Return the loss and the metrics of every output of a model, in the order of the data's targets.

    The chosen loss is that of the first target; the others have the usual one of their task.

    Args:
        settings: the project's training settings, defaults filled in.
        spec: the data's description.
        model: a model with one output a target.
        mixed: whether training samples are mixed, so that their targets are shares of the classes.

    Raises:
        BuilderError: as ``objective`` does, or ``wrong_output`` for another number of outputs.
    """
    targets = spec.each_target
    if len(model.outputs) != len(targets):
        message = (
            f"The data have {len(targets)} target(s), but the model has {len(model.outputs)} output(s). Give "
            "it one output for each of them."
        )
        raise stop("wrong_output", message)
    usual = {**settings, "loss": "auto"}
    return tuple(
        objective(usual if number else settings, target, model, number, mixed)
        for number, target in enumerate(targets)
    )


def objective(
    settings: Mapping[str, Any], spec: DataSpec, model: keras.Model, number: int = 0, mixed: bool = False
) -> Objective:
    """Return the loss and the metrics for an output of a model on data.

    With ``loss`` on "auto": cross-entropy for classes (binary for one output unit), mean squared error
    for numbers. Whether the cross-entropy expects logits follows from the output layer's activation. A
    regression's loss is divided by what always giving the mean would score, wherever that follows from the
    target's variance, so that this scores about 1, whatever the target's unit.

    Args:
        settings: the project's training settings, defaults filled in.
        spec: the data's description; of its targets the first counts.
        model: a model whose output has one of the shapes that the data ask for.
        number: which of its outputs that is, counted from 0.
        mixed: whether training samples are mixed, so that their targets are shares of the classes.

    Raises:
        BuilderError: ``wrong_output``, ``wrong_loss`` or ``wrong_activation`` where output, loss and task
            do not fit together.
    """
    units, activation = _units(model, spec, number), output_activation(model, number)
    if spec.predicts_boxes:
        return _detection(settings, activation)
    name = _loss_name(settings["loss"], spec, units)
    _check_activation(name, activation)
    if spec.predicts_numbers:
        return _regression(name, max(spec.target_variance, 1e-12), settings)
    if name == "ctc":
        return Objective(keras_call("losses", keras.losses.CTC), (), None)
    if spec.predicts_labels:
        logits = activation != "sigmoid"
        metrics = label_metrics(logits)
        if mixed:
            metrics = tuple(_of_shares(LikelyLabelsMetric, metric, spec.class_count) for metric in metrics)
        return Objective(_class_loss(name, settings, spec.class_count, logits), metrics, None)
    logits = activation not in PROBABILITIES
    if TASKS[spec.task].padded:
        return _of_tokens(settings, logits)
    if spec.has_places:
        return _places(settings, spec, logits)
    chosen = classification_metrics(settings, spec.task, units, spec.class_count, logits)
    metrics = (_accuracy(units, logits), *chosen)
    if mixed:
        loss = _soft_loss(name, settings, spec.class_count, logits)
        metrics = tuple(_of_shares(LikeliestClassMetric, metric, spec.class_count) for metric in metrics)
        return Objective(loss, metrics, None)
    return Objective(_class_loss(name, settings, spec.class_count, logits), metrics, None)


# What the losses and metrics of this program call.
_HELPERS: dict[Any, tuple[Any, ...]] = {
    TokenCrossentropy: (token_crossentropy,),
    Perplexity: (token_crossentropy,),
    BoxLoss: (middles_of_cells, sides_of, generalized_union),
}


def carried(goal: Objective) -> list[Any]:
    """Return the classes that a script needs for its loss and metrics, and what these call."""
    made = [goal.loss.function, *(metric.function for metric in goal.metrics)]
    own = [item for item in made if item in _CARRIED]
    helpers = [helper for item in own for helper in _HELPERS.get(item, ())]
    return [*dict.fromkeys(helpers), *own, *carried_by_metrics(goal.metrics)]


_CARRIED = (OneHotLoss, PlaceAccuracy, TokenCrossentropy, TokenAccuracy, Perplexity, BoxLoss)


def _units(model: keras.Model, spec: DataSpec, number: int) -> int:
    shape = tuple(model.outputs[number].shape[1:])
    if spec.fits(shape):
        return int(shape[-1])
    raise stop("wrong_output", wrong_output_words(shape, spec), field="loss")


def wrong_output_words(shape: tuple[int, ...], spec: DataSpec) -> str:
    """Return a sentence on a model whose output, of a shape without the batch, misfits the task."""
    wanted = " or ".join(_sizes(item) for item in spec.output_shapes)
    task = TASKS[spec.task]
    return (
        f"The model gives {_sizes(shape)} numbers a sample, but this {task.noun} needs {wanted}. End the "
        f"model in a {registry()[task.head].label} with its units left on 'auto'."
    )


def _sizes(shape: tuple[int | None, ...]) -> str:
    return " x ".join("any number" if size is None else str(size) for size in shape)


def _loss_name(name: str, spec: DataSpec, units: int) -> str:
    fitting = fitting_losses(spec.task, units)
    if name == "auto":
        return fitting[0]
    if name in fitting:
        return name
    raise stop(
        "wrong_loss",
        f"The loss '{name}' does not fit a {TASKS[spec.task].noun} whose model gives {units} number(s) a "
        f"sample. Choose 'auto' or {', '.join(repr(word) for word in fitting)}.",
        field="loss",
    )


def activation_fits(loss: str, activation: str) -> bool:
    """Tell whether a loss makes sense after the model's last activation."""
    return activation in NEEDED_ACTIVATIONS.get(loss, (activation,))


def _check_activation(loss: str, activation: str) -> None:
    if not activation_fits(loss, activation):
        raise stop("wrong_activation", activation_words(loss, activation), field="loss")


def activation_words(loss: str, activation: str) -> str:
    """Return a sentence on a loss that does not fit the last activation, and what to do."""
    needed = NEEDED_ACTIVATIONS[loss]
    return (
        f"The loss '{loss}' does not fit a model whose output goes through '{activation}': it needs "
        f"{' or '.join(repr(name) for name in needed)}. Set the activation of the last block to "
        f"'{needed[0]}', or choose the loss 'auto'."
    )


def _accuracy(units: int, logits: bool) -> Call:
    if units > 1:
        return keras_call("metrics", keras.metrics.SparseCategoricalAccuracy, name="accuracy")
    threshold = 0.0 if logits else 0.5
    return keras_call("metrics", keras.metrics.BinaryAccuracy, threshold=threshold, name="accuracy")


def _class_loss(name: str, settings: Mapping[str, Any], class_count: int, logits: bool) -> Call:
    losses, smoothing = keras.losses, counting(settings).get("label_smoothing", 0.0)
    shared = {"from_logits": logits, "label_smoothing": smoothing}
    gamma = settings["focal_gamma"]
    match name:
        case "binary_crossentropy":
            return keras_call("losses", losses.BinaryCrossentropy, **shared)
        case "binary_focal_crossentropy":
            return keras_call("losses", losses.BinaryFocalCrossentropy, gamma=gamma, **shared)
        case "hinge":
            return keras_call("losses", losses.Hinge)
        case "squared_hinge":
            return keras_call("losses", losses.SquaredHinge)
        case "categorical_generalized_cross_entropy":
            return keras_call("losses", losses.CategoricalGeneralizedCrossEntropy)
        case "sparse_categorical_crossentropy" if not smoothing:
            return keras_call("losses", losses.SparseCategoricalCrossentropy, from_logits=logits)
        case "sparse_categorical_crossentropy":
            return _one_hot(keras_call("losses", losses.CategoricalCrossentropy, **shared), class_count)
        case "categorical_focal_crossentropy":
            focal = keras_call("losses", losses.CategoricalFocalCrossentropy, gamma=gamma, **shared)
            return _one_hot(focal, class_count)
        case _:
            return _one_hot(keras_call("losses", losses.CategoricalHinge), class_count)


def _detection(settings: Mapping[str, Any], activation: str) -> Objective:
    if settings["loss"] != "auto":
        message = f"The loss '{settings['loss']}' does not fit a detection, which has its own. Choose 'auto'."
        raise stop("wrong_loss", message, field="loss")
    if activation != "sigmoid":
        message = "The scores and distances of a detection lie between 0 and 1. End in a detection head."
        raise stop("wrong_activation", message, field="loss")
    return Objective(Call(BoxLoss, "BoxLoss", {}), (), None)


def _places(settings: Mapping[str, Any], spec: DataSpec, logits: bool) -> Objective:
    if counting(settings).get("label_smoothing"):
        message = "Label smoothing needs one answer a sample; this task has many. Set label_smoothing to 0."
        raise stop("wrong_loss", message, field="label_smoothing")
    entropy = keras.losses.SparseCategoricalCrossentropy
    loss = keras_call("losses", entropy, from_logits=logits, ignore_class=IGNORED)
    metrics = [Call(PlaceAccuracy, "PlaceAccuracy", {"name": "accuracy"})]
    if spec.task == "segmentation":
        union = {"num_classes": spec.class_count, "ignore_class": IGNORED, "sparse_y_pred": False}
        metrics.append(keras_call("metrics", keras.metrics.MeanIoU, **union, name="mean_iou"))
    return Objective(loss, tuple(metrics), None)


def _soft_loss(name: str, settings: Mapping[str, Any], class_count: int, logits: bool) -> Call:
    if name not in CROSS_ENTROPIES:
        raise stop(
            "wrong_loss",
            f"MixUp and CutMix need a cross-entropy, which the loss '{name}' is not. Choose the loss 'auto', "
            "or switch them off on the Data page.",
            field="loss",
        )
    loss = _class_loss(name, settings, class_count, logits)
    if loss.function is OneHotLoss:
        loss = loss.arguments["loss"]
    elif loss.function is keras.losses.SparseCategoricalCrossentropy:
        loss = keras_call("losses", keras.losses.CategoricalCrossentropy, from_logits=logits)
    return Call(SoftTargetLoss, "SoftTargetLoss", {"loss": loss, "class_count": class_count})


def _of_shares(made: type[keras.metrics.Metric], metric: Call, class_count: int) -> Call:
    return Call(made, made.__name__, {"metric": metric, "class_count": class_count})


def _one_hot(loss: Call, class_count: int) -> Call:
    return Call(OneHotLoss, "OneHotLoss", {"loss": loss, "class_count": class_count})


def _of_tokens(settings: Mapping[str, Any], logits: bool) -> Objective:
    smoothing = {"label_smoothing": counting(settings).get("label_smoothing", 0.0)}
    loss = _token_call(TokenCrossentropy, from_logits=logits, **smoothing)
    accuracy = _token_call(TokenAccuracy, name="accuracy")
    return Objective(loss, (accuracy, _token_call(Perplexity, from_logits=logits)), None)


def _token_call(made: Any, **arguments: Any) -> Call:
    return Call(made, made.__name__, without_defaults(made, arguments))


def _regression(name: str, variance: float, settings: Mapping[str, Any]) -> Objective:
    losses, deviation = keras.losses, math.sqrt(variance)
    chosen = {
        "mean_squared_error": (keras_call("losses", losses.MeanSquaredError), 1 / variance),
        "mean_absolute_error": (keras_call("losses", losses.MeanAbsoluteError), 1 / deviation),
        "huber": (keras_call("losses", losses.Huber, delta=deviation), 1 / variance),
        "log_cosh": (keras_call("losses", losses.LogCosh), 1 / _log_cosh(deviation)),
        "mean_absolute_percentage_error": (
            keras_call("losses", losses.MeanAbsolutePercentageError),
            1 / 100,
        ),
        "mean_squared_logarithmic_error": (
            keras_call("losses", losses.MeanSquaredLogarithmicError),
            None,
        ),
        "poisson": (keras_call("losses", losses.Poisson), None),
    }
    loss, weight = chosen[name]
    standard = (
        keras_call("metrics", keras.metrics.MeanAbsoluteError, name="mean_absolute_error"),
        keras_call("metrics", keras.metrics.RootMeanSquaredError, name="root_mean_squared_error"),
    )
    return Objective(loss, (*standard, *regression_metrics(settings)), weight)


def _log_cosh(value: float) -> float:
    """Return the logarithm of the hyperbolic cosine of a positive number, however large."""
    return value + math.log1p(math.exp(-2 * value)) - math.log(2)
