"""Every tokenizer learns from the training texts alone, covers any language, and is the same everywhere."""

import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest

from builder.data.encode import encode
from builder.data.prepare import prepare
from builder.data.preprocessing import with_raw_inputs
from builder.data.profile import propose
from builder.data.tokenizers import (
    KINDS,
    cutter,
    encode_texts,
    fit_tokenizer,
    fitting_length,
    padded_tokens,
    tokens_of,
)
from builder.data.words import encode_words, fit_words, fitting_steps
from builder.export import client_files

TEXTS = [
    "The lowest lows are lower than low.",
    "春眠不觉晓,处处闻啼鸟。",
    "夜来风雨声,花落知多少。",
    "Größe und Maß: 👩‍👩‍👧!",
    "مرحبا بالعالم",
    "the newest and the widest",
] * 5


def fitted(kind, size=400):
    return fit_tokenizer(kind, lambda: iter([TEXTS[:7], TEXTS[7:]]), size)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tokenizer_is_learned_alike_every_time(kind):
    first, second = fitted(kind), fitted(kind)
    assert first == second
    assert first["vocabulary"][:2] == ["", "[UNK]"]
    assert len(first["vocabulary"]) == len(set(first["vocabulary"])) <= 400
    json.dumps(first)


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_cut_and_padded(kind):
    settings = {**fitted(kind), "sequence_length": 6}
    found = encode_texts(settings, [*TEXTS[:6], ""])
    assert found.shape == (7, 6) and found.dtype == np.int32
    # A mask leaves nothing of a text without words: it counts as one unknown word.
    assert found.max() < len(settings["vocabulary"]) and found[6].tolist() == [1, 0, 0, 0, 0, 0]
    assert (padded_tokens(settings, [""]) == 0).all()
    for row, text in enumerate(TEXTS[:6]):
        ids = tokens_of(settings, text)[:6]
        assert found[row].tolist() == ids + [0] * (6 - len(ids))


def test_chinese_is_cut_into_characters_by_all_but_words():
    text = "花落知多少"
    for kind in ("character", "word_piece"):
        settings = fitted(kind)
        assert [settings["vocabulary"][number] for number in tokens_of(settings, text)] == list(text)
    assert 1 not in tokens_of(fitted("byte_pair"), "从未见过的字 never seen 🦜")


def test_pieces_are_shorter_than_characters_and_know_new_words():
    pieces, characters = fitted("byte_pair"), fitted("character")
    assert len(tokens_of(pieces, TEXTS[0])) < len(tokens_of(characters, TEXTS[0]))
    assert 1 not in tokens_of(fitted("word_piece"), "lowest widest low")
    assert fitting_length(characters, [TEXTS]) >= 30


@pytest.mark.parametrize("kind", KINDS)
def test_prediction_export_and_client_cut_as_training_did(kind, csv_file, tmp_path):
    written = ["", "", *(f"{text} and so on {n}" for n, text in enumerate(TEXTS))]
    rows = "".join(f'"{text}",{"ab"[n % 2]}\n' for n, text in enumerate(written))
    recipe = propose({"kind": "csv", "path": str(csv_file("text,kind\n" + rows))})
    recipe = replace(recipe, preprocessing={"tokenizer": kind, "vocabulary_size": 400, "sequence_length": 20})
    prepared = prepare(recipe, tmp_path / "cache")
    stored = prepared.arrays["tokens"][:6]
    texts = [prepared.sample(row)["text"] for row in range(6)]
    assert np.array_equal(encode(prepared.spec, [{"text": text} for text in texts])["tokens"], stored)

    tokens = keras.Input((20,), name="tokens", dtype="int32")
    whole = with_raw_inputs(keras.Model(tokens, keras.ops.cast(tokens, "float32")), prepared.spec)
    if kind in ("word", "character"):
        raw = np.array([[text] for text in texts], dtype=object)
        assert np.array_equal(whole({"text": keras.ops.convert_to_tensor(raw, dtype="string")}), stored)
    else:
        assert np.array_equal(whole({"tokens": stored}), stored)

    client_files.write_client_files(tmp_path, prepared.spec, ["softmax"])
    (tmp_path / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-c", CLIENT], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    )
    assert json.loads(found.stdout) == stored.tolist()


CLIENT = """
import json, predict_tflite as client
item = client.DESCRIPTION["inputs"][0]
texts = json.loads(open("texts.json", encoding="utf-8").read())
found = [client.encode_text({"text": text}, item["settings"])["tokens"][0].tolist() for text in texts]
print(json.dumps(found))
"""


class CountedList(list):
    """A list that counts how often all of it is gone through."""

    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


@pytest.mark.parametrize("kind", ["word", "character"])
def test_many_sentences_go_through_the_vocabulary_once(kind):
    """Once a word took half a minute for a usual file of names."""
    sentences = [text.split() for text in TEXTS]
    settings = fit_words(kind, lambda: iter([sentences]), 400)
    settings |= {"vocabulary": CountedList(settings["vocabulary"]), "sequence_length": 20}
    tokens, _ = encode_words(settings, sentences)
    assert (tokens[:, 0] > 1).all() and settings["vocabulary"].times == 1
    assert fitting_steps(settings, lambda: iter([sentences])) > 2
    assert settings["vocabulary"].times == 2


def test_many_texts_are_cut_with_one_look_at_the_vocabulary():
    settings = fitted("word")
    settings["vocabulary"] = CountedList(settings["vocabulary"])
    cut = cutter(settings)
    assert [cut(text) for text in TEXTS] == [tokens_of(fitted("word"), text) for text in TEXTS]
    assert settings["vocabulary"].times == 1
