"""The one number that an explanation is about: the probability of a class, or the predicted value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from builder.data.spec import DataSpec
from builder.errors import stop
from builder.explain.finite import check_finite
from builder.explanation_methods import EXPLAINED_TASKS
from builder.outputs import arrange, output_activation
from builder.probabilities import label_chances, probabilities

_BATCH = 128


@dataclass
class Answer:
    """A model's answer to samples, as one number each.

    Args:
        model: a model with one output.
        spec: the description of its data.
        place: the class (or label, or future step) that is explained.
    """

    model: keras.Model
    spec: DataSpec
    place: int

    def __post_init__(self) -> None:
        self.activation = output_activation(self.model)

    @property
    def label(self) -> str:
        """What is explained, in words."""
        if self.spec.class_names:
            return self.spec.class_names[self.place]
        return self.spec.target_name or "value"

    def values(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the answers, (batch,) float64."""
        count = len(next(iter(arrays.values())))
        parts = []
        for start in range(0, count, _BATCH):
            batch = {name: values[start : start + _BATCH] for name, values in arrays.items()}
            parts.append(np.asarray(self.model.predict_on_batch(arrange(self.model, batch)), np.float64))
        outputs = np.concatenate(parts)
        check_finite(outputs)
        return self._chosen(outputs)

    def differentiable(self, outputs: Any) -> Any:
        """Return the answers, (batch,), from the model's outputs, by steps that can be differentiated."""
        if self.spec.predicts_numbers:
            return outputs[:, self.place]
        if self.spec.predicts_labels:
            return (outputs if self.activation == "sigmoid" else keras.ops.sigmoid(outputs))[:, self.place]
        if outputs.shape[-1] == 1:
            is_chance = self.activation in ("sigmoid", "softmax")
            chance = (outputs if is_chance else keras.ops.sigmoid(outputs))[:, 0]
            return chance if self.place == 1 else 1.0 - chance
        chances = outputs if self.activation in ("softmax", "sigmoid") else keras.ops.softmax(outputs)
        return chances[:, self.place] / keras.ops.sum(chances, axis=-1)

    def _chosen(self, outputs: np.ndarray) -> np.ndarray:
        if self.spec.predicts_numbers:
            return outputs[:, self.place]
        if self.spec.predicts_labels:
            return label_chances(outputs, self.activation)[:, self.place]
        return probabilities(outputs, self.activation)[:, self.place]


def answer_to(
    model: keras.Model, spec: DataSpec, arrays: Mapping[str, np.ndarray], chosen: str | None = None
) -> Answer:
    """Return the answer to explain: a class by its name, or the likeliest one; of a forecast the next step.

    Args:
        model: a model with one output.
        spec: the description of its data.
        arrays: the sample's arrays, with a batch axis of 1.
        chosen: the class or label to explain instead of the likeliest.

    Raises:
        BuilderError: ``not_explained`` for a task without such an answer, ``unknown_class`` for a class that
            the model does not know.
    """
    if chosen is not None or spec.predicts_numbers:
        return answer_of(model, spec, chosen)
    _check_task(spec)
    every = [Answer(model, spec, place) for place in range(len(spec.class_names))]
    outputs = np.asarray(model.predict_on_batch(arrange(model, arrays)), np.float64)
    check_finite(outputs)
    return every[int(np.argmax([one._chosen(outputs)[0] for one in every]))]


def answer_of(model: keras.Model, spec: DataSpec, chosen: str | None) -> Answer:
    """Return the answer to explain for any sample: a class by its name, or the predicted number.

    Args:
        model: a model with one output.
        spec: the description of its data.
        chosen: the class or label; None is the first, and the only one for a number.

    Raises:
        BuilderError: ``not_explained`` for a task without such an answer, ``unknown_class`` for a class that
            the model does not know.
    """
    _check_task(spec)
    if chosen is not None and spec.predicts_numbers:
        number = f"the number '{spec.target_name}'" if spec.target_name else "a number"
        message = (
            f"The model predicts {number} and knows no classes, so '{chosen}' cannot be explained. Leave the "
            "class out, and the number is explained."
        )
        raise stop("unknown_class", message)
    if chosen is None:
        return Answer(model, spec, 0)
    if chosen not in spec.class_names:
        known = ", ".join(spec.class_names[:20])
        raise stop("unknown_class", f"The model knows no '{chosen}'. It knows: {known}.")
    return Answer(model, spec, spec.class_names.index(chosen))


def _check_task(spec: DataSpec) -> None:
    if spec.task not in EXPLAINED_TASKS:
        message = (
            "Single answers are explained for classes, labels and numbers; this model gives something else."
        )
        raise stop("not_explained", message)
