"""What a run reports beside its loss: the usual scores of the task, and those chosen by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from builder.blocks.base import Call, without_defaults
from builder.training_parameters import OFFERED_METRICS
from builder.training_plan.one_hot import MacroPrecision, MacroRecall, OneHotMetric

_REGRESSION = {
    "r2_score": keras.metrics.R2Score,
    "mean_squared_error": keras.metrics.MeanSquaredError,
    "mean_absolute_percentage_error": keras.metrics.MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": keras.metrics.MeanSquaredLogarithmicError,
}


def wanted_metrics(settings: Mapping[str, Any], task: str) -> tuple[str, ...]:
    """Return the names of the chosen metrics of a task, the watched one among them, in a fixed order."""
    offered = OFFERED_METRICS[task]
    wanted = {*settings["metrics"], settings["monitor"]}
    return tuple(name for name in offered if name in wanted)


def classification_metrics(
    settings: Mapping[str, Any], task: str, units: int, class_count: int, logits: bool
) -> tuple[Call, ...]:
    """Return the calls that make the metrics of a classification.

    Precision, recall, F1 and AUC of more than two classes are means over the classes.

    Args:
        settings: the project's training settings, defaults filled in.
        task: a task that predicts classes.
        units: the numbers that the model gives a sample: one a class, or one in all.
        class_count: the number of classes.
        logits: whether the model gives logits instead of probabilities.
    """
    names = wanted_metrics(settings, task)
    # With one number a sample there are two classes, and the true one is always among the two likeliest.
    names = tuple(name for name in names if units > 1 or name != "top_k_accuracy")
    return tuple(_classification(name, settings, units, class_count, logits) for name in names)


def regression_metrics(settings: Mapping[str, Any]) -> tuple[Call, ...]:
    """Return the calls that make the chosen metrics of a regression."""
    names = wanted_metrics(settings, "regression")
    return tuple(keras_call("metrics", _REGRESSION[name], name=name) for name in names)


def label_metrics(logits: bool) -> tuple[Call, ...]:
    """Return the calls that make the metrics where any number of labels may be right.

    F1 over all answers together, and its mean over the labels; both take a label from a probability of 0.5.
    """
    threshold = 0.0 if logits else 0.5
    right = keras_call("metrics", keras.metrics.BinaryAccuracy, threshold=threshold, name="label_accuracy")
    if logits:
        return (right,)
    averages = ("micro", "macro")
    return (
        right,
        *(
            keras_call("metrics", keras.metrics.F1Score, average=name, threshold=0.5, name=f"{name}_f1")
            for name in averages
        ),
    )


def _classification(
    name: str, settings: Mapping[str, Any], units: int, class_count: int, logits: bool
) -> Call:
    if name == "top_k_accuracy":
        k = min(settings["top_k"], class_count)
        return keras_call("metrics", keras.metrics.SparseTopKCategoricalAccuracy, k=k, name=name)
    threshold = {"threshold": 0.5} if units == 1 else {}
    average = {"average": "macro"}
    inner = {
        "precision": Call(MacroPrecision, "MacroPrecision", threshold),
        "recall": Call(MacroRecall, "MacroRecall", threshold),
        "f1_score": keras_call("metrics", keras.metrics.F1Score, **average, **threshold),
        "auc": _area(units),
    }[name]
    arguments = {"metric": inner, "units": units, "from_logits": logits, "name": name}
    return Call(OneHotMetric, "OneHotMetric", without_defaults(OneHotMetric, arguments))


def _area(units: int) -> Call:
    several = {} if units == 1 else {"multi_label": True, "num_labels": units}
    # Keras counts the areas of a process to name them, where they have no name.
    return keras_call("metrics", keras.metrics.AUC, **several, name="auc")


def carried_by_metrics(metrics: tuple[Call, ...]) -> list[Any]:
    """Return the classes that a script needs for its metrics."""
    made = [metric.function for metric in metrics]
    inner = [metric.arguments["metric"].function for metric in metrics if metric.function is OneHotMetric]
    return [item for item in (OneHotMetric, MacroPrecision, MacroRecall) if item in (*made, *inner)]


def keras_call(module: str, made: Callable[..., Any], **arguments: Any) -> Call:
    """Return the call of a class of Keras, without arguments that are its defaults."""
    return Call(made, f"keras.{module}.{made.__name__}", without_defaults(made, arguments))
