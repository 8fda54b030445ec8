"""A network of keras.applications as one block, with the weights that it was published with."""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from builder.blocks.base import Port, Setting, declare, plain_arguments
from builder.blocks.reverse_channels import ReverseChannels
from builder.params import Choice, Integer, Text

NO_WEIGHTS = "none"
KIND = "pretrained_backbone.v1"
ARCHITECTURES = tuple(name for name in dir(keras.applications) if name[0].isupper())


def pretrained_backbone(
    inputs,
    architecture,
    weights=None,
    trainable_layers=0,
    pooling="avg",
    name="pretrained_backbone",
):
    """Describe an image, scaled 0 to 1, by what a network of keras.applications sees in it.

    ``weights`` is None, "imagenet" or the path of a weights file; only the last ``trainable_layers``
    layers learn. ``pooling`` "none" gives the feature maps, "avg" and "max" a vector.

    Reference: Yosinski et al., How Transferable Are Features in Deep Neural Networks? (2014).
    """
    backbone = getattr(keras.applications, architecture)(
        include_top=False,
        weights=weights,
        input_shape=tuple(inputs.shape[1:]),
        pooling=None if pooling == "none" else pooling,
    )
    # Not an argument: EfficientNetV2 looks its own settings up by it.
    backbone.name = name
    for layer in backbone.layers[: max(0, len(backbone.layers) - trainable_layers)]:
        layer.trainable = False
    # Each family was trained on pixels in a scale of its own; some scale 0..255 themselves.
    if architecture in ("VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152"):
        x = ReverseChannels(name=f"{name}_bgr")(inputs)
        means = [-103.939, -116.779, -123.68] if inputs.shape[-1] == 3 else 0.0
        x = layers.Rescaling(255.0, means, name=f"{name}_scale")(x)
    elif architecture.startswith("DenseNet") and inputs.shape[-1] == 3:
        mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        offset = [-m / d for m, d in zip(mean, deviation, strict=True)]
        x = layers.Rescaling([1 / d for d in deviation], offset, name=f"{name}_scale")(inputs)
    elif architecture.startswith(("EfficientNet", "ConvNeXt", "MobileNetV3")):
        x = layers.Rescaling(255.0, name=f"{name}_scale")(inputs)
    else:
        x = layers.Rescaling(2.0, -1.0, name=f"{name}_scale")(inputs)
    return backbone(x)


def _arguments(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    arguments = plain_arguments(values)
    return {**arguments, "weights": None if values["weights"] == NO_WEIGHTS else values["weights"]}


BLOCKS = (
    declare(
        KIND,
        pretrained_backbone,
        sources=(ReverseChannels, pretrained_backbone),
        label="Pretrained backbone",
        category="Composite",
        summary="A whole published network, trained on a million photos, that describes your images. With "
        "its weights frozen, a small head on top learns from few examples.",
        formula="y = pool(network(scale(x)))",
        reference="Yosinski et al., How Transferable Are Features in Deep Neural Networks? (2014)",
        inputs=(Port("input", ("image",)),),
        arguments=_arguments,
        loaded_apart=("weights",),
        picture="convolution",
        settings={
            "architecture": Setting(
                Choice(ARCHITECTURES),
                "The published network. MobileNetV2 is small and quick; EfficientNetV2 sees more.",
                default="MobileNetV2",
                why="Small, quick and good enough for most first tries (Sandler et al., 2018).",
            ),
            "weights": Setting(
                Text(1000),
                "'imagenet' fetches the published weights from the internet; a path takes a weights file "
                "without its top; 'none' starts from random weights.",
                default=NO_WEIGHTS,
                why="Nothing is fetched from the internet unless you ask for it.",
            ),
            "trainable_layers": Setting(
                Integer(0, 2000),
                "How many of the network's last layers learn too. 0 keeps all of them as they are.",
            ),
            "pooling": Setting(
                Choice(("avg", "max", "none")),
                "How the feature maps become one vector; 'none' keeps the maps.",
            ),
        },
    ),
)
