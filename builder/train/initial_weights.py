"""Weights that a run starts from: those of an earlier run, block by block, or of a pretrained backbone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from builder.errors import BuilderError, stop

_SHOWN = 5
# How Keras and the hub of KerasHub say that they got no answer.
_UNREACHABLE = ("URL fetch failure", "Max retries exceeded", "Name or service not known", "Connection")


@dataclass(frozen=True)
class Taken:
    """Which layers took given weights, and which could not: their names, in the model's order."""

    layers: tuple[str, ...]
    misfits: tuple[str, ...]
    unknown: tuple[str, ...]

    def in_words(self, source: str) -> str:
        """Return a sentence for the person who trains."""
        total = len(self.layers) + len(self.misfits) + len(self.unknown)
        words = f"{len(self.layers)} of {total} layers with weights start from {source}."
        if self.misfits:
            words += f" Of another shape there, so they start anew: {_listed(self.misfits)}."
        if self.unknown:
            words += f" Not in there, so they start anew: {_listed(self.unknown)}."
        return words


def weights_by_path(model: keras.Model) -> dict[str, np.ndarray]:
    """Return a model's weights by their path, such as ``"dense/kernel"``."""
    return {weight.path: np.asarray(weight) for weight in model.weights}


def take_weights(model: keras.Model, given: Mapping[str, np.ndarray], source: str) -> Taken:
    """Give every layer its weights from another model, where name and shapes are the same.

    Args:
        model: the model that is about to be trained; changed in place.
        given: weights by path, as ``weights_by_path`` returns them.
        source: where they come from, in words.

    Raises:
        BuilderError: ``no_weights_fit`` where not one layer could take any.
    """
    taken, misfits, unknown = [], [], []
    for name, weights in _by_layer(model).items():
        # Whoever saved them has added the matrices of LoRA to the weights beside them; a run has its own.
        weights = [weight for weight in weights if not weight.name.startswith("lora_")]
        found = [given.get(weight.path) for weight in weights]
        if any(value is None for value in found):
            unknown.append(name)
        elif any(tuple(value.shape) != tuple(weight.shape) for value, weight in _pairs(found, weights)):
            misfits.append(name)
        else:
            for value, weight in _pairs(found, weights):
                weight.assign(value)
            taken.append(name)
    if not taken:
        message = (
            f"No layer of this model has the name and the shapes of one in {source}, so nothing can start "
            "from it. Choose weights of a model with the same blocks, or start anew."
        )
        raise stop("no_weights_fit", message, field="initial_weights")
    return Taken(tuple(taken), tuple(misfits), tuple(unknown))


def load_backbone(backbone: keras.Model, make: Callable[[], keras.Model], block: str, weights: str) -> None:
    """Give a backbone the weights that its constructor loads, from the hub or from a file.

    Args:
        backbone: the part of the model that stands for the block; changed in place.
        make: makes the same backbone with its weights.
        block: the block's id, for messages.
        weights: the name or the path of the weights, for messages.

    Raises:
        BuilderError: ``weights_offline`` where the hub cannot be reached, ``weights_unusable`` where the
            file does not fit.
    """
    try:
        _copy(make(), backbone)
    except Exception as error:  # Keras raises plain exceptions for a failed download.
        raise _unloaded(error, block, weights) from error


def _copy(source: keras.Model, backbone: keras.Model) -> None:
    """Give a backbone the weights of another, in their order; the matrices of LoRA start as they are."""
    own = [weight for weight in backbone.weights if "lora" not in weight.name]
    given = source.weights
    if [tuple(weight.shape) for weight in own] != [tuple(weight.shape) for weight in given]:
        raise ValueError("they have other shapes than the block, which takes its image size from the data")
    for weight, value in zip(own, given, strict=True):
        weight.assign(value)


def _unloaded(error: Exception, block: str, weights: str) -> BuilderError:
    said = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
    if any(words in said for words in _UNREACHABLE):
        message = (
            f"The '{weights}' weights of '{block}' come from the internet, which this machine cannot reach "
            f"({said}). Connect it and start again; or fetch them on another machine, copy them here and "
            "give their path at 'weights'; or choose 'none'."
        )
        return stop("weights_offline", message, block=block, field="weights")
    message = (
        f"The weights '{weights}' do not fit '{block}': {said}. Choose the file that belongs to this "
        "architecture without its top, or 'none'."
    )
    return stop("weights_unusable", message, block=block, field="weights")


def _by_layer(model: keras.Model) -> dict[str, list[Any]]:
    layers: dict[str, list[Any]] = {}
    for weight in model.weights:
        layers.setdefault(weight.path.rpartition("/")[0], []).append(weight)
    return layers


def _pairs(found: list[Any], weights: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(found, weights, strict=True))


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
