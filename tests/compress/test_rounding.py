"""Training for 8 bits: the converter makes of the rounded model what was trained, in integers throughout."""

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from builder.compress.quantization_aware import ranges_of, rounded_model
from builder.errors import BuilderError
from builder.export.trained_int8 import trained_int8
from builder.outputs import output_activation

layers = keras.layers


def picture_model():
    """Folded normalizations, convolutions of every kind, a sum, an average and a sigmoid at the end."""
    keras.utils.set_random_seed(1)
    image = keras.Input((12, 12, 3), name="image")
    x = layers.Rescaling(1 / 255, name="scale")(image)
    x = layers.Conv2D(8, 3, padding="same", name="first")(x)
    x = layers.BatchNormalization(name="first_norm")(x)
    x = shortcut = layers.Activation("relu", name="first_activation")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    x = layers.BatchNormalization(name="depthwise_norm")(x)
    x = layers.ReLU(6.0, name="depthwise_activation")(x)
    x = layers.Conv2D(8, 1, name="second")(x)
    x = layers.Add(name="sum")([layers.BatchNormalization(name="second_norm")(x), shortcut])
    x = layers.GlobalAveragePooling2D(name="mean")(layers.MaxPooling2D(name="pool")(x))
    x = layers.Conv1D(4, 3, activation="relu", name="along")(layers.Reshape((8, 1), name="row")(x))
    x = layers.Dense(8, activation="relu", name="dense")(layers.Flatten(name="flatten")(x))
    return keras.Model(image, layers.Dense(3, activation="softmax", name="head")(x))


def nested_model():
    """The same network, most of which is a model inside, as a pretrained one is; its places are padded."""
    image = keras.Input((12, 12, 3), name="image")
    maps = keras.Input((12, 12, 8), name="maps")
    x = layers.BatchNormalization(name="inner_norm")(layers.Conv2D(8, 3, use_bias=False, name="inner")(maps))
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name="inner_pad")(layers.ReLU(6.0, name="inner_relu")(x))
    x = layers.DepthwiseConv2D(3, strides=2, name="inner_depthwise")(x)
    inside = keras.Model(maps, layers.Conv2D(8, 1, name="inner_last")(x), name="inside")
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="first")(layers.Rescaling(1 / 255)(image))
    x = layers.Add(name="sum")(
        [inside(x), layers.MaxPooling2D(2, name="half")(layers.Conv2D(8, 3, name="side")(x))]
    )
    return keras.Model(image, layers.Dense(3, "softmax", name="head")(layers.GlobalAveragePooling2D()(x)))


def pictures():
    return np.random.default_rng(1).integers(0, 255, (32, 12, 12, 3)).astype(np.float32)


@pytest.mark.parametrize("make", [picture_model, nested_model])
def test_the_int8_file_answers_as_the_trained_rounded_model_does(make):
    model, data = make(), pictures()
    rounded, left = rounded_model(model, 0.9)
    assert not left and output_activation(rounded) == "softmax"
    for _ in range(3):
        rounded(data, training=True)
    content = trained_int8(model, ranges_of(rounded))
    interpreter = Interpreter(model_content=content, num_threads=1)
    run = interpreter.get_signature_runner()
    found = np.concatenate([next(iter(run(image=one[None]).values())) for one in data])
    # One step of the 256 of a chance, and one of what led to it.
    np.testing.assert_allclose(found, np.asarray(rounded(data, training=False)), atol=2.5 / 256)
    types = {item["index"]: item["dtype"] for item in interpreter.get_tensor_details()}
    working = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "MEAN"}
    operators = [item for item in interpreter._get_ops_details() if item["op_name"] in working]
    assert {item["op_name"] for item in operators} == working
    assert all(types[item["outputs"][0]] == np.int8 for item in operators)
    [kernel] = (item["inputs"][1] for item in operators if item["op_name"] == "DEPTHWISE_CONV_2D")
    [scales] = (
        item["quantization_parameters"]["scales"]
        for item in interpreter.get_tensor_details()
        if item["index"] == kernel
    )
    assert len(set(scales)) == 8, "one grid a channel"


def test_the_rounded_model_shares_its_weights_and_is_near():
    model, data = picture_model(), pictures()
    rounded, _ = rounded_model(model, 0.9)
    for _ in range(3):
        rounded(data, training=True)
    near = np.abs(np.asarray(rounded(data, training=False)) - np.asarray(model(data, training=False))).max()
    assert 0 < near < 0.05
    model.get_layer("dense").kernel.assign(model.get_layer("dense").kernel * 0)
    assert np.ptp(np.asarray(rounded(data, training=False)), axis=0).max() == 0


def normalized(tensor):
    """Normalize by statistics that are far from those of the data."""
    means, variances = (keras.initializers.RandomUniform(low, low + 1, seed=2) for low in (-0.5, 0.5))
    return layers.BatchNormalization(moving_mean_initializer=means, moving_variance_initializer=variances)(
        tensor
    )


def model_read_twice():
    image = keras.Input((12, 12, 3), name="image")
    x = layers.Conv2D(8, 3)(layers.Rescaling(1 / 255)(image))
    x = layers.GlobalAveragePooling2D()(layers.Add()([normalized(x), layers.ReLU()(x)]))
    return keras.Model(image, layers.Dense(3)(x))


def model_of_two_answers():
    image = keras.Input((12, 12, 3), name="image")
    x = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(image))
    # Some of the first answer is below zero, which is cut off on the way to the second alone.
    first = layers.Dense(4, bias_initializer="random_normal", name="first")(layers.Dense(8)(x))
    return keras.Model(image, [first, layers.Dense(2, name="second")(layers.ReLU()(first))])


def model_that_multiplies_channels():
    image = keras.Input((12, 12, 3), name="image")
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)(layers.Rescaling(1 / 255)(image))
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(normalized(x))))


def model_of_masked_words():
    tokens = keras.Input((12,), dtype="int32", name="tokens")
    x = layers.Dense(8, activation="relu")(layers.Embedding(256, 8, mask_zero=True)(tokens))
    return keras.Model(tokens, layers.Dense(3)(layers.LSTM(8)(x)))


@pytest.mark.parametrize(
    "make", [model_read_twice, model_of_two_answers, model_that_multiplies_channels, model_of_masked_words]
)
def test_unusual_models_answer_nearly_the_same_and_are_left_alone(make):
    keras.utils.set_random_seed(3)
    model, data = make(), pictures()
    if make is model_of_masked_words:
        data = data[:, :, 0, 0].astype("int32")
        data[:, 8:] = 0
    before = [np.asarray(answer) for answer in keras.tree.flatten(model(data))]
    rounded, _ = rounded_model(model, 0.9)
    for _ in range(3):
        rounded(data, training=True)
    for plain, near in zip(before, keras.tree.flatten(rounded(data)), strict=True):
        assert np.abs(np.asarray(near) - plain).max() < 0.03 * np.abs(plain).max()
    for plain, after in zip(before, keras.tree.flatten(model(data)), strict=True):
        assert np.array_equal(np.asarray(after), plain)


def test_layers_that_stay_in_floats_are_named_and_a_model_of_them_alone_is_refused():
    tokens = keras.Input((5,), name="text")
    x = layers.LSTM(4, name="lstm")(layers.Embedding(10, 4, name="words")(tokens))
    _, left = rounded_model(keras.Model(tokens, layers.Dense(2, name="head")(x)), 0.9)
    assert set(left) == {"words", "lstm"} and "LSTM stay in floats" in left["lstm"]
    with pytest.raises(BuilderError, match="no dense or convolutional layer"):
        rounded_model(keras.Model(tokens, x), 0.9)
