"""Augmentation as a change of batches: what the settings ask for, for every kind of input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from builder.augmentation_parameters import augments, mixes
from builder.data.augment_images import augmented_images
from builder.data.augment_sound import augmented_sound
from builder.data.augment_tokens import augmented_tokens, synonym_table
from builder.data.mixing import mixed
from builder.data.moving_images import moved_boxes, moved_masks
from builder.data.pipeline import Change
from builder.data.spec import IMAGE_INPUT, DataSpec, ModelInput
from builder.data.synonyms import synonym_groups
from builder.errors import stop
from builder.tasks import TASKS

_Changer = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def augmentation(settings: Mapping[str, Any], spec: DataSpec) -> Change | None:
    """Return the change of training batches that the settings ask for; None where they ask for none.

    What is drawn follows from the batch's seed alone, so that a training that goes on after an interruption
    sees the same samples. Where samples are mixed, the targets become the share of every class, float32 of
    shape (batch, classes).

    Args:
        settings: the augmentation settings, defaults filled in.
        spec: the description of the prepared data.

    Raises:
        BuilderError: ``mixing_misfit`` where samples are to be mixed that cannot be.
    """
    if TASKS[spec.task].of_pictures:
        return _with_answers(settings, spec) if augments(settings, "image") else None
    changers = {item.arrays[0].name: changer for item in spec.inputs if (changer := _changer(settings, item))}
    is_mixed = mixes_samples(settings, spec)
    if not changers and not is_mixed:
        return None

    def change(
        arrays: dict[str, tf.Tensor], targets: Any, weights: Any, seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any, Any]:
        arrays = dict(arrays)
        for number, (name, changer) in enumerate(changers.items()):
            arrays[name] = changer(arrays[name], tf.random.fold_in(seed, number))
        if is_mixed:
            name = spec.arrays[0].name
            shares = targets if spec.predicts_labels else tf.one_hot(targets, spec.class_count)
            mixing_seed = tf.random.fold_in(seed, 1000)
            arrays[name], targets, weights = mixed(arrays[name], shares, weights, mixing_seed, settings)
        return arrays, targets, weights

    return change


def _with_answers(settings: Mapping[str, Any], spec: DataSpec) -> Change:
    """Return the change of pictures whose masks or boxes move along."""
    # A mirror image at the edge would show things that no box is around.
    own = {**settings, "fill": "constant"} if spec.predicts_boxes else settings

    def change(
        arrays: dict[str, tf.Tensor], targets: Any, weights: Any, seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any, Any]:
        pictures, places = augmented_images(arrays[IMAGE_INPUT], seed, own)
        if places is not None and spec.predicts_boxes:
            targets = moved_boxes(targets, places, *pictures.shape[1:3])
        elif places is not None:
            targets = moved_masks(targets, places, own["fill"])
        return {**arrays, IMAGE_INPUT: pictures}, targets, weights

    return change


def mixes_samples(settings: Mapping[str, Any], spec: DataSpec) -> bool:
    """Tell whether training samples are mixed, so that their targets are shares of classes.

    Raises:
        BuilderError: ``mixing_misfit`` where these data cannot be mixed.
    """
    if not mixes(settings):
        return False
    kinds = [item.kind for item in spec.inputs]
    wanted, sample = ("CutMix", "picture") if settings["cutmix"] else ("MixUp", "picture or recording")
    fits = kinds == ["image"] or (kinds == ["audio"] and not settings["cutmix"])
    if not fits or not spec.class_names or spec.further_targets:
        message = (
            f"{wanted} needs samples that are one {sample} each, and classes as the one thing to predict. "
            "Set it to 0 on the Data page."
        )
        raise stop("mixing_misfit", message, field="augmentation")
    return True


def _changer(settings: Mapping[str, Any], item: ModelInput) -> _Changer | None:
    own = {name: value for name, value in settings.items() if name not in ("mixup", "cutmix")}
    if not augments(own, item.kind):
        return None
    if item.kind == "image":
        return lambda array, seed: augmented_images(array, seed, settings)[0]
    if item.kind == "audio":
        return lambda array, seed: augmented_sound(array, seed, settings, item.settings["rate"])
    words = item.settings["vocabulary"]
    table = tf.constant(synonym_table(words, synonym_groups(settings["synonyms"])))
    return lambda array, seed: augmented_tokens(array, seed, settings, table)
