"""What augmentation does is shown on real training samples, each in the form of its kind."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from PIL import Image

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS
from builder.data import sources
from builder.data.prepare import prepare
from builder.explain.augmented import augmented
from builder.params import with_defaults
from builder.project import DataRecipe


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Show a sample under some settings."""
    cache = tmp_path_factory.mktemp("prepared")

    def show(name, seed=0, **values):
        prepared = prepare(DataRecipe({"kind": "sample", "name": name}, sources.sample(name).task), cache)
        chosen = with_defaults(AUGMENTATION_PARAMETERS, values)
        (item,) = augmented(replace(prepared, augmentation=chosen), seed)["inputs"]
        assert len(item["samples"]) == 4 and all(len(sample["after"]) == 3 for sample in item["samples"])
        return item["samples"]

    return show


def content(address):
    return io.BytesIO(base64.b64decode(address.split(",", 1)[1]))


def test_pictures_before_and_after_with_the_shares_of_their_classes(shown):
    samples = shown("sign_language", rotation=20, cutmix=1.0)
    first = samples[0]
    before, after = (
        np.asarray(Image.open(content(one["image"]))) for one in (first["before"], first["after"][0])
    )
    assert before.shape == after.shape and before.shape[-1] == 3 and not np.array_equal(before, after)
    assert first["before"]["label"].isdigit()
    labels = [one["label"] for sample in samples for one in sample["after"]]
    assert any("%" in label and ", " in label for label in labels)


def test_sounds_can_be_heard_and_seen(shown):
    samples = shown("spoken_digits", noise=0.5)
    first = samples[0]
    before, after = (soundfile.read(content(one["sound"]))[0] for one in (first["before"], first["after"][0]))
    assert after.shape == before.shape and not np.allclose(after, before)
    assert Image.open(content(samples[0]["after"][0]["spectrogram"])).width == 320


def test_texts_are_shown_as_words_without_their_padding(shown):
    samples = shown("sms_spam", word_deletion=0.4)
    for sample in samples:
        words = sample["before"]["text"].split()
        assert words and all(set(one["text"].split()) <= set(words) for one in sample["after"])
    other = shown("sms_spam", seed=1, word_deletion=0.4)
    assert [one["before"]["text"] for one in other] != [one["before"]["text"] for one in samples]


def test_pictures_with_several_labels_are_named_by_all_of_them(shown):
    samples = shown("digit_scenes", rotation=20)
    for sample in samples:
        labels = sample["before"]["label"].split(", ")
        assert all(label.isdigit() for label in labels)
        # Turning a picture changes none of its labels.
        assert all(one["label"] == sample["before"]["label"] for one in sample["after"])
    assert any(", " in sample["before"]["label"] for sample in samples)
