"""What is written step by step with a cache is what the whole model would write."""

from dataclasses import replace

import keras
import numpy as np
import pairs_cases
import pytest
import small_tasks
from keras import layers

from builder.blocks.sinusoidal_positional_encoding import SinusoidalPositionalEncoding
from builder.blocks.transformer_decoder import transformer_decoder
from builder.data.prepare import Prepared
from builder.errors import BuilderError
from builder.explain.answering import answer, answers
from builder.explain.decoding.next_chances import NextChances
from builder.explain.evaluation import evaluate
from builder.explain.next_tokens import likeliest
from builder.explain.predict import predict
from builder.explain.writing import write

PRESETS = ("text_to_text/transformer", "text_to_text/lstm")
GREEDY = {"method": "greedy", "beams": 4, "length_penalty": 0.6}


def some_texts(prepared: Prepared, count: int = 5) -> dict[str, np.ndarray]:
    return {"tokens": np.asarray(prepared.arrays["tokens"][prepared.indices["test"][:count]])}


def assert_same_chances(model: keras.Model, name: str, begun: list[list[int]], fixed=None) -> None:
    """Grow texts by the same tokens with and without a cache, with rows that change places."""
    cached, full = NextChances(model, name), NextChances(model, name, use_cache=False)
    assert cached.is_cached and not full.is_cached
    rows = len(begun)
    there, wanted = cached.begin(begun, fixed), full.begin(begun, fixed)
    random = np.random.default_rng(0)
    for step in range(full.length + 3):
        np.testing.assert_allclose(there[:, 2:], wanted[:, 2:], atol=2e-5)
        tokens = random.integers(4, wanted.shape[1], rows).tolist()
        # Only rows of one text may change places.
        order = None if fixed or step % 3 else random.permutation(rows).tolist()
        there, wanted = cached.grow(tokens, order), full.grow(tokens, order)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_decoder_with_a_cache_equals_the_whole_model(preset: str) -> None:
    model, _, prepared = pairs_cases.built(preset)
    assert_same_chances(model, "target_tokens", [[2]] * 5, some_texts(prepared))


def language_model(*made, mask_zero: bool = True) -> keras.Model:
    tokens = keras.Input((12,), dtype="int32", name="tokens")
    x = layers.Embedding(20, 8, mask_zero=mask_zero)(tokens)
    for layer in made:
        x = layer(x)
    return keras.Model(tokens, layers.Dense(20)(x))


@pytest.mark.parametrize(
    "made",
    [
        (SinusoidalPositionalEncoding(), lambda x: transformer_decoder(x, num_heads=2, key_dim=4)),
        (layers.GRU(8, return_sequences=True), layers.SimpleRNN(8, return_sequences=True)),
        (
            layers.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="relu"),
            layers.LayerNormalization(),
        ),
    ],
    ids=["attention", "recurrent", "convolution"],
)
def test_a_language_model_with_a_cache_equals_the_whole_model(made) -> None:
    keras.utils.set_random_seed(1)
    # A convolution counts padding as content, and says so of a mask.
    masked = not isinstance(made[0], layers.Conv1D)
    assert_same_chances(language_model(*made, mask_zero=masked), "tokens", [[4, 5, 6]] * 3)


def test_a_block_of_which_no_step_is_known_is_passed_whole() -> None:
    model = language_model(layers.Bidirectional(layers.LSTM(4, return_sequences=True)))
    chances = NextChances(model, "tokens")
    assert not chances.is_cached
    assert chances.begin([[4, 5]]).shape == (1, 20)


def test_a_language_model_writes_the_same_with_and_without_a_cache() -> None:
    model, _, prepared = small_tasks.trained("language_model")
    for settings in ({"tokens": 90, "seed": 2}, {"tokens": 12, "method": "beam", "beams": 3}):
        texts = [
            "".join(write(model, prepared.spec, "First Citizen", settings, use_cache=kept))
            for kept in (True, False)
        ]
        assert texts[0] == texts[1]


@pytest.mark.parametrize("preset", PRESETS)
def test_answers_are_the_same_with_and_without_a_cache(preset: str) -> None:
    model, _, prepared = pairs_cases.built(preset)
    for settings in (GREEDY, {**GREEDY, "method": "beam", "beams": 3}):
        found = [
            list(answers(model, prepared.spec, some_texts(prepared, 9), settings, use_cache=kept))
            for kept in (True, False)
        ]
        assert len(found[0]) == 9 and found[0] == found[1]


def test_greedy_answers_take_the_likeliest_piece_each_time() -> None:
    model, _, prepared = pairs_cases.built("text_to_text/lstm")
    arrays = some_texts(prepared, 1)
    written = prepared.spec.input("target").settings
    ids = [2]
    length = written["sequence_length"]
    while len(ids) <= length and ids[-1] != 3:
        window = np.zeros((1, length), np.int32)
        window[0, : len(ids)] = ids
        scores = model.predict_on_batch({**arrays, "target_tokens": window})[0, len(ids) - 1].copy()
        scores[:3] = -np.inf
        ids.append(int(scores.argmax()))
    expected = "".join(written["vocabulary"][token] for token in ids[1:] if token != 3).strip()
    assert list(answers(model, prepared.spec, arrays, GREEDY)) == [expected]


def test_a_beam_finds_an_answer_at_least_as_likely_as_greed() -> None:
    model, _, prepared = pairs_cases.built("text_to_text/transformer")
    arrays = some_texts(prepared, 6)
    written = prepared.spec.input("target").settings

    def likelihood(text: str, row: int) -> float:
        ids = [written["vocabulary"].index(mark) for mark in text]
        chances = NextChances(model, "target_tokens", use_cache=False)
        found = chances.begin([[2]], {"tokens": arrays["tokens"][row : row + 1]})
        total = 0.0
        for token in [*ids, 3][: written["sequence_length"]]:
            total += found[0, token]
            if token != 3:
                found = chances.grow([token])
        return total

    beam = {**GREEDY, "method": "beam", "beams": 8, "length_penalty": 0.0}
    pairs = zip(
        answers(model, prepared.spec, arrays, beam),
        answers(model, prepared.spec, arrays, GREEDY),
        strict=True,
    )
    for row, (best, greedy) in enumerate(pairs):
        assert likelihood(best, row) >= likelihood(greedy, row) - 1e-4


def test_the_evaluation_writes_answers_and_scores_them_beside_similar_texts() -> None:
    model, _, prepared = pairs_cases.built("text_to_text/transformer")
    report = evaluate(model, prepared)
    assert 0 <= report["bleu"] <= 100 and 0 <= report["rouge_l"] <= 1
    assert "tok:zh" in report["signature"]
    assert report["baseline"]["rule"] == "the answer to the most similar training text"
    assert report["answered"] == len(prepared.indices["test"])
    assert set(report["examples"][0]) == {"text", "reference", "answer"}


def test_the_tokens_are_scored_without_padding() -> None:
    model, _, prepared = pairs_cases.built("text_to_text/transformer")
    rows = np.asarray(prepared.indices["test"])
    inputs = {name: prepared.arrays[name][rows] for name in ("tokens", "target_tokens")}
    targets = prepared.targets[rows]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    each = np.asarray(loss(targets, model(inputs)))
    counted = targets != 0
    report = evaluate(model, prepared)
    assert report["tokens"] == counted.sum()
    assert report["loss"] == pytest.approx(float(each[counted].mean()), rel=1e-4)


def test_a_text_of_ones_own_is_answered() -> None:
    model, _, prepared = pairs_cases.built("text_to_text/transformer")
    (found,) = predict(model, prepared.spec, [{"text": "Hello!"}])
    assert found["text"] == answer(model, prepared.spec, ["Hello!"])[0]


def test_what_cannot_be_answered_is_refused_in_words() -> None:
    model, _, prepared = pairs_cases.built("text_to_text/transformer")
    for texts, settings, words in (([" "], {}, "no words"), (["a"], {"beams": 1}, "beams")):
        with pytest.raises(BuilderError, match=words):
            answer(model, prepared.spec, texts, settings)
    other = replace(prepared.spec, task="classification")
    with pytest.raises(BuilderError, match="does not answer"):
        answer(model, other, ["a"])


def test_the_likeliest_are_found_without_sorting_all() -> None:
    scores = np.random.default_rng(0).normal(size=(3, 50))
    scores[1, 7] = scores[2, 9] = scores.max() + 1
    rows, columns = likeliest(scores, 4)
    assert (rows[0], columns[0], rows[1], columns[1]) == (1, 7, 2, 9)
    assert scores[rows, columns].tolist() == sorted(scores.ravel().tolist())[:-5:-1]
