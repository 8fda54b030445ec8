"""A language model learns real text, is scored against letter frequencies, and writes on."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import small_tasks

from builder.data.prepare import Prepared
from builder.errors import BuilderError
from builder.explain.evaluation import evaluate
from builder.explain.next_tokens import choose, log_probabilities
from builder.explain.predict import predict
from builder.explain.writing import write


@pytest.fixture(scope="module")
def trained() -> tuple[keras.Model, Prepared]:
    model, _, prepared = small_tasks.trained("language_model")
    return model, prepared


def test_it_foretells_better_than_letter_frequencies(trained) -> None:
    report = evaluate(*trained)
    assert report["learned"]
    assert report["perplexity"] < report["baseline"]["perplexity"]
    assert report["bits_per_token"] == pytest.approx(report["loss"] / np.log(2))


def test_the_loss_is_that_of_keras(trained) -> None:
    model, prepared = trained
    rows = np.asarray(prepared.indices["test"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    wanted = float(loss(prepared.targets[rows], model([prepared.arrays["tokens"][rows]])))
    assert evaluate(model, prepared)["loss"] == pytest.approx(wanted, rel=1e-5)


def test_the_same_seed_writes_the_same_text_again(trained) -> None:
    model, prepared = trained
    ask = {"tokens": 12, "seed": 3}
    first = list(write(model, prepared.spec, "First", ask))
    assert len(first) == 12
    assert first == list(write(model, prepared.spec, "First", ask))
    assert first != list(write(model, prepared.spec, "First", {**ask, "seed": 4}))


def test_greedy_writing_takes_the_likeliest(trained) -> None:
    model, prepared = trained
    vocabulary = prepared.spec.inputs[0].settings["vocabulary"]
    window = np.zeros((1, 64), np.int32)
    window[0, :2] = [vocabulary.index("t"), vocabulary.index("h")]
    likeliest = np.asarray(model([window]))[0, 1, 2:].argmax() + 2
    assert next(write(model, prepared.spec, "th", {"method": "greedy"})) == vocabulary[likeliest]


def test_a_prompt_longer_than_the_model_sees_is_cut_at_its_beginning(trained) -> None:
    model, prepared = trained
    ask = {"method": "greedy", "tokens": 3}
    long = "x" * 300 + "a" * 64
    assert list(write(model, prepared.spec, long, ask)) == list(write(model, prepared.spec, "a" * 64, ask))


def test_a_beam_finds_a_text_at_least_as_likely_as_greed(trained) -> None:
    model, prepared = trained
    texts = {
        method: "".join(write(model, prepared.spec, "the ", {"method": method, "tokens": 6}))
        for method in ("greedy", "beam")
    }
    assert likelihood(trained, "the ", texts["beam"]) >= likelihood(trained, "the ", texts["greedy"]) - 1e-6


def likelihood(trained, prompt: str, text: str) -> float:
    model, prepared = trained
    vocabulary = prepared.spec.inputs[0].settings["vocabulary"]
    ids = [vocabulary.index(character) for character in prompt + text]
    window = np.zeros((1, 64), np.int32)
    window[0, : len(ids)] = ids
    chances = log_probabilities(np.asarray(model([window]))[0], is_probability=False)
    return float(sum(chances[place - 1, ids[place]] for place in range(len(prompt), len(ids))))


def test_writing_ends_where_it_is_told_to(trained) -> None:
    model, prepared = trained
    text = "".join(write(model, prepared.spec, "First", {"tokens": 400, "stop": " "}))
    assert text.endswith(" ") and text.count(" ") == 1


@pytest.mark.parametrize(
    ("settings", "words"), [({"temperature": 0}, "temperature"), ({"top_p": 2}, "top_p")]
)
def test_a_bad_setting_is_refused_in_words(trained, settings, words) -> None:
    with pytest.raises(BuilderError, match=words):
        list(write(trained[0], trained[1].spec, "a", settings))


def test_an_empty_prompt_is_refused_in_words(trained) -> None:
    with pytest.raises(BuilderError, match="beginning"):
        list(write(trained[0], trained[1].spec, ""))


def test_a_model_of_another_task_does_not_write(trained) -> None:
    spec = replace(trained[1].spec, task="classification", windows={}, target_shape=())
    with pytest.raises(BuilderError, match="does not write"):
        list(write(trained[0], spec, "a"))


def test_a_prediction_of_a_class_is_not_offered(trained) -> None:
    with pytest.raises(BuilderError, match="writes texts"):
        predict(trained[0], trained[1].spec, [{"text": "a"}])


def test_sampling_keeps_to_the_likeliest() -> None:
    chances = np.log([0.001, 0.001, 0.5, 0.3, 0.15, 0.048])
    random = np.random.default_rng(1)
    every = {"method": "sample", "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    drawn = {choose(chances, {**every, "top_k": 2}, random) for _ in range(200)}
    assert drawn == {2, 3}
    drawn = {choose(chances, {**every, "top_p": 0.6}, random) for _ in range(200)}
    assert drawn == {2, 3}
    drawn = [choose(chances, every, random) for _ in range(4000)]
    assert drawn.count(2) / 4000 == pytest.approx(0.5, abs=0.04)
    cold = {choose(chances, {**every, "temperature": 0.05}, random) for _ in range(200)}
    assert cold == {2}
