"""A block from a Keras layer's own signature.

A family gives what a signature cannot say: the words, the ports and the few settings that only one
layer has. Argument names that layers share are explained in ``arguments``; what is left takes its type
from its default and its help from the layer's documentation.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from keras import layers

from builder.blocks.arguments import BY_AXES, DTYPE, SHARED
from builder.blocks.base import Block, Port, Setting, declare
from builder.params import Boolean, Float, Integer, IntegerList, Optional, ParameterType

# Not settings of a block: what the node itself says, what Keras does not save, and arrays of weights.
NOT_SETTINGS = {
    "name": "the block's own name",
    "kwargs": "the arguments of every layer",
    "weights": "arrays: weights are loaded from a saved model",
    "use_cudnn": "decided by Keras and not saved",
    "quantization_config": "set when a trained model is compressed",
    "gptq_unpacked_column_size": "set when a trained model is compressed",
    "dtype": "added to every layer",
    "backward_layer": "the layer that runs forward, turned around",
}
FLOW_BY_AXES = {1: "sequence", 2: "image", 3: "volume"}


def axes_of(layer: type) -> int:
    """Return the number of axes that a layer's windows have, told by its name; 0 where it has none."""
    found = re.search(r"([123])D", layer.__name__)
    return int(found.group(1)) if found else 0


def kind_of(layer: type) -> str:
    """Return the saved kind for a layer, such as "conv2d_transpose.v1" for Conv2DTranspose."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", layer.__name__)
    return words.lower() + ".v1"


def label_of(layer: type) -> str:
    """Return a layer's name in words: Keras's own name where it names axes, else words."""
    if axes_of(layer):
        return layer.__name__
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+", layer.__name__)
    return " ".join([words[0], *(word if word.isupper() else word.lower() for word in words[1:])])


def primitive(
    layer: type,
    *,
    category: str,
    summary: str,
    formula: str,
    inputs: tuple[Port, ...] | None = None,
    settings: Mapping[str, Setting] | None = None,
    kind: str = "",
    label: str = "",
    reference: str = "",
    **facts: Any,
) -> Block:
    """Return the block that stands for a Keras layer, with a parameter for each constructor argument.

    Args:
        layer: the layer's class.
        inputs: its ports; by default one that takes the flow of the layer's number of axes.
        settings: what only this layer has, or says differently: by argument name, in front of the shared
            explanations. Names that the signature does not have are added at the end.
        kind, label, reference: derived from the class where they are not given.
        facts: the other fields of ``Block``.
    """
    given = dict(settings or {})
    block = declare(
        kind or kind_of(layer),
        layer,
        label=label or label_of(layer),
        category=category,
        summary=summary,
        formula=formula,
        reference=reference or f"Keras documentation, keras.layers.{_public_name(layer)}",
        inputs=inputs or (Port("input", (FLOW_BY_AXES[axes_of(layer)],)),),
        settings=dict(_settings(layer, given)),
        **facts,
    )
    return replace(block, path=f"layers.{_public_name(layer)}")


def _public_name(layer: type) -> str:
    """Return the name under which Keras offers a layer, which is not always the class's own."""
    if hasattr(layers, layer.__name__):
        return layer.__name__
    return next(name for name, item in vars(layers).items() if item is layer)


def _settings(layer: type, given: dict[str, Setting]) -> Iterator[tuple[str, Setting]]:
    parameters = inspect.signature(layer).parameters
    for name, parameter in parameters.items():
        if name not in NOT_SETTINGS:
            setting = given.pop(name, None) or _shared(layer, name) or _from_default(layer, name, parameter)
            yield name, _fitted(setting, parameter.default)
    yield from given.items()
    yield "dtype", replace(DTYPE, type=Optional(DTYPE.type))  # type: ignore[arg-type]


def _shared(layer: type, name: str) -> Setting | None:
    axes = axes_of(layer)
    return BY_AXES[name](axes) if axes and name in BY_AXES else SHARED.get(name)


def _fitted(setting: Setting, default: Any) -> Setting:
    """Return the setting with the signature's default where it has none, in the type's own form."""
    if (
        default is None
        and not isinstance(setting.type, Optional)
        and setting.default is inspect.Parameter.empty
    ):
        setting = replace(setting, type=Optional(setting.type))  # type: ignore[arg-type]
    kind = setting.type
    is_spread = isinstance(kind, IntegerList) and kind.minimum_length == kind.maximum_length
    if isinstance(kind, IntegerList) and is_spread and isinstance(default, int):
        if setting.default is inspect.Parameter.empty:
            setting = replace(setting, default=(default,) * kind.minimum_length)
    if setting.default is inspect.Parameter.empty and default is inspect.Parameter.empty:
        raise TypeError("A required argument needs a setting with a default.")
    return setting


def _from_default(layer: type, name: str, parameter: inspect.Parameter) -> Setting:
    types: dict[type, ParameterType] = {bool: Boolean(), float: Float(), int: Integer(0)}
    kind = types.get(type(parameter.default))
    help_text = documented(layer, name)
    if kind is None or not help_text:
        raise TypeError(f"{layer.__name__}.{name} needs a setting: its signature does not say enough.")
    return Setting(kind, help_text, advanced=True)


def documented(layer: type, name: str) -> str:
    """Return the first sentence that a layer's documentation has about an argument, or ""."""
    found = re.search(
        rf"^ +{name}: (.+?)(?=\n +\w+: |\n\n|\Z)", layer.__doc__ or "", re.DOTALL | re.MULTILINE
    )
    if not found:
        return ""
    text = re.sub(r"\s+", " ", found.group(1)).replace("`", "")
    text = re.sub(r"^(Boolean|Float|Integer|String|bool|float|int)[,.:]? (value\.? )?", "", text.strip())
    sentence = re.split(r"(?<=[a-z)])\. ", text)[0].rstrip(".")
    return sentence[0].upper() + sentence[1:] + "."
