"""The presets as analyses and Keras models, and what TensorFlow's own profiler counts in a model."""

from __future__ import annotations

import math
from functools import cache as kept
from pathlib import Path

import keras
import tensorflow as tf

from builder.compiler import build, sound_analysis
from builder.compiler.analysis import Analysis
from builder.compiler.figures.layers import LayerFigures
from builder.data.prepare import prepare
from builder.project import Project, load_preset

PRESETS = ("images/cnn", "images/resnet", "tabular/mlp_classification", "text/lstm", "text/transformer")


@kept
def preset(name: str, cache: Path) -> tuple[Project, Analysis, keras.Model]:
    """Return a preset on its real sample: the project, its analysis, the built model."""
    project = load_preset(name)
    spec = prepare(project.data, cache).spec
    return project, sound_analysis(project, spec), build(project, spec)


def layers_of(analysis: Analysis) -> list[LayerFigures]:
    """Return the figures of every layer of an analysis."""
    return [layer for outcome in analysis.outcomes.values() for layer in outcome.layers]


def profiled_flops(model: keras.Model) -> int:
    """Return the operations that TensorFlow's profiler counts for one sample.

    The profiler counts a loop's body once, so recurrent layers are unrolled for it; it leaves Einsum out,
    which is added here.
    """
    plain = keras.models.clone_model(model, clone_function=_unrolled)
    inputs = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in plain.inputs]
    function = tf.function(lambda *given: plain(list(given) if len(given) > 1 else given[0], training=False))
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    graph = function.get_concrete_function(*inputs).graph
    profile = tf.compat.v1.profiler.profile(graph, options=options)
    return int(profile.total_float_ops) + sum(map(_einsum, graph.get_operations()))


def _einsum(operation: tf.Operation) -> int:
    if operation.type != "Einsum":
        return 0
    terms = operation.get_attr("equation").decode().split("->")[0].split(",")
    sizes = {
        letter: size
        for term, tensor in zip(terms, operation.inputs, strict=True)
        for letter, size in zip(term, tensor.shape, strict=True)
    }
    return 2 * math.prod(sizes.values())


def _unrolled(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    if isinstance(layer, keras.layers.RNN):
        config |= {"unroll": True, "dropout": 0.0, "recurrent_dropout": 0.0}
    return type(layer).from_config(config)
