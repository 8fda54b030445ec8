"""Composites become TFLite files of built-in operations and compute the same there."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from composite_cases import model_of, outputs, random_inputs

from builder.blocks.bottleneck_fusion import bottleneck_fusion
from builder.blocks.image_gan import image_generator
from builder.blocks.next_sentence_head import next_sentence_head
from builder.blocks.patch_embedding import patch_embedding
from builder.blocks.recurrent_stack import recurrent_stack
from builder.blocks.rotary_attention import RotaryAttention
from builder.blocks.select_step import SelectStep
from builder.blocks.transformer_decoder import transformer_decoder
from builder.blocks.unet_stages import unet_up

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet, and its interpreter points to LiteRT's.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def rotary(inputs):
    return RotaryAttention(2, 4)(inputs, inputs, use_causal_mask=True)


def last_word(inputs):
    x = keras.layers.Masking()(inputs)
    return SelectStep(-1)(x)


CASES = {
    "last_word": (last_word, [(5, 8)], {}),
    "rotary": (rotary, [(5, 8)], {}),
    "decoder": (transformer_decoder, [(5, 8), (6, 8)], {"activation": "gelu"}),
    "bottleneck": (bottleneck_fusion, [(5, 8), (6, 4)], {"tokens": 2}),
    "patches": (patch_embedding, [(9, 7, 3)], {"features": 4, "patch_size": 4, "class_token": True}),
    "u_net": (unet_up, [(4, 5, 3), (7, 9, 2)], {"filters": 3}),
    "simple_rnn": (recurrent_stack, [(6, 3)], {"cell": "simple_rnn", "units": 4, "bidirectional": True}),
    "next_sentence": (next_sentence_head, [(5, 8)], {}),
    "generator": (image_generator, [(6,)], {"height": 11, "width": 9, "channels": 1, "filters": 4}),
}


def converted(model: keras.Model, folder: str) -> bytes:
    """Return a model as a TFLite file for one sample, with built-in operations only."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [
        tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, name=f"input_{place}")
        for place, tensor in enumerate(model.inputs)
    ]

    def serve(*tensors):
        result = model(list(tensors) if len(tensors) > 1 else tensors[0], training=False)
        results = result if isinstance(result, (list, tuple)) else [result]
        return {f"output_{place}": tensor for place, tensor in enumerate(results)}

    archive.add_endpoint("serve", serve, signature)
    archive.write_out(folder, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter.convert()


@pytest.mark.parametrize(("function", "shapes", "arguments"), CASES.values(), ids=CASES)
def test_a_composite_needs_no_flex(function, shapes, arguments, tmp_path) -> None:
    model = model_of(function, *shapes, **arguments)
    inputs = random_inputs(model, rows=1)
    runner = Interpreter(model_content=converted(model, str(tmp_path))).get_signature_runner()
    told = runner(**{f"input_{place}": array for place, array in enumerate(inputs)})
    for place, expected in enumerate(outputs(model, inputs)):
        np.testing.assert_allclose(told[f"output_{place}"], expected, rtol=1e-4, atol=1e-5)
