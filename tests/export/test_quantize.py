"""What is rounded to 8 bits still runs, whatever the samples were."""

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from small_models import small

from builder.blocks.learned_tokens import LearnedTokens
from builder.export import quantize
from builder.export.tflite import float32


# The calibrator looks at every tensor, as it must.
@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`:UserWarning")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_layer_that_answers_zero_to_every_sample_runs_in_8_bits() -> None:
    rows = small("cnn")[2].indices["train"][:20]
    pictures = np.asarray(small("cnn")[2].arrays["image"][rows], np.float32)
    inputs = keras.Input(pictures.shape[1:], name="image")
    dead = keras.layers.Dense(4, "relu", bias_initializer=keras.initializers.Constant(-1e6))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(inputs))
    model = keras.Model({"image": inputs}, keras.layers.Dense(3)(dead(x)))
    content = float32(model)
    traits = quantize.traits_of(model, content, regression=False)
    rounded = quantize.Rounder(content, traits, [{"image": picture[None]} for picture in pictures]).int8()
    run = Interpreter(model_content=rounded).get_signature_runner()
    (answer,) = run(image=pictures[:1]).values()
    assert np.allclose(answer, model({"image": pictures[:1]}), atol=0.01)


@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`:UserWarning")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_learned_tokens_joined_to_a_sequence_are_rounded_to_8_bits() -> None:
    steps = np.random.default_rng(1).random((20, 1, 6, 8), np.float32)
    inputs = keras.Input((6, 8), name="steps")
    joined = keras.layers.Concatenate(axis=1)([LearnedTokens(4)(inputs), inputs])
    model = keras.Model({"steps": inputs}, keras.layers.Dense(3)(joined))
    content = float32(model)
    traits = quantize.traits_of(model, content, regression=False)
    rounded = quantize.Rounder(content, traits, [{"steps": sample} for sample in steps]).int8()
    (answer,) = Interpreter(model_content=rounded).get_signature_runner()(steps=steps[0]).values()
    assert np.allclose(answer, model({"steps": steps[0]}), atol=0.05)


@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`:UserWarning")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_named_like_its_embedding_runs_with_nothing_but_the_embedding_in_8_bits() -> None:
    words = np.random.default_rng(1).integers(0, 50, size=(5, 1, 6)).astype("int32")
    inputs = keras.layers.Input((6,), dtype="int32", name="text")
    x = keras.layers.GRU(4)(keras.layers.Embedding(50, 8, name="words")(inputs))
    model = keras.Model({"text": inputs}, keras.layers.Dense(3)(x), name="words")
    content = float32(model)
    traits = quantize.traits_of(model, content, regression=False)
    rounded = quantize.Rounder(content, traits, [{"text": sample} for sample in words]).float16()
    (answer,) = Interpreter(model_content=rounded).get_signature_runner()(text=words[0]).values()
    assert np.allclose(answer, model({"text": words[0]}), atol=0.05)
