"""Composites for sequences against keras_hub, their articles' sizes, and their promise about padding."""

import keras
import keras_hub
import numpy as np
import pytest
from composite_cases import RANDOM, assert_same_after_reload, model_of, outputs, random_inputs, randomize
from keras import layers

from builder.blocks.attention_block import attention_block
from builder.blocks.bottleneck_fusion import bottleneck_fusion
from builder.blocks.cross_modal_attention import cross_modal_attention
from builder.blocks.feed_forward import feed_forward
from builder.blocks.language_model_heads import language_model_head, masked_language_model_head
from builder.blocks.learned_tokens import LearnedTokens
from builder.blocks.next_sentence_head import next_sentence_head
from builder.blocks.recurrent_stack import recurrent_stack
from builder.blocks.rotary_attention import RotaryAttention
from builder.blocks.rotary_positional_encoding import RotaryPositionalEncoding
from builder.blocks.select_step import SelectStep
from builder.blocks.sinusoidal_positional_encoding import SinusoidalPositionalEncoding
from builder.blocks.step_slice import StepSlice
from builder.blocks.token_and_position_embedding import token_and_position_embedding
from builder.blocks.token_classification_head import token_classification_head
from builder.blocks.transformer_decoder import transformer_decoder
from builder.blocks.transformer_encoder import transformer_encoder
from builder.blocks.weightless import without_weights
from builder.compiler.symbolic import has_mask

# TensorFlow's own arrays do not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def size_of(function, shape, **arguments) -> int:
    """Return the number of weights that a composite makes, without making them."""
    inputs = keras.Input(shape, dtype="int32" if len(shape) == 1 else "float32")
    with without_weights():
        model = keras.Model(inputs, function(inputs, **arguments))
    return sum(int(np.prod(weight.shape)) for weight in model.weights)


def give(model: keras.Model, pairs: dict) -> None:
    """Set layers of another library to the weights of a model's layers of given names."""
    for name, layer in pairs.items():
        layer.set_weights(model.get_layer(name).get_weights())


MASK = np.array([[True] * 5, [True, True, True, False, False]])


def masked_outputs(model: keras.Model, inputs: list, mask: np.ndarray) -> np.ndarray:
    """Return a model's output where a mask comes with its inputs."""
    return np.asarray(model(inputs if len(inputs) > 1 else inputs[0], mask=[mask] * len(inputs)))


@pytest.mark.parametrize("normalization", ["post", "pre"])
def test_the_encoder_is_that_of_keras_hub(normalization) -> None:
    arguments = {"num_heads": 3, "key_dim": 4, "feed_forward_dim": 20, "normalization": normalization}
    tokens = keras.Input((5,), dtype="int32")
    embedded = layers.Embedding(9, 12, mask_zero=True, name="embedding")(tokens)
    model = keras.Model(tokens, transformer_encoder(embedded, **arguments, name="it"))
    randomize(model)
    known = keras_hub.layers.TransformerEncoder(
        20, 3, layer_norm_epsilon=1e-6, normalize_first=normalization == "pre"
    )
    words = np.array([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])
    sequence = model.get_layer("embedding")(words)
    known.build(sequence.shape)
    give(
        model,
        {
            "it_attention": known._self_attention_layer,
            "it_norm_1": known._self_attention_layer_norm,
            "it_feed_forward_1": known._feedforward_intermediate_dense,
            "it_feed_forward_2": known._feedforward_output_dense,
            "it_norm_2": known._feedforward_layer_norm,
        },
    )
    expected = np.asarray(known(np.asarray(sequence), padding_mask=MASK))
    np.testing.assert_allclose(outputs(model, [words])[0][MASK], expected[MASK], **CLOSE)


@pytest.mark.parametrize("has_memory", [False, True])
@pytest.mark.parametrize("normalization", ["post", "pre"])
def test_the_decoder_is_that_of_keras_hub(normalization, has_memory) -> None:
    arguments = {"num_heads": 3, "key_dim": 4, "feed_forward_dim": 20, "normalization": normalization}
    shapes = [(5, 12), (7, 12)] if has_memory else [(5, 12)]
    model = model_of(transformer_decoder, *shapes, **arguments, name="it")
    known = keras_hub.layers.TransformerDecoder(
        20, 3, layer_norm_epsilon=1e-6, normalize_first=normalization == "pre"
    )
    inputs = random_inputs(model)
    known.build(*(item.shape for item in inputs))
    pairs = {
        "it_self_attention": known._self_attention_layer,
        "it_self_norm": known._self_attention_layer_norm,
        "it_feed_forward_dense_1": known._feedforward_intermediate_dense,
        "it_feed_forward_dense_2": known._feedforward_output_dense,
        "it_feed_forward_norm": known._feedforward_layer_norm,
    }
    if has_memory:
        pairs["it_cross_attention"] = known._cross_attention_layer
        pairs["it_cross_norm"] = known._cross_attention_layer_norm
    give(model, pairs)
    np.testing.assert_allclose(outputs(model, inputs)[0], np.asarray(known(*inputs)), **CLOSE)


def test_the_decoder_does_not_look_ahead() -> None:
    model = model_of(transformer_decoder, (6, 8))
    (sequence,) = random_inputs(model)
    changed = sequence.copy()
    changed[:, 4:] += 1
    before, after = outputs(model, [sequence])[0], outputs(model, [changed])[0]
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert (before[:, 4:] != after[:, 4:]).any()


def test_stacked_encoders_have_the_size_of_bert_base() -> None:
    width = {"num_heads": 12, "key_dim": 64, "feed_forward_dim": 3072}
    layer = size_of(transformer_encoder, (512, 768), **width)
    embedding = size_of(token_and_position_embedding, (512,), input_dim=30_522, output_dim=768)
    pooled = size_of(next_sentence_head, (512, 768)) - 2 * 769
    # BERT also has two segment vectors and a normalization after the embeddings.
    assert (layer, pooled) == (7_087_872, 590_592)
    assert 12 * layer + embedding + pooled + 2 * 768 + 2 * 768 == 109_482_240
    # The decoder of GPT-2 has the same parts, and a normalization before its head.
    decoder = size_of(transformer_decoder, (1024, 768), **width, normalization="pre")
    embedding = size_of(token_and_position_embedding, (1024,), input_dim=50_257, output_dim=768)
    head = size_of(language_model_head, (1024, 768), units=1, normalize=True) - 769
    assert 12 * decoder + embedding + head == 124_439_808


def test_cross_attention_and_feed_forward_have_the_size_of_the_transformer_base() -> None:
    width = {"num_heads": 8, "key_dim": 64, "feed_forward_dim": 2048}
    model = model_of(transformer_decoder, (10, 512), (12, 512), **width)
    attention, norm = 4 * 512 * 513, 2 * 512
    feed = 512 * 2048 + 2048 + 2048 * 512 + 512
    assert model.count_params() == 2 * (attention + norm) + feed + norm
    assert size_of(feed_forward, (10, 512), feed_forward_dim=2048) == feed + norm


def test_rotary_encoding_is_that_of_keras_hub() -> None:
    sequence = RANDOM.normal(size=(2, 7, 10)).astype("float32")
    heads = RANDOM.normal(size=(2, 7, 3, 4)).astype("float32")
    for item in (sequence, heads):
        expected = keras_hub.layers.RotaryEmbedding(max_wavelength=500)(item)
        np.testing.assert_allclose(RotaryPositionalEncoding(500)(item), expected, **CLOSE)


def test_rotary_encoding_refuses_an_odd_number_of_features() -> None:
    with pytest.raises(ValueError, match="even in number.*: 5"):
        RotaryPositionalEncoding()(np.zeros((1, 2, 5), "float32"))


@pytest.mark.parametrize("is_causal", [False, True])
def test_rotary_attention_compares_turned_queries_and_keys(is_causal) -> None:
    layer, turn = RotaryAttention(2, 6), keras_hub.layers.RotaryEmbedding()
    sequence = RANDOM.normal(size=(2, 5, 8)).astype("float32")
    result = layer(sequence, sequence, use_causal_mask=is_causal)
    query, key = turn(layer.query_dense(sequence)), turn(layer.key_dense(sequence))
    scores = np.einsum("bqhd,bkhd->bhqk", query, key) / np.sqrt(6)
    if is_causal:
        scores = np.where(np.tril(np.ones((5, 5), bool)), scores, -np.inf)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    gathered = np.einsum("bhqk,bkhd->bqhd", shares, layer.value_dense(sequence))
    np.testing.assert_allclose(result, layer.output_dense(gathered), **CLOSE)


def test_rotary_attention_sees_distances_only() -> None:
    layer = RotaryAttention(2, 6)
    sequence = RANDOM.normal(size=(1, 4, 8)).astype("float32")
    later = np.concatenate([RANDOM.normal(size=(1, 3, 8)).astype("float32"), sequence], axis=1)
    mask = np.array([[False] * 3 + [True] * 4])
    moved = layer(later, later, query_mask=mask, value_mask=mask)
    np.testing.assert_allclose(np.asarray(moved)[:, 3:], layer(sequence, sequence), **CLOSE)


def test_the_sinusoidal_encoding_is_that_of_keras_hub() -> None:
    sequence = RANDOM.normal(size=(1, 9, 6)).astype("float32")
    expected = sequence + keras_hub.layers.SinePositionEncoding()(sequence)
    np.testing.assert_allclose(SinusoidalPositionalEncoding()(sequence), expected, **CLOSE)


def test_the_token_and_position_embedding_is_that_of_keras_hub() -> None:
    tokens = keras.Input((5,), dtype="int32")
    model = keras.Model(tokens, token_and_position_embedding(tokens, 11, 6, mask_zero=True, name="it"))
    randomize(model)
    known = keras_hub.layers.TokenAndPositionEmbedding(11, 5, 6)
    words = np.array([[1, 2, 3, 10, 0]])
    known(words)
    give(model, {"it_tokens": known.token_embedding, "it_positions": known.position_embedding})
    np.testing.assert_allclose(outputs(model, [words])[0], known(words), **CLOSE)
    assert has_mask(model.output)


def test_the_masked_language_model_head_is_that_of_keras_hub() -> None:
    model = model_of(masked_language_model_head, (5, 8), units=11, activation="softmax", name="it")
    known = keras_hub.layers.MaskedLMHead(vocabulary_size=11, activation="softmax", layer_norm_epsilon=1e-6)
    (sequence,) = random_inputs(model)
    places = np.array([[4, 1], [0, 2]])
    known(sequence, places)
    give(model, {"it_hidden": known._intermediate_dense, "it_norm": known._intermediate_layer_norm})
    kernel, bias = model.get_layer("it").get_weights()
    known._kernel.assign(kernel)
    known._bias.assign(bias)
    result = np.take_along_axis(outputs(model, [sequence])[0], places[..., None], axis=1)
    np.testing.assert_allclose(result, known(sequence, places), **CLOSE)


def attended(x):
    return RotaryAttention(2, 6)(x, x)


KEEP_STEPS = {
    "self_attention": lambda a, b: attention_block(a, key_dim=4),
    "self_attention_pre": lambda a, b: attention_block(a, key_dim=4, normalization="pre", dropout=0.1),
    "plain_attention": lambda a, b: attention_block(a, key_dim=4, residual=False, normalization="none"),
    "cross_attention": lambda a, b: attention_block(a, b, key_dim=4),
    "rotary_attention": lambda a, b: attended(RotaryPositionalEncoding()(a)),
    "feed_forward": lambda a, b: feed_forward(a, 8),
    "encoder": lambda a, b: transformer_encoder(a, 2, 4, 8),
    "decoder": lambda a, b: transformer_decoder(a, feed_forward_dim=8),
    "decoder_with_memory": lambda a, b: transformer_decoder(a, b, feed_forward_dim=8),
    "cross_modal": lambda a, b: cross_modal_attention(a, b, feed_forward_dim=8),
    "bottleneck": lambda a, b: bottleneck_fusion(a, b, depth=3, feed_forward_dim=8),
    # Keras's attention takes the mask off what it reads: who reads it next must still see it.
    "encoder_twice": lambda a, b: transformer_encoder(
        transformer_encoder(a, 2, 4, 8, name="one"), 2, 4, 8, name="two"
    ),
    "decoder_twice": lambda a, b: transformer_decoder(transformer_decoder(a, b, name="one"), b, name="two"),
    "rotary_twice": lambda a, b: attended(layers.Add()([a, attended(a)])),
    "lstm_stack": lambda a, b: recurrent_stack(a, "lstm", 3, return_sequences=True, bidirectional=True),
    "gru_stack": lambda a, b: recurrent_stack(a, "gru", 3, return_sequences=True),
    "simple_rnn_stack": lambda a, b: recurrent_stack(a, "simple_rnn", 3, return_sequences=True),
    "token_head": lambda a, b: token_classification_head(attention_block(a), 3, dropout=0.1),
    "language_model": lambda a, b: language_model_head(attention_block(a), 9, normalize=True),
    "masked_language_model": lambda a, b: masked_language_model_head(attention_block(a), 9),
    "tokens_and_slice": lambda a, b: StepSlice(2)(attention_block(LearnedTokens(2)(a))),
}


@pytest.mark.parametrize("function", KEEP_STEPS.values(), ids=KEEP_STEPS)
def test_padding_passes_on_and_changes_nothing(function, tmp_path) -> None:
    first, second = keras.Input((5,), dtype="int32"), keras.Input((7,), dtype="int32")
    embedding = layers.Embedding(9, 6, mask_zero=True, name="embedding")
    result = function(embedding(first), embedding(second))
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    assert all(has_mask(tensor) for tensor in results)
    model = keras.Model([first, second], results)
    randomize(model)
    words = [np.array([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]]), np.array([[1] * 7, [2, 3, 0, 0, 0, 0, 0]])]
    before = outputs(model, words)
    model.save(tmp_path / "model.keras")
    reloaded = keras.saving.load_model(tmp_path / "model.keras")
    vectors = embedding.get_weights()[0]
    vectors[0] = RANDOM.normal(0, 3, 6)
    embedding.set_weights([vectors])
    for one, other, again, tokens in zip(
        before, outputs(model, words), outputs(reloaded, words), words, strict=False
    ):
        np.testing.assert_array_equal(one, again)
        np.testing.assert_allclose(one[tokens != 0], other[tokens != 0], **CLOSE)


def test_cross_attention_ignores_the_padding_of_its_context_alone() -> None:
    query, tokens = keras.Input((4, 6)), keras.Input((5,), dtype="int32")
    embedding = layers.Embedding(9, 3, mask_zero=True)
    model = keras.Model([query, tokens], attention_block(query, embedding(tokens), key_dim=4))
    randomize(model)
    inputs = [RANDOM.normal(size=(1, 4, 6)).astype("float32"), np.array([[1, 2, 0, 0, 0]])]
    (before,) = outputs(model, inputs)
    vectors = embedding.get_weights()[0]
    vectors[0] = RANDOM.normal(0, 3, 3)
    embedding.set_weights([vectors])
    np.testing.assert_allclose(outputs(model, inputs)[0], before, **CLOSE)


@pytest.mark.parametrize(
    ("cell", "weights"),
    [("lstm", 4 * ((3 + 5) * 5 + 5)), ("gru", 3 * ((3 + 5) * 5 + 2 * 5)), ("simple_rnn", (3 + 5) * 5 + 5)],
)
def test_recurrent_stacks_are_keras_layers_on_top_of_each_other(cell, weights, tmp_path) -> None:
    layer = {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}[cell]
    assert model_of(recurrent_stack, (6, 3), cell=cell, units=5, depth=1).count_params() == weights
    model = model_of(recurrent_stack, (6, 3), cell=cell, units=5, depth=3, name="it")
    known = keras.Sequential([layer(5, return_sequences=number < 3) for number in (1, 2, 3)])
    known.build((None, 6, 3))
    known.set_weights(model.get_weights())
    inputs = random_inputs(model)
    np.testing.assert_allclose(outputs(model, inputs)[0], known(inputs[0]), **CLOSE)
    assert [item.name for item in model.layers[1:]] == [f"it_{cell}_{number}" for number in (1, 2, 3)]
    both = model_of(recurrent_stack, (6, 3), cell=cell, units=5, depth=1, bidirectional=True)
    assert both.count_params() == 2 * weights
    assert assert_same_after_reload(both, tmp_path)[0].shape == (2, 10)


def test_one_step_is_taken_out() -> None:
    sequence = RANDOM.normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_array_equal(SelectStep(-1)(sequence), sequence[:, -1])
    assert SelectStep(1).compute_output_shape((None, 5, 3)) == (None, 3)
    assert StepSlice(-2).compute_output_shape((None, 5, 3)) == (None, 2, 3)


def test_a_step_from_behind_is_the_last_one_that_is_no_padding() -> None:
    sequence = RANDOM.normal(size=(4, 5, 3)).astype("float32")
    kept = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 0]], bool)
    last = np.asarray(SelectStep(-1)(sequence, mask=kept))
    np.testing.assert_array_equal(last[:3], sequence[[0, 1, 2], [4, 1, 3]])
    np.testing.assert_array_equal(last[3], np.zeros(3))
    # A text that has fewer steps gives the first that it has.
    third = np.asarray(SelectStep(-3)(sequence, mask=kept))
    np.testing.assert_array_equal(third[:3], sequence[[0, 1, 2], [2, 0, 2]])
    np.testing.assert_array_equal(SelectStep(1)(sequence, mask=kept), sequence[:, 1])


def test_the_last_step_of_a_padded_text_is_that_of_the_text_alone() -> None:
    tokens = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(9, 4, mask_zero=True)(tokens)
    model = keras.Model(tokens, SelectStep(-1)(vectors))
    np.testing.assert_array_equal(model(np.array([[3, 5, 0, 0]])), model(np.array([[3, 5]])))


def test_learned_tokens_come_first_for_every_sample(tmp_path) -> None:
    model = model_of(LearnedTokens(2), (3, 4))
    (result,) = assert_same_after_reload(model, tmp_path)
    assert result.shape == (2, 5, 4)
    np.testing.assert_array_equal(result[0, :2], result[1, :2])


def test_heads_give_probabilities() -> None:
    for function, units in ((token_classification_head, 4), (next_sentence_head, 2)):
        model = model_of(function, (5, 8), units=units)
        (result,) = outputs(model, random_inputs(model))
        assert result.shape[-1] == units
        np.testing.assert_allclose(result.sum(-1), 1, rtol=1e-5)
