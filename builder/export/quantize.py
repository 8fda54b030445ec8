"""Quantized TFLite models from a float32 one: float16 weights, dynamic range, int8."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Traits:
    """What the recipes have to know about a model.

    ``embeddings``, ``scalings`` and ``spectrograms`` are names of layers; a ``recurrent`` model runs a loop.
    ``kept`` holds patterns of the tensors whose operators stay float because a person wants it.
    """

    embeddings: tuple[str, ...]
    scalings: tuple[str, ...]
    spectrograms: tuple[str, ...]
    recurrent: bool
    regression: bool
    kept: tuple[str, ...] = ()


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


def float16(tflite: bytes, traits: Traits, samples: Samples) -> bytes:
    """Return the model with weights in 16-bit floats; embedding tables in 8 bits.

    Scalings and the last step of a regression keep 32 bits: 16 bits end at 65504, which prices,
    populations and the like exceed.
    """
    recipe = quantizer.Quantizer(bytearray(tflite))
    recipe.add_weight_only_config(".*", "*", 16, algorithm_key=_NAMES.FLOAT_CASTING)
    _keep_scalings(recipe, traits)
    _keep_spectrograms(recipe, traits)
    return _finish(recipe, tflite, traits, samples)


def dynamic_range(tflite: bytes, traits: Traits, samples: Samples) -> bytes:
    """Return the model with 8-bit weights, its activations rounded at run time."""
    recipe = quantizer.Quantizer(bytearray(tflite))
    recipe.add_dynamic_config(".*", "*", 8)
    _keep_spectrograms(recipe, traits)
    return _finish(recipe, tflite, traits, samples)


def int8(tflite: bytes, traits: Traits, samples: Samples) -> bytes:
    """Return the model with 8-bit weights and activations, and float inputs and outputs.

    The loop of a recurrent layer cannot run on 8-bit activations: its weights are in 8 bits and its
    arithmetic in floats (see ``MIXED_LABEL``). Scaling of inputs stays float, because columns of very
    different ranges would be rounded to one grid; so do spectrograms, and the last step of a
    regression, because 255 levels are too few for its answer.

    Args:
        tflite: the float32 model.
        traits: from ``traits_of``.
        samples: training samples by input name, each with a batch axis of 1. Their smallest and
            largest activations become the 8-bit ranges.
    """
    recipe = quantizer.Quantizer(bytearray(tflite))
    recipe.add_static_config(".*", "*", 8, 8)
    if traits.recurrent:
        recipe.update_quantization_recipe(_LOOP, "*", None, _NAMES.NO_QUANTIZE)
        recipe.add_dynamic_config(_LOOP, "FULLY_CONNECTED", 8)
    _keep_scalings(recipe, traits)
    _keep_spectrograms(recipe, traits)
    if traits.regression:
        recipe.add_dynamic_config(_LAST, "FULLY_CONNECTED", 8)
    _keep_chosen(recipe, traits)
    for end in ("INPUT", "OUTPUT"):
        recipe.update_quantization_recipe(".*", end, None, _NAMES.NO_QUANTIZE)
    return _calibrated(recipe, tflite, samples)


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


def _keep_chosen(recipe: quantizer.Quantizer, traits: Traits) -> None:
    """Leave what a person wants in 32-bit floats; last, because a later rule is stronger."""
    for pattern in traits.kept:
        recipe.update_quantization_recipe(pattern, "*", None, _NAMES.NO_QUANTIZE)


def _finish(recipe: quantizer.Quantizer, tflite: bytes, traits: Traits, samples: Samples) -> bytes:
    # An embedding is a GATHER, which only static recipes shrink; it is most of a small text model.
    for name in traits.embeddings:
        recipe.add_static_config(of_layer(name), "GATHER", 8, 8)
    _keep_chosen(recipe, traits)
    if traits.embeddings:
        return _calibrated(recipe, tflite, samples)
    return self_contained(bytes(recipe.quantize().quantized_model))


def _calibrated(recipe: quantizer.Quantizer, tflite: bytes, samples: Samples) -> bytes:
    """Quantize with the true smallest and largest values; the default averages and so clips them."""
    calibrator = Calibrator(
        tflite,
        num_threads=1,
        mode=CalibrationMode.CALIBRATION_PROFILER_BASED,
        qsv_update_func=qsv_utils.min_max_update,
    )
    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(recipe.get_quantization_recipe())
    calibrator.calibrate({SIGNATURE: list(samples)}, manager)
    ranges = {name: _range(found) for name, found in calibrator.get_model_qsvs().items()}
    return self_contained(bytes(recipe.quantize(ranges).quantized_model))


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
    """Return a pattern for the tensors of one layer; a call may append a number to its name."""
    return rf"(^|[/;]){re.escape(name)}(_\d+)?/"
