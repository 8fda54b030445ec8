"""BERT: words hidden by its rule, anew in every epoch; halves that follow; an encoder that goes on."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from small_tasks import LINES

from builder import compiler
from builder.data.masking import MASK_TOKEN, hidden_for_good
from builder.data.prepare import Prepared, prepare
from builder.data.tokenizers import fit_tokenizer
from builder.errors import BuilderError
from builder.explain.evaluation import evaluate
from builder.explain.predict import predict
from builder.fine_tuning import fine_tuning_project, with_class_head, with_words_of
from builder.project import DataRecipe, Project, load_preset
from builder.runs.workspace import HOME_VARIABLE, default_workspace
from builder.train.initial_weights import take_weights, weights_by_path
from builder.train.run_state import Position
from builder.train.training_data import TrainingData

NARROW = {"output_dim": 16, "num_heads": 2, "key_dim": 8, "feed_forward_dim": 16}


def recipe(folder: Path, characters: int = 20_000, **preprocessing: object) -> DataRecipe:
    """Return the BERT preset's recipe on the first characters of the real text."""
    file = folder / "lines.txt"
    file.write_text(LINES.read_text(encoding="utf-8")[:characters], encoding="utf-8")
    found = load_preset("language/bert").data
    settings = {**found.preprocessing, "vocabulary_size": 600, "sequence_length": 32, **preprocessing}
    source = {"kind": "text", "path": str(file), "unit": "paragraph"}
    split = {"method": "ordered", "validation": 0.15, "test": 0.15}
    return replace(found, source=source, preprocessing=settings, split=split)


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> tuple[keras.Model, Project, Prepared]:
    folder = tmp_path_factory.mktemp("bert")
    project = load_preset("language/bert")
    nodes = tuple(
        replace(node, parameters={name: NARROW.get(name, value) for name, value in node.parameters.items()})
        for node in project.model.nodes
    )
    project = replace(project, data=recipe(folder), model=replace(project.model, nodes=nodes))
    prepared = prepare(project.data, folder / "cache")
    assert compiler.check(project, prepared.spec) == []
    keras.utils.set_random_seed(1)
    return compiler.build(project, prepared.spec), project, prepared


def test_words_are_hidden_by_the_rule_of_the_article() -> None:
    random = np.random.default_rng(0)
    tokens = np.full((2000, 50), 7, np.int32)
    tokens[:, 0], tokens[:, -5:] = 2, 0
    found, targets = hidden_for_good(tokens, 1000, random)
    chosen = targets > 0
    assert chosen[:, 1:-5].mean() == pytest.approx(0.15, abs=0.01)
    assert not chosen[:, 0].any() and not chosen[:, -5:].any()
    assert (found[chosen] == MASK_TOKEN).mean() == pytest.approx(0.8, abs=0.02)
    assert (found[chosen] == 7).mean() == pytest.approx(0.1, abs=0.02)
    assert (found[~chosen] == tokens[~chosen]).all()
    assert chosen.any(axis=1).all()


def test_a_piece_begins_with_the_class_token_and_has_two_halves(case) -> None:
    _, _, prepared = case
    tokens = np.where(prepared.targets > 0, prepared.targets, prepared.arrays["tokens"])
    assert (tokens[:, 0] == 2).all()
    assert ((tokens == 3).sum(axis=1) == 2).all()
    assert prepared.further_targets[0].mean() == pytest.approx(0.5, abs=0.15)
    assert prepared.sample(0)["text"].startswith("first citizen : before we proceed any further")


def test_a_second_half_that_follows_is_what_stands_behind_the_first(case) -> None:
    _, _, prepared = case
    texts = " ".join(LINES.read_text(encoding="utf-8")[:21_000].lower().split())
    letters = "".join(mark for mark in texts if mark.isalpha())
    follows = np.flatnonzero(np.asarray(prepared.further_targets[0]) == 1)[:20]
    for row in follows:
        sample = "".join(mark for mark in prepared.sample(int(row))["text"] if mark.isalpha())
        assert sample in letters


def test_each_epoch_hides_other_words_and_the_same_ones_again_after_a_resume(case) -> None:
    _, project, prepared = case
    data = TrainingData(prepared, project.training_settings())

    def batch(epoch: int) -> tuple[np.ndarray, np.ndarray]:
        inputs, (targets, _) = next(data.training_batches(Position(epoch=epoch)))
        return np.asarray(inputs), np.asarray(targets)

    first, again, other = batch(0), batch(0), batch(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1], other[1])
    known = {
        row.tobytes() for row in np.where(prepared.targets > 0, prepared.targets, prepared.arrays["tokens"])
    }
    shown = np.where(first[1] > 0, first[1], first[0]).astype(np.int32)
    assert all(row.tobytes() in known for row in shown)


def test_what_is_tested_stays_hidden_as_it_is(case) -> None:
    _, project, prepared = case
    data = TrainingData(prepared, project.training_settings())
    inputs, (targets, follows) = next(data.evaluation_batches("test"))
    rows = prepared.indices["test"][: len(inputs)]
    assert np.array_equal(inputs, prepared.arrays["tokens"][rows])
    assert np.array_equal(targets, prepared.targets[rows])
    assert np.array_equal(follows, prepared.further_targets[0][rows])


def test_hidden_words_and_next_sentences_are_scored(case) -> None:
    model, _, prepared = case
    report = evaluate(model, prepared)
    assert report["tokens"] == (np.asarray(prepared.targets[prepared.indices["test"]]) > 0).sum()
    assert report["baseline"]["perplexity"] > 1
    assert report["perplexity"] == pytest.approx(np.exp(report["loss"]))
    assert report["further"][0]["target"] == "next sentence"
    assert {"text", "hidden", "guessed"} == set(report["examples"][0])
    assert "[MASK]" in report["examples"][0]["text"]


def test_gaps_of_a_text_of_ones_own_are_filled(case) -> None:
    model, _, prepared = case
    (found,) = predict(model, prepared.spec, [{"text": "Speak, [MASK], of my [MASK]."}])
    assert len(found["gaps"]) == 2 and all(len(gap) == 5 for gap in found["gaps"])
    assert "[MASK]" not in found["text"] and found["text"].startswith("speak,")
    with pytest.raises(BuilderError, match="no gap"):
        predict(model, prepared.spec, [{"text": "Speak of my honor."}])


def test_words_as_wholes_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match="word_piece"):
        prepare(recipe(tmp_path, tokenizer="word"), tmp_path / "cache")


def test_without_pairs_a_piece_is_one_text_and_the_model_has_one_output(tmp_path: Path) -> None:
    prepared = prepare(recipe(tmp_path, next_sentence=False), tmp_path / "cache")
    tokens = np.where(prepared.targets > 0, prepared.targets, prepared.arrays["tokens"])
    assert ((tokens == 3).sum(axis=1) == 1).all()
    assert prepared.spec.further_targets == ()


def test_an_encoder_goes_on_with_its_words_and_weights(case, tmp_path: Path, monkeypatch) -> None:
    model, project, prepared = case
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    folder = default_workspace().run_folder("abc")
    (folder / "spec.json").write_text(json.dumps(prepared.spec.to_json()), encoding="utf-8")
    labeled = DataRecipe(
        {"kind": "sample", "name": "shakespeare_genres"}, roles={"genre": "target", "text": "text"}
    )
    made = fine_tuning_project(project, "abc", 32, labeled)
    data = prepare(made.data, tmp_path / "cache")
    before, after = prepared.spec.inputs[0].settings, data.spec.inputs[0].settings
    assert after["vocabulary"] == before["vocabulary"]
    assert (np.asarray(data.arrays["tokens"])[:, 0] == 2).all()
    assert [problem for problem in compiler.check(made, data.spec) if problem.severity == "error"] == []
    tuned = compiler.build(made, data.spec)
    taken = take_weights(tuned, weights_by_path(model), "the run")
    assert set(taken.unknown) == {"label"} and not taken.misfits
    name = "encoder_1_feed_forward_1"
    assert np.array_equal(tuned.get_layer(name).get_weights()[0], model.get_layer(name).get_weights()[0])


def test_other_labeled_texts_keep_the_words_of_the_run(case) -> None:
    _, project, _ = case
    made = fine_tuning_project(project, "abc", 32)
    found = with_words_of(
        DataRecipe({"kind": "csv", "path": "a.csv"}, preprocessing={"tokenizer": "word"}), made.data
    )
    assert found.preprocessing == {
        "tokenizer": "word_piece",
        "vocabulary_from": "run:abc",
        "sequence_length": 32,
    }


def test_words_of_a_run_that_has_none_are_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    for named, words in (("run:gone", "left no vocabulary"), ("my words", "neither")):
        wanted = DataRecipe(
            {"kind": "sample", "name": "sms_spam"},
            roles={"label": "target", "text": "text"},
            preprocessing={"vocabulary_from": named},
        )
        with pytest.raises(BuilderError, match=words):
            prepare(wanted, tmp_path / "cache")
    assert not list(tmp_path.rglob("gone")), "a run that is not there leaves no folder"


@pytest.mark.parametrize(("length", "next_sentence"), [(2, False), (2, True), (3, True), (4, True)])
def test_pieces_without_room_for_words_are_refused_with_what_to_do(
    length: int, next_sentence: bool, tmp_path: Path
) -> None:
    settings = {"sequence_length": length, "next_sentence": next_sentence}
    with pytest.raises(BuilderError, match="Raise the sequence length to 5|Raise the sequence length to 3"):
        prepare(recipe(tmp_path, **settings), tmp_path / "cache")


@pytest.mark.parametrize("kind", ["word", "word_piece"])
def test_words_of_a_run_without_marks_are_told(
    case, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as those of a language model, which hides no words."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    _, _, prepared = case
    described = fit_tokenizer(kind, lambda: iter([["some words of a text"]]), 100)
    (item,) = prepared.spec.inputs
    other = replace(prepared.spec, inputs=(replace(item, settings={**item.settings, **described}),))
    file = default_workspace().run_folder("other") / "spec.json"
    file.write_text(json.dumps(other.to_json()), encoding="utf-8")
    with pytest.raises(BuilderError, match=r"lack the marks \[CLS\], \[SEP\], \[MASK\]"):
        prepare(recipe(tmp_path, vocabulary_from="run:other"), tmp_path / "cache")


def test_a_model_without_an_encoder_is_refused_in_words() -> None:
    with pytest.raises(BuilderError, match="no masked language model head"):
        with_class_head(load_preset("images/cnn").model)
