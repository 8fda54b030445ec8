"""Augmentation as a change of batches: what the settings ask for, for every kind of input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from builder.augmentation_parameters import augments, mixes
from builder.data.augment_images import augmented_images
from builder.data.augment_sound import augmented_sound
from builder.data.augment_tokens import augmented_tokens, synonym_table
from builder.data.flipped_answers import flipped, without_flips
from builder.data.mixing import mixed
from builder.data.pipeline import Change
from builder.data.spec import DataSpec, ModelInput
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
    moves_answers = TASKS[spec.task].of_pictures and augments(settings)
    own = without_flips(settings) if moves_answers else settings
    changers = {item.arrays[0].name: changer for item in spec.inputs if (changer := _changer(own, item))}
    is_mixed = mixes_samples(settings, spec)
    if not changers and not is_mixed and not moves_answers:
        return None

    def change(
        arrays: dict[str, tf.Tensor], targets: Any, weights: Any, seed: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], Any, Any]:
        arrays = dict(arrays)
        for number, (name, changer) in enumerate(changers.items()):
            arrays[name] = changer(arrays[name], tf.random.fold_in(seed, number))
        if moves_answers:
            arrays, targets = flipped(arrays, targets, seed, settings, spec)
        if is_mixed:
            name = spec.arrays[0].name
            shares = tf.one_hot(targets, spec.class_count)
            mixing_seed = tf.random.fold_in(seed, 1000)
            arrays[name], targets, weights = mixed(arrays[name], shares, weights, mixing_seed, settings)
        return arrays, targets, weights

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
        return lambda array, seed: augmented_images(array, seed, settings)
    if item.kind == "audio":
        return lambda array, seed: augmented_sound(array, seed, settings, item.settings["rate"])
    words = item.settings["vocabulary"]
    table = tf.constant(synonym_table(words, synonym_groups(settings["synonyms"])))
    return lambda array, seed: augmented_tokens(array, seed, settings, table)
