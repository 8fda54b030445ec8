"""Distillation: a student learns from a teacher's answers beside the true ones, and from its features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from builder.compression_parameters import LAST_FEATURES
from builder.errors import stop
from builder.outputs import output_activation

_SMALL = 1e-7
_CHANCES, _SWITCHES = "softmax", "sigmoid"


class Student(keras.Model):
    """A functional model whose training loss also follows a teacher; validation has the plain loss.

    It is made by ``student_of``, of the inputs and outputs of a plain model, whose layers it shares.
    """

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the loss of a batch; while training a mean of the task's loss and the teacher's."""
        own = super().compute_loss(x, y, y_pred, sample_weight, training)
        if x is None or not training:
            return own
        weight, answers, features = self.follow(x, y, y_pred, lambda target: self._task_loss(target, y_pred))
        return (1.0 - weight) * own + weight * answers + features

    def _task_loss(self, target: Any, answer: Any) -> Any:
        return super().compute_loss(None, target, answer)


def student_of(
    model: keras.Model,
    teacher: keras.Model,
    settings: Mapping[str, Any],
    is_of_classes: bool,
    of_labels: bool = False,
    ignored: int | None = None,
) -> Student:
    """Return a student over the layers of a model.

    Args:
        model: an untrained model with one output.
        teacher: a trained model with the same inputs, by name, and an output of the same shape.
        settings: the recipe's settings, defaults filled in.
        is_of_classes: whether the outputs are chances of classes or labels, rather than values.
        of_labels: whether any number of these may be right.
        ignored: the target of places in which no answer counts, the teacher's no more than any other.

    Raises:
        BuilderError: ``teacher_misfit`` where inputs or outputs differ.

    Reference:
        Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network (2015); Romero et al., FitNets:
        Hints for Thin Deep Nets (2015).
    """
    _check(model, teacher)
    student = Student(model.input, model.output, name=model.name)
    teacher.trainable = False
    kinds = [output_activation(each) if is_of_classes else None for each in (teacher, model)]
    temperature, weight = float(settings["temperature"]), float(settings["teacher_weight"])
    weighted = float(settings["feature_weight"])
    imitate = _Imitation(student, teacher, weighted) if settings["features"] == LAST_FEATURES else None
    names = [tensor.name for tensor in teacher.inputs]
    known = keras.Model(teacher.inputs, [*teacher.outputs, *([] if imitate is None else [imitate.target])])

    def follow(x: Any, target: Any, answer: Any, task_loss: Any) -> tuple[float, Any, Any]:
        arrays = x if isinstance(x, Mapping) else dict(zip(names, keras.tree.flatten(x), strict=True))
        told, *features = keras.tree.flatten(known([arrays[name] for name in names], training=False))
        if is_of_classes:
            counted = None if ignored is None else keras.ops.not_equal(target, ignored)
            followed = softened_loss(told, answer, kinds[0], kinds[1], temperature, of_labels, counted)
            # The task's loss, which has the penalties on weights in it, counts in part only.
            followed += sum(student.losses)
        else:
            followed = task_loss(told)
        return weight, followed, 0.0 if imitate is None else imitate(x, features[0])

    # A plain function, so that Keras takes the teacher's weights for no part of the student.
    student.follow = follow
    return student


def softened_loss(
    told: Any,
    answer: Any,
    told_as: str | None,
    answered_as: str | None,
    temperature: float,
    of_labels: bool = False,
    counted: Any = None,
) -> Any:
    """Return the Kullback-Leibler divergence of softened answers, times the temperature squared.

    The factor keeps the gradients as large as those of the true answers. Chances are as good as logits: their
    logarithms are the logits, up to a number that the softmax takes out again.

    Args:
        told: the teacher's answers, (batch, …, classes), and ``told_as`` the activation that made them.
        answer: the student's, of the same shape, and ``answered_as`` likewise.
        temperature: what the logits are divided by.
        of_labels: whether any number of the classes may be right, which logits alone do not tell.
        counted: which places count, (batch, …); None for all.
    """
    teacher, student = _logits(told, told_as) / temperature, _logits(answer, answered_as) / temperature
    if of_labels or told_as == _SWITCHES or told.shape[-1] == 1:
        # Each label for itself is a choice between two.
        teacher, student = (
            keras.ops.stack([each, keras.ops.zeros_like(each)], -1) for each in (teacher, student)
        )
    chances = keras.ops.softmax(teacher)
    divergence = keras.losses.KLDivergence(reduction="mean_with_sample_weight")
    return divergence(chances, keras.ops.softmax(student), counted) * temperature**2


class _Imitation:
    """The distance of the student's last features, mapped to the teacher's size, from the teacher's."""

    def __init__(self, student: keras.Model, teacher: keras.Model, weight: float) -> None:
        self.target = _pooled(_last_features(teacher))
        own = _pooled(_last_features(student))
        self._features = keras.Model(student.input, own)
        self._projection = keras.layers.Dense(self.target.shape[-1], name="imitation")
        self._projection.build((None, own.shape[-1]))
        self._weight = weight
        # It is trained and kept in the checkpoint with the student, and left out of its saved model.
        student.imitation = self._projection

    def __call__(self, x: Any, target: Any) -> Any:
        # As they are in use: a second pass must not move the statistics of a normalization once more.
        mapped = self._projection(self._features(x, training=False))
        return self._weight * keras.ops.mean(keras.ops.square(mapped - target))


def _check(model: keras.Model, teacher: keras.Model) -> None:
    ends = [(_ends(each.inputs, True), _ends(each.outputs, False)) for each in (teacher, model)]
    for what, taught, learning in zip(("inputs", "outputs"), *ends, strict=True):
        if taught != learning:
            message = (
                f"The teacher's {what} ({_words(taught)}) are not those of this model "
                f"({_words(learning)}), so it "
                "cannot be taught. Choose a run on the same data, prepared the same way, with the same "
                "classes."
            )
            raise stop("teacher_misfit", message, field="run")


def _ends(tensors: Any, named: bool) -> list[tuple[str, tuple[int | None, ...]]]:
    return sorted((tensor.name if named else "output", tuple(tensor.shape[1:])) for tensor in tensors)


def _words(ends: list[tuple[str, tuple[int | None, ...]]]) -> str:
    return ", ".join(f"'{name}' {' x '.join(str(size) for size in shape) or 'one'}" for name, shape in ends)


def _last_features(model: keras.Model) -> Any:
    """Return what enters the last layer that has weights."""
    weighted = [
        layer for layer in model.layers if layer.weights and not isinstance(layer, keras.layers.InputLayer)
    ]
    entering = keras.tree.flatten(weighted[-1].input)[0] if weighted else None
    if entering is None or any(entering is tensor for tensor in model.inputs):
        message = (
            "The last layer reads the inputs themselves, so it has no features to imitate. Set "
            "'features' to 'none'."
        )
        raise stop("no_features", message, field="features")
    return entering


def _pooled(tensor: Any) -> Any:
    """Return one vector a sample: pictures and sequences of different sizes can be compared by their "
    "means."""
    axes = tuple(range(1, len(tensor.shape) - 1))
    return keras.ops.mean(tensor, axis=axes) if axes else tensor


def _logits(answer: Any, made_by: str | None) -> Any:
    # Keras keeps what a softmax or sigmoid was made of, which chances near 0 have rounded away.
    kept = getattr(answer, "_keras_logits", None)
    if kept is not None:
        return kept
    if made_by == _CHANCES:
        return keras.ops.log(keras.ops.clip(answer, _SMALL, 1.0))
    if made_by == _SWITCHES:
        clipped = keras.ops.clip(answer, _SMALL, 1.0 - _SMALL)
        return keras.ops.log(clipped) - keras.ops.log(1.0 - clipped)
    return answer
