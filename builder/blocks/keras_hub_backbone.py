"""A vision network of KerasHub as one block, with the weights that it was published with, and LoRA.

KerasHub is an optional dependency: it is imported when a block of this kind is built, and not before.
"""

# Generated scripts carry this source, and scripts that use Keras have no annotations.
# mypy: allow-untyped-defs

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from builder.blocks.base import Port, Setting, declare, plain_arguments
from builder.blocks.pretrained_backbone import NO_WEIGHTS
from builder.params import Choice, Integer, Text

KIND = "keras_hub_backbone.v1"
PUBLISHED = "imagenet"
_RESNET = {
    "input_conv_filters": [64],
    "input_conv_kernel_sizes": [7],
    "stackwise_num_filters": [64, 128, 256, 512],
    "stackwise_num_strides": [1, 2, 2, 2],
}
# Each under the name by which KerasHub publishes its weights: the class and what it is made with.
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "resnet_18_imagenet": (
        "ResNetBackbone",
        {**_RESNET, "stackwise_num_blocks": [2, 2, 2, 2], "block_type": "basic_block"},
    ),
    "resnet_50_imagenet": (
        "ResNetBackbone",
        {**_RESNET, "stackwise_num_blocks": [3, 4, 6, 3], "block_type": "bottleneck_block"},
    ),
    "vgg_11_imagenet": (
        "VGGBackbone",
        {"stackwise_num_repeats": [1, 1, 2, 2, 2], "stackwise_num_filters": [64, 128, 256, 512, 512]},
    ),
    "vit_base_patch16_224_imagenet": (
        "ViTBackbone",
        {"patch_size": 16, "num_layers": 12, "num_heads": 12, "hidden_dim": 768, "mlp_dim": 3072},
    ),
    "deit_tiny_distilled_patch16_224_imagenet": (
        "DeiTBackbone",
        {"patch_size": 16, "num_layers": 12, "num_heads": 3, "hidden_dim": 192, "intermediate_dim": 768},
    ),
}


def keras_hub_backbone(
    inputs,
    architecture,
    design,
    weights=None,
    trainable_layers=0,
    lora_rank=0,
    pooling="avg",
    name="keras_hub_backbone",
):
    """Describe an image, scaled 0 to 1, by what a network of KerasHub sees in it.

    ``architecture`` is a class of ``keras_hub.models``, ``design`` what it is made with. ``weights`` is None,
    a name that KerasHub publishes, or the path of a preset's folder or of a file with weights. Only the last
    ``trainable_layers`` layers learn; with a ``lora_rank``, small matrices beside the attention's queries
    and values. ``pooling`` "none" gives the maps or tokens, "avg" and "max" a vector.

    Reference: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (2021).
    """
    backbone = keras_hub_network(architecture, design, tuple(inputs.shape[1:]), weights)
    for layer in backbone.layers[: max(0, len(backbone.layers) - trainable_layers)]:
        layer.trainable = False
    if lora_rank:
        if hasattr(backbone, "enable_lora"):
            backbone.enable_lora(lora_rank)
        if not any("lora" in weight.name for weight in backbone.trainable_weights):
            raise ValueError(
                "LoRA adapts the attention of a Transformer, and KerasHub offers it for ViT and DeiT only. "
                "Choose one of these, or set lora_rank to 0."
            )
    backbone.name = name
    if architecture == "ViTBackbone":
        x = layers.Rescaling(2.0, -1.0, name=f"{name}_scale")(inputs)
    elif inputs.shape[-1] == 3:
        mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        offset = [-m / d for m, d in zip(mean, deviation, strict=True)]
        x = layers.Rescaling([1 / d for d in deviation], offset, name=f"{name}_scale")(inputs)
    else:
        x = inputs
    x = backbone(x)
    if pooling == "none":
        return x
    dimensions = "2D" if len(x.shape) == 4 else "1D"
    kind = {"avg": "GlobalAveragePooling", "max": "GlobalMaxPooling"}[pooling]
    return getattr(layers, f"{kind}{dimensions}")(name=f"{name}_pooling")(x)


def keras_hub_network(architecture, design, image_shape, weights=None):
    """Return a network of KerasHub for images of a shape, with its weights if they are named.

    Args:
        architecture: a class of ``keras_hub.models``.
        design: what the class is made with.
        image_shape: (height, width, channels).
        weights: None, a name that KerasHub publishes, or a path.

    Raises:
        ImportError: where KerasHub is not installed.
    """
    import os

    try:
        import keras_hub
    except ImportError as error:
        message = "This block needs KerasHub, which is not installed here. Install it: pip install keras-hub"
        raise ImportError(message) from error
    make = getattr(keras_hub.models, architecture)
    if weights is not None and os.sep not in weights and not os.path.exists(weights):
        backbone = make.from_preset(weights, image_shape=image_shape)
    else:
        backbone = make(image_shape=image_shape, **design)
        if weights is not None:
            # Of a preset's folder only the weights are read: what else is in it could ask for any class.
            inside = os.path.join(weights, "model.weights.h5")
            backbone.load_weights(inside if os.path.isdir(weights) else weights)
    if all(type(layer).__module__.startswith("keras.") for layer in backbone.layers):
        # Without the class around it, so that a saved model opens without KerasHub.
        return keras.Model(backbone.input, backbone.output)
    return backbone


def published_name(values: Mapping[str, Any]) -> str | None:
    """Return the weights that a block's values ask for: a published name, a path, or None."""
    if values["weights"] == NO_WEIGHTS:
        return None
    return str(values["architecture"] if values["weights"] == PUBLISHED else values["weights"])


def _arguments(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    arguments = plain_arguments(values)
    architecture, design = ARCHITECTURES[arguments.pop("architecture")]
    weights = published_name(values)
    return {"architecture": architecture, "design": design, **arguments, "weights": weights}


BLOCKS = (
    declare(
        KIND,
        keras_hub_backbone,
        sources=(keras_hub_network, keras_hub_backbone),
        label="KerasHub backbone",
        category="Composite",
        summary="A published vision network of KerasHub, Transformers among them. With its weights frozen, "
        "or with LoRA, a small head on top learns from few examples. Needs the package keras-hub.",
        formula="y = pool(network(scale(x)))",
        reference="Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (2021)",
        inputs=(Port("input", ("image",)),),
        arguments=_arguments,
        loaded_apart=("weights",),
        picture="convolution",
        settings={
            "architecture": Setting(
                Choice(tuple(ARCHITECTURES)),
                "The published network. ResNet and VGG take any size; the weights of ViT and DeiT are for "
                "images of 224 by 224.",
                default="resnet_18_imagenet",
                why="The smallest residual network: quick to try (He et al., 2015).",
            ),
            "weights": Setting(
                Text(1000),
                "'imagenet' fetches the published weights from the internet; a path takes a folder that "
                "KerasHub saved with save_to_preset, a .weights.h5 or a .keras file of the same network; "
                "'none' starts from random weights.",
                default=NO_WEIGHTS,
                why="Nothing is fetched from the internet unless you ask for it.",
            ),
            "trainable_layers": Setting(
                Integer(0, 2000),
                "How many of the network's last layers learn too. 0 keeps all of them as they are. With LoRA "
                "this does not count.",
            ),
            "lora_rank": Setting(
                Integer(0, 256),
                "Let a Transformer learn by small matrices of this rank beside its queries and values, while "
                "all else stays as it is. 4 to 16 are usual; 0 means without.",
                label="LoRA rank",
                advanced=True,
            ),
            "pooling": Setting(
                Choice(("avg", "max", "none")),
                "How the feature maps or tokens become one vector; 'none' keeps them.",
            ),
        },
    ),
)
