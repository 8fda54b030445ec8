"""Composites for images against their articles' sizes and against keras.applications."""

import keras
import numpy as np
import pytest
from composite_cases import (
    assert_same_after_reload,
    copy_layers,
    model_of,
    outputs,
    random_inputs,
    randomize,
    trainable_size,
)
from keras import layers

from builder.blocks.bottleneck_block import bottleneck_block
from builder.blocks.convolution_block import convolution_block
from builder.blocks.depthwise_separable_block import depthwise_separable_block
from builder.blocks.detection_head import detection_head
from builder.blocks.inception_block import inception_block
from builder.blocks.inverted_residual_block import inverted_residual_block
from builder.blocks.patch_embedding import patch_embedding
from builder.blocks.preactivation_block import preactivation_block
from builder.blocks.residual_block import residual_block
from builder.blocks.segmentation_head import segmentation_head
from builder.blocks.squeeze_and_excitation import squeeze_and_excitation
from builder.blocks.unet_stages import unet_down, unet_up
from builder.blocks.vgg_stage import vgg_stage
from builder.blocks.weightless import without_weights

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

VGG16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
RESNET50 = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
MOBILENET = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
# Expansion, channels, repetitions and first strides: table 2 of the article.
MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def vgg16(inputs):
    x = inputs
    for number, (filters, depth) in enumerate(VGG16, start=1):
        x = vgg_stage(x, filters, depth, name=f"stage_{number}")
    return x


def test_five_vgg_stages_are_vgg16() -> None:
    model = model_of(vgg16, (64, 96, 3))
    assert model.count_params() == 14_714_688
    known = keras.applications.VGG16(include_top=False, weights=None, input_shape=(64, 96, 3))
    known.set_weights(model.get_weights())
    inputs = random_inputs(model)
    np.testing.assert_array_equal(outputs(model, inputs)[0], outputs(known, inputs)[0])


def test_stacked_bottleneck_blocks_have_the_size_of_resnet50() -> None:
    def stages(inputs):
        x = inputs
        for stage, (filters, depth, strides) in enumerate(RESNET50):
            for number in range(depth):
                step = strides if number == 0 else 1
                x = bottleneck_block(x, filters, strides=step, name=f"stage_{stage}_{number}")
        return x

    model = model_of(stages, (56, 56, 64))
    # 25,557,032 in all, less the first convolution and its normalization, and the 1,000 classes.
    assert trainable_size(model) == 25_557_032 - 64 * (3 * 49 + 2) - 1000 * 2049
    assert model.output_shape == (None, 7, 7, 2048)


@pytest.mark.parametrize(
    ("source", "block", "filters", "strides"),
    [
        ("pool1_pool", "conv2_block1", 64, 1),
        ("conv2_block1_out", "conv2_block2", 64, 1),
        ("conv2_block3_out", "conv3_block1", 128, 2),
    ],
)
def test_a_bottleneck_block_is_that_of_resnet50(source, block, filters, strides) -> None:
    known = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(68, 68, 3))
    randomize(known)
    known = keras.Model(known.get_layer(source).output, known.get_layer(f"{block}_out").output)
    model = model_of(bottleneck_block, known.input_shape[1:], filters=filters, strides=strides, name="it")
    pairs = {}
    for part, number in (("1", "1"), ("2", "2"), ("3", "3")):
        pairs[f"{block}_{part}_conv"] = f"it_conv_{number}"
        pairs[f"{block}_{part}_conv+{block}_{part}_bn"] = f"it_norm_{number}"
    if source != "conv2_block1_out":
        pairs[f"{block}_0_conv"] = "it_shortcut"
        pairs[f"{block}_0_conv+{block}_0_bn"] = "it_shortcut_norm"
    copy_layers(known, model, pairs)
    inputs = random_inputs(model)
    np.testing.assert_allclose(outputs(model, inputs)[0], outputs(known, inputs)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("source", "block"), [("pool1_pool", "conv2_block1"), ("conv2_block1_out", "conv2_block2")]
)
def test_a_preactivation_block_is_that_of_resnet50v2(source, block) -> None:
    known = keras.applications.ResNet50V2(include_top=False, weights=None, input_shape=(64, 64, 3))
    randomize(known)
    known = keras.Model(known.get_layer(source).output, known.get_layer(f"{block}_out").output)
    model = model_of(preactivation_block, known.input_shape[1:], filters=64, bottleneck=True, name="it")
    pairs = {
        f"{block}_preact_bn": "it_norm_1",
        f"{block}_1_conv": "it_conv_1",
        f"{block}_1_bn": "it_norm_2",
        f"{block}_2_conv": "it_conv_2",
        f"{block}_2_bn": "it_norm_3",
        f"{block}_3_conv": "it_conv_3",
    }
    if block == "conv2_block1":
        pairs[f"{block}_0_conv"] = "it_shortcut"
    copy_layers(known, model, pairs)
    inputs = random_inputs(model)
    np.testing.assert_allclose(outputs(model, inputs)[0], outputs(known, inputs)[0], rtol=1e-4, atol=1e-5)


def test_the_first_inception_block_has_the_size_of_the_article() -> None:
    widths = {
        "filters_1": 64,
        "reduce_3": 96,
        "filters_3": 128,
        "reduce_5": 16,
        "filters_5": 32,
        "filters_pool": 32,
    }
    model = model_of(inception_block, (28, 28, 192), **widths)
    weights = 192 * 64 + 192 * 96 + 9 * 96 * 128 + 192 * 16 + 25 * 16 * 32 + 192 * 32
    assert model.count_params() == weights + sum(widths.values()) == 163_696
    assert model.output_shape == (None, 28, 28, 256)


def test_an_inception_block_computes_its_formula() -> None:
    model = model_of(inception_block, (5, 7, 3), name="it")
    (image,) = random_inputs(model)

    def conv(x, part):
        kernel, bias = model.get_layer(f"it_{part}_conv").get_weights()
        return keras.ops.relu(keras.ops.conv(x, kernel, padding="same") + bias)

    pooled = keras.ops.max_pool(image, 3, 1, "same")
    parts = [
        conv(image, "branch_1"),
        conv(conv(image, "reduce_3"), "branch_3"),
        conv(conv(image, "reduce_5"), "branch_5"),
        conv(pooled, "branch_pool"),
    ]
    expected = np.concatenate([np.asarray(part) for part in parts], axis=-1)
    np.testing.assert_allclose(outputs(model, [image])[0], expected, rtol=1e-5, atol=1e-6)


def test_stacked_depthwise_separable_blocks_have_the_size_of_mobilenet() -> None:
    def stages(inputs):
        x = inputs
        for number, (filters, strides) in enumerate(MOBILENET):
            x = depthwise_separable_block(x, filters, strides=strides, name=f"block_{number}")
        return x

    known = keras.applications.MobileNet(include_top=False, weights=None)
    model = model_of(stages, (112, 112, 32))
    assert model.count_params() == known.count_params() - 3 * 9 * 32 - 4 * 32 == 3_227_872


@pytest.mark.parametrize(
    ("source", "number", "filters", "strides"), [("conv1_relu", 1, 64, 1), ("conv_pw_1_relu", 2, 128, 2)]
)
def test_a_depthwise_separable_block_is_that_of_mobilenet(source, number, filters, strides) -> None:
    known = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(64, 64, 3))
    randomize(known)
    known = keras.Model(known.get_layer(source).output, known.get_layer(f"conv_pw_{number}_relu").output)
    model = model_of(
        depthwise_separable_block, known.input_shape[1:], filters=filters, strides=strides, name="it"
    )
    copy_layers(
        known,
        model,
        {
            f"conv_dw_{number}": "it_depthwise",
            f"conv_dw_{number}_bn": "it_depthwise_norm",
            f"conv_pw_{number}": "it_pointwise",
            f"conv_pw_{number}_bn": "it_pointwise_norm",
        },
    )
    inputs = random_inputs(model)
    np.testing.assert_allclose(outputs(model, inputs)[0], outputs(known, inputs)[0], rtol=1e-4, atol=1e-5)


def test_stacked_inverted_residual_blocks_have_the_size_of_mobilenetv2() -> None:
    def stages(inputs):
        x = inputs
        for stage, (expansion, filters, depth, strides) in enumerate(MOBILENET_V2):
            for number in range(depth):
                step = strides if number == 0 else 1
                name = f"stage_{stage}_{number}"
                x = inverted_residual_block(x, filters, strides=step, expansion=expansion, name=name)
        return x

    known = keras.applications.MobileNetV2(include_top=False, weights=None)
    model = model_of(stages, (112, 112, 32))
    around = 3 * 9 * 32 + 4 * 32 + 320 * 1280 + 4 * 1280
    assert model.count_params() == known.count_params() - around == 1_842_272


@pytest.mark.parametrize(
    ("source", "number", "strides"), [("expanded_conv_project_BN", 1, 2), ("block_1_project_BN", 2, 1)]
)
def test_an_inverted_residual_block_is_that_of_mobilenetv2(source, number, strides) -> None:
    known = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3))
    randomize(known)
    end = known.get_layer(f"block_{number}_project_BN" if strides == 2 else f"block_{number}_add")
    known = keras.Model(known.get_layer(source).output, end.output)
    model = model_of(inverted_residual_block, known.input_shape[1:], filters=24, strides=strides, name="it")
    names = {"expand": "expand", "depthwise": "depthwise", "project": "project"}
    pairs = {f"block_{number}_{part}": f"it_{part}" for part in names}
    pairs |= {f"block_{number}_{part}_BN": f"it_{part}_norm" for part in names}
    copy_layers(known, model, pairs)
    inputs = random_inputs(model)
    np.testing.assert_allclose(outputs(model, inputs)[0], outputs(known, inputs)[0], rtol=1e-4, atol=1e-5)


def test_squeeze_and_excitation_has_the_size_of_the_article() -> None:
    model = model_of(squeeze_and_excitation, (14, 14, 256))
    # Two matrices of C·C/16, as in equation 5, and the biases.
    assert model.count_params() == 2 * 256 * 256 // 16 + 256 // 16 + 256


def test_squeeze_and_excitation_is_that_of_efficientnet() -> None:
    known = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(64, 64, 3))
    randomize(known)
    known = keras.Model(
        known.get_layer("block2b_activation").output, known.get_layer("block2b_se_excite").output
    )
    channels = known.input_shape[-1]
    ratio = channels // known.get_layer("block2b_se_reduce").filters
    model = model_of(
        squeeze_and_excitation, known.input_shape[1:], ratio=ratio, activation="swish", name="it"
    )
    copy_layers(known, model, {"block2b_se_reduce": "it_reduce", "block2b_se_expand": "it_excite"})
    inputs = random_inputs(model)
    np.testing.assert_allclose(outputs(model, inputs)[0], outputs(known, inputs)[0], rtol=1e-5, atol=1e-6)


def unet(inputs, widths=(64, 128, 256, 512), classes=2, upsampling="transposed"):
    x, skips = inputs, []
    for level, filters in enumerate(widths):
        x, skip = unet_down(x, filters, name=f"down_{level}")
        skips.append(skip)
    x = convolution_block(x, 2 * widths[-1], normalization="none", pool="none", name="bottom_1")
    x = convolution_block(x, 2 * widths[-1], normalization="none", pool="none", name="bottom_2")
    for level, filters in reversed(list(enumerate(widths))):
        x = unet_up(x, skips[level], filters, upsampling=upsampling, name=f"up_{level}")
    return segmentation_head(x, classes) if len(inputs.shape) == 4 else x


def test_stacked_u_net_stages_have_the_size_of_the_article() -> None:
    inputs = keras.Input((64, 64, 1))
    with without_weights():
        model = keras.Model(inputs, unet(inputs))
    convolutions = [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    convolutions += [(512, 1024), (1024, 1024), (1024, 512), (512, 512), (512, 256), (256, 256), (256, 128)]
    convolutions += [(128, 128), (128, 64), (64, 64)]
    expected = sum(9 * before * after + after for before, after in convolutions)
    expected += sum(4 * 2 * width * width + width for width in (512, 256, 128, 64)) + 64 * 2 + 2
    assert sum(int(np.prod(weight.shape)) for weight in model.weights) == expected
    # 23 convolutional layers, as the article counts them.
    assert sum("Conv2D" in type(layer).__name__ for layer in model.layers) == 23


@pytest.mark.parametrize("upsampling", ["transposed", "nearest"])
@pytest.mark.parametrize("shape", [(37, 50, 3), (21, 2)])
def test_a_u_net_keeps_odd_sizes(shape, upsampling, tmp_path) -> None:
    inputs = keras.Input(shape)
    model = keras.Model(inputs, unet(inputs, (4, 6, 8), 5, upsampling))
    assert model.output_shape[1:-1] == shape[:-1]
    assert_same_after_reload(model, tmp_path)


def test_an_up_stage_pads_what_is_too_small() -> None:
    model = model_of(unet_up, (3, 4, 2), (7, 7, 3), filters=2, name="it")
    assert model.output_shape == (None, 7, 7, 2)
    padded = keras.Model(model.inputs, model.get_layer("it_pad").output)
    (result,) = outputs(padded, random_inputs(model))
    assert (result[:, 6] == 0).all() and (result[:, :6] != 0).any()


EVERY = [
    (residual_block, {"filters": 6, "strides": 2}),
    (bottleneck_block, {"filters": 3, "strides": 2}),
    (bottleneck_block, {"filters": 3, "expansion": 1, "kernel_size": 5}),
    (preactivation_block, {"filters": 3}),
    (preactivation_block, {"filters": 6, "strides": 2}),
    (preactivation_block, {"filters": 2, "strides": 3, "bottleneck": True}),
    (vgg_stage, {"filters": 4, "depth": 3, "normalization": "batch", "pool": "average"}),
    (inception_block, {"normalization": "batch"}),
    (depthwise_separable_block, {"filters": 5, "strides": 2}),
    (inverted_residual_block, {"filters": 3}),
    (inverted_residual_block, {"filters": 5, "strides": 2, "expansion": 1}),
    (squeeze_and_excitation, {"ratio": 2, "gate": "hard_sigmoid"}),
    (unet_down, {"filters": 4, "normalization": "batch", "dropout": 0.1}),
    (patch_embedding, {"features": 4, "patch_size": 4, "class_token": True}),
    (patch_embedding, {"features": 4, "patch_size": 4, "positions": False}),
]


@pytest.mark.parametrize("shape", [(9, 13, 3), (11, 3)], ids=["image", "sequence"])
@pytest.mark.parametrize(("function", "arguments"), EVERY, ids=[item[0].__name__ for item in EVERY])
def test_odd_images_and_sequences_pass_and_are_saved(function, arguments, shape, tmp_path) -> None:
    model = model_of(function, shape, **arguments)
    results = assert_same_after_reload(model, tmp_path)
    strides = arguments.get("strides", 1)
    if function.__name__.endswith("block"):
        assert results[0].shape[1:-1] == tuple(-(-size // strides) for size in shape[:-1])


def test_patch_embedding_has_the_size_of_vit_base() -> None:
    model = model_of(patch_embedding, (224, 224, 3), features=768, patch_size=16, class_token=True)
    assert model.output_shape == (None, 197, 768)
    assert model.count_params() == (16 * 16 * 3 + 1) * 768 + 768 + 197 * 768


def test_patch_embedding_is_that_of_keras_hub() -> None:
    vit_layers = pytest.importorskip("keras_hub.src.models.vit.vit_layers")
    model = model_of(patch_embedding, (32, 48, 3), features=8, patch_size=16, class_token=True, name="it")
    known = vit_layers.ViTPatchingAndEmbedding((32, 48), (16, 16), 8)
    (image,) = random_inputs(model)
    known(image)
    known.patch_embedding.set_weights(model.get_layer("it_patches").get_weights())
    known.class_token.assign(model.get_layer("it_class_token").get_weights()[0][None])
    known.position_embedding.set_weights(model.get_layer("it_positions").get_weights())
    np.testing.assert_allclose(outputs(model, [image])[0], np.asarray(known(image)), rtol=1e-5, atol=1e-6)


def test_patches_over_the_border_are_filled_up() -> None:
    model = model_of(patch_embedding, (10, 9, 1), features=2, patch_size=4)
    assert model.output_shape == (None, 9, 2)


def test_a_segmentation_head_gives_each_pixel_a_probability_a_class() -> None:
    model = model_of(segmentation_head, (5, 7, 4), units=3, upsampling=2)
    (result,) = outputs(model, random_inputs(model))
    assert result.shape == (2, 10, 14, 3)
    np.testing.assert_allclose(result.sum(-1), 1, rtol=1e-5)
    assert model.count_params() == 4 * 3 + 3


def test_padding_does_not_move_the_squeeze_of_a_sequence() -> None:
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(10, 4, mask_zero=True)(tokens)
    model = keras.Model(tokens, squeeze_and_excitation(x, ratio=2))
    randomize(model)
    short, long = np.array([[3, 4, 5, 0, 0, 0]]), np.array([[3, 4, 5]])
    whole = keras.Input((3,), dtype="int32")
    other = keras.Model(
        whole, squeeze_and_excitation(layers.Embedding(10, 4, mask_zero=True)(whole), ratio=2)
    )
    other.set_weights(model.get_weights())
    np.testing.assert_allclose(outputs(model, [short])[0][:, :3], outputs(other, [long])[0], rtol=1e-5)


def test_a_detection_head_gives_each_cell_scores_and_distances_near_a_tenth() -> None:
    inputs = keras.Input((6, 8, 4))
    model = keras.Model(inputs, detection_head(inputs, classes=3))
    output = np.asarray(model(np.zeros((2, 6, 8, 4), np.float32)))
    assert output.shape == (2, 6, 8, 7)
    assert output == pytest.approx(np.full_like(output, 0.1), abs=0.01)
    assert len(model_of(detection_head, (6, 8, 4), classes=3, filters=None).weights) == 2
