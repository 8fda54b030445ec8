"""Quantized TFLite models from a float32 one: float16 weights, dynamic range, int8."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer import quantizer, recipe_manager
from litert_quantizer.calibrator import CalibrationMode, Calibrator
from litert_quantizer.utils import qsv_utils

from builder.export.self_contained import self_contained
from builder.export.tflite import SIGNATURE

_NAMES = quantizer.AlgorithmName
# The operators inside a recurrent layer's loop carry this in their tensors' names.
_LOOP = "/while/"
# The converter gives the model's last operator this name instead of its layer's.
_LAST = "^StatefulPartitionedCall"
MIXED_LABEL = "int8 (mixed: recurrent part stays float)"
_SPECTROGRAMS = (keras.layers.MelSpectrogram, keras.layers.STFTSpectrogram)
_ZERO = 1e-6
Samples = Sequence[dict[str, np.ndarray]]
Ranges = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Traits:
    """What the recipes have to know about a model.

    ``embeddings``, ``scalings`` and ``spectrograms`` are names of layers; a ``recurrent`` model runs a loop.
    """

    embeddings: tuple[str, ...]
    scalings: tuple[str, ...]
    spectrograms: tuple[str, ...]
    recurrent: bool
    regression: bool


def traits_of(model: keras.Model, tflite: bytes, regression: bool) -> Traits:
    """Return the traits of a Keras model and of the float32 TFLite model made from it."""
    layers = list(model._flatten_layers(include_self=False))
    scaling = (keras.layers.Normalization, keras.layers.Rescaling)
    operators = Interpreter(model_content=tflite)._get_ops_details()
    return Traits(
        embeddings=tuple(layer.name for layer in layers if isinstance(layer, keras.layers.Embedding)),
        scalings=tuple(layer.name for layer in layers if isinstance(layer, scaling)),
        spectrograms=tuple(layer.name for layer in layers if isinstance(layer, _SPECTROGRAMS)),
        recurrent=any(operator["op_name"] == "WHILE" for operator in operators),
        regression=regression,
    )


class Rounder:
    """Rounds one float32 model; the ranges of its values are measured once, whatever is left out later.

    The patterns in ``kept`` are those of tensors whose operators stay in 32-bit floats because a person wants
    it, or to find out what the others cost.

    Args:
        tflite: the float32 model.
        traits: from ``traits_of``.
        samples: training samples by input name, each with a batch axis of 1. Their smallest and
            largest activations become the 8-bit ranges.
    """

    def __init__(self, tflite: bytes, traits: Traits, samples: Samples) -> None:
        self._tflite, self._traits, self._samples = tflite, traits, samples

    def float16(self, kept: Sequence[str] = ()) -> bytes:
        """Return the model with weights in 16-bit floats; embedding tables in 8 bits.

        Scalings and the last step of a regression keep 32 bits: 16 bits end at 65504, which prices,
        populations and the like exceed.
        """
        recipe = quantizer.Quantizer(bytearray(self._tflite))
        recipe.add_weight_only_config(".*", "*", 16, algorithm_key=_NAMES.FLOAT_CASTING)
        _keep_scalings(recipe, self._traits)
        _keep_spectrograms(recipe, self._traits)
        return self._with_embeddings(recipe, kept)

    def dynamic_range(self, kept: Sequence[str] = ()) -> bytes:
        """Return the model with 8-bit weights, its activations rounded at run time."""
        recipe = quantizer.Quantizer(bytearray(self._tflite))
        recipe.add_dynamic_config(".*", "*", 8)
        _keep_spectrograms(recipe, self._traits)
        return self._with_embeddings(recipe, kept)

    def int8(self, kept: Sequence[str] = ()) -> bytes:
        """Return the model with 8-bit weights and activations, and float inputs and outputs.

        The loop of a recurrent layer cannot run on 8-bit activations: its weights are in 8 bits and its
        arithmetic in floats (see ``MIXED_LABEL``). Scaling of inputs stays float, because columns of very
        different ranges would be rounded to one grid; so do spectrograms, and the last step of a
        regression, because 255 levels are too few for its answer.
        """
        return _rounded(self._int8_recipe(kept), self._int8_ranges)

    def _int8_recipe(self, kept: Sequence[str]) -> quantizer.Quantizer:
        recipe = quantizer.Quantizer(bytearray(self._tflite))
        recipe.add_static_config(".*", "*", 8, 8)
        if self._traits.recurrent:
            recipe.update_quantization_recipe(_LOOP, "*", None, _NAMES.NO_QUANTIZE)
            recipe.add_dynamic_config(_LOOP, "FULLY_CONNECTED", 8)
        _keep_scalings(recipe, self._traits)
        _keep_spectrograms(recipe, self._traits)
        if self._traits.regression:
            recipe.add_dynamic_config(_LAST, "FULLY_CONNECTED", 8)
        _keep_chosen(recipe, kept)
        for end in ("INPUT", "OUTPUT"):
            recipe.update_quantization_recipe(".*", end, None, _NAMES.NO_QUANTIZE)
        return recipe

    def _with_embeddings(self, recipe: quantizer.Quantizer, kept: Sequence[str]) -> bytes:
        """Round embedding tables, most of a small text model, too; only static recipes shrink a GATHER."""
        _add_embeddings(recipe, self._traits)
        _keep_chosen(recipe, kept)
        return _rounded(recipe, self._embedding_ranges if self._traits.embeddings else None)

    @cached_property
    def _int8_ranges(self) -> Ranges:
        return self._ranges(self._int8_recipe(()))

    @cached_property
    def _embedding_ranges(self) -> Ranges:
        recipe = quantizer.Quantizer(bytearray(self._tflite))
        _add_embeddings(recipe, self._traits)
        return self._ranges(recipe)

    def _ranges(self, recipe: quantizer.Quantizer) -> Ranges:
        """Measure the true smallest and largest values; the quantizer's own way averages, and so clips."""
        calibrator = Calibrator(
            self._tflite,
            num_threads=1,
            mode=CalibrationMode.CALIBRATION_PROFILER_BASED,
            qsv_update_func=qsv_utils.min_max_update,
        )
        manager = recipe_manager.RecipeManager()
        manager.load_quantization_recipe(recipe.get_quantization_recipe())
        calibrator.calibrate({SIGNATURE: list(self._samples)}, manager)
        return {name: _range(found) for name, found in calibrator.get_model_qsvs().items()}


def _rounded(recipe: quantizer.Quantizer, ranges: Ranges | None) -> bytes:
    # A copy, because the quantizer may write into what it is given.
    own = None if ranges is None else {name: dict(found) for name, found in ranges.items()}
    made = recipe.quantize(own, enable_progress_bar=False, enable_progress_report=False)
    return self_contained(bytes(made.quantized_model))


def _add_embeddings(recipe: quantizer.Quantizer, traits: Traits) -> None:
    for name in traits.embeddings:
        recipe.add_static_config(of_layer(name), "GATHER", 8, 8)


def _keep_scalings(recipe: quantizer.Quantizer, traits: Traits) -> None:
    """Leave the scaling of inputs, and the last step of a regression, in 32-bit floats."""
    for name in traits.scalings:
        recipe.update_quantization_recipe(of_layer(name), "*", None, _NAMES.NO_QUANTIZE)
    if traits.regression:
        recipe.update_quantization_recipe(_LAST, "*", None, _NAMES.NO_QUANTIZE)


def _keep_spectrograms(recipe: quantizer.Quantizer, traits: Traits) -> None:
    """Leave spectrograms in 32-bit floats: the power of sound spans more than ten powers of ten."""
    for name in traits.spectrograms:
        recipe.update_quantization_recipe(of_layer(name), "*", None, _NAMES.NO_QUANTIZE)


def _keep_chosen(recipe: quantizer.Quantizer, kept: Sequence[str]) -> None:
    """Leave some operators in 32-bit floats; last, because a later rule is stronger."""
    for pattern in kept:
        recipe.update_quantization_recipe(pattern, "*", None, _NAMES.NO_QUANTIZE)


def _range(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what was found of a tensor's values as the quantizer and the runtimes can take it.

    The quantizer stumbles over a range in a list of one where a constant, such as learned tokens, is joined
    to other values. Values that were zero for all samples, such as those of dead units, get the range from 0
    to 1: the step of a range without width is so small that the usual runtime refuses the file.
    """
    one = {name: np.reshape(value, ()) if np.size(value) == 1 else value for name, value in found.items()}
    if one.keys() >= {"min", "max"} and max(np.abs(one["min"]).max(), np.abs(one["max"]).max()) < _ZERO:
        return {**one, "max": np.ones_like(one["max"])}
    return one


def of_layer(name: str) -> str:
    """Return a pattern for the tensors of one layer; a call may append a number to its name.

    The model's own name, which comes first, may be the same.
    """
    return rf"/{re.escape(name)}(_\d+)?/"
