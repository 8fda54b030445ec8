"""A model that writes, exported as one step: a token and what was kept in, the next token's scores out.

A step costs the layers over the new token alone; what attention and recurrent layers have seen goes in and
out as plain arrays, which the client hands back.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from builder.data.spec import DataSpec, written_input
from builder.errors import stop
from builder.explain.decoding.cached_steps import CachedSteps
from builder.explain.decoding.layer_steps import CannotStep
from builder.export.tflite import builtin_converter

BEGIN, STEP = "begin", "step"
OUTPUT, TOKEN, POSITION = "output", "token", "position"
# What a signature's arrays are called: kept from the fixed inputs, or from step to step.
_FIXED, _STATE = "fixed", "state"


def decoding_step(model: keras.Model, spec: DataSpec) -> bytes:
    """Return a TFLite file with the signature ``step``, and ``begin`` where the model also reads.

    - ``begin`` takes the inputs that are read (``tokens``) and gives all arrays that ``step`` wants kept.
      Without it they begin as zeros.
    - ``step`` takes ``token`` (1, 1), ``position`` (), which counts from 0, and the kept arrays ``fixed_…``
      and ``state_…``. It gives ``output`` (1, vocabulary) and the next ``state_…``.

    Reference: Shazeer, Fast Transformer Decoding (2019), section 2.4.

    Args:
        model: the trained model, whose inputs are numeric.
        spec: the data's description, of a language model or of pairs of texts.

    Raises:
        BuilderError: where a layer of the model needs all steps at once.
    """
    try:
        steps = CachedSteps(model, written_input(spec))
    except CannotStep as error:
        message = (
            "This model cannot write step by step: one of its layers looks at all steps at once. The other "
            "formats hold the whole model, which can be asked again for every token."
        )
        raise stop("no_decoding_step", message) from error
    archive = keras.export.ExportArchive()
    archive.track(model)
    signatures = _signatures(model, steps, written_input(spec))
    for name, function in signatures.items():
        archive.add_endpoint(name, function)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        return builtin_converter(Path(folder), list(signatures)).convert()


def _signatures(model: keras.Model, steps: CachedSteps, written: str) -> dict[str, Any]:
    read = {
        tensor.name: tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, name=tensor.name)
        for tensor in model.inputs
        if tensor.name != written
    }

    @tf.function(input_signature=[read], autograph=False)
    def begin(inputs: dict[str, Any]) -> dict[str, Any]:
        known = steps.prepared(inputs)
        return {**_flat(_FIXED, known), **_flat(_STATE, steps.initial(1, known))}

    kept = {
        name: tf.TensorSpec(spec.shape, spec.dtype, name=name)
        for name, spec in begin.get_concrete_function().structured_outputs.items()
    }
    taken = {TOKEN: tf.TensorSpec((1, 1), tf.int32, TOKEN), POSITION: tf.TensorSpec((), tf.int32, POSITION)}

    @tf.function(input_signature=[{**taken, **kept}], autograph=False)
    def step(inputs: dict[str, Any]) -> dict[str, Any]:
        known, state = (_nested(part, inputs) for part in (_FIXED, _STATE))
        names = steps.names
        output, following = steps.advanced(
            inputs[TOKEN],
            {name: known.get(name, {}) for name in names},
            {name: state.get(name, {}) for name in names},
            inputs[POSITION],
        )
        return {OUTPUT: output, **_flat(_STATE, following)}

    return {BEGIN: begin, STEP: step} if read else {STEP: step}


def _flat(part: str, nested: dict[str, dict[str, Any]]) -> dict[str, Any]:
    # Without a copy, what only passes through would be an input and an output at once.
    return {
        f"{part}_{name}_{key}": tf.identity(value)
        for name, own in nested.items()
        for key, value in own.items()
    }


def _nested(part: str, flat: dict[str, Any]) -> dict[str, dict[str, Any]]:
    nested: dict[str, dict[str, Any]] = {}
    for label, value in flat.items():
        if label.startswith(f"{part}_"):
            _, name, key = label.split("_", 2)
            nested.setdefault(name, {})[key] = value
    return nested
