"""Augmentation changes training samples as asked, each in its own way, from the seed alone."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from making import sample_source

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS, AUGMENTATIONS
from builder.data.augment_images import augmented_images
from builder.data.augment_sound import augmented_sound
from builder.data.augment_tokens import augmented_tokens, synonym_table
from builder.data.augmentation import augmentation
from builder.data.mixing import mixed
from builder.data.prepare import prepare
from builder.data.synonyms import synonym_groups
from builder.errors import BuilderError
from builder.params import with_defaults
from builder.project import DataRecipe

SEED = tf.constant([1, 2], tf.int32)
ALL_OF_IMAGES = {
    "rotation": 20,
    "zoom": 0.2,
    "shift": 0.1,
    "crop": 0.3,
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness": 0.2,
    "contrast": 0.3,
    "saturation": 0.5,
    "hue": 0.1,
    "erasing": 0.5,
    "rand_augment": 3,
}
ALL_OF_SOUND = {
    "noise": 0.1,
    "gain": 6,
    "speed": 0.1,
    "time_shift": 0.1,
    "time_mask": 0.2,
    "frequency_mask": 0.2,
}


def chosen(**values):
    return with_defaults(AUGMENTATION_PARAMETERS, values)


@pytest.fixture(scope="module")
def signs():
    """Color pictures with a bright square above the middle, left of it."""
    images = np.zeros((64, 20, 24, 3), np.float32)
    images[:, 3:7, 4:8] = (200, 120, 40)
    return tf.constant(images)


def changed(images, **values):
    return augmented_images(images, SEED, chosen(**values))[0].numpy()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_seed_gives_the_same_pictures_and_another_seed_others(signs, channels):
    images, settings = signs[..., :channels], chosen(**ALL_OF_IMAGES)
    first, again = (augmented_images(images, SEED, settings)[0].numpy() for _ in range(2))
    other = augmented_images(images, SEED + 1, settings)[0].numpy()
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert first.shape == images.shape and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 255
    assert len(np.unique(first.reshape(64, -1), axis=0)) > 60


def test_every_change_of_pictures_changes_them_and_none_does_nothing(signs):
    told_elsewhere = {"mixup", "cutmix", "fill", "rand_augment_strength"}
    assert {item.name for item in AUGMENTATIONS["image"]} == {*ALL_OF_IMAGES, *told_elsewhere}
    assert np.array_equal(changed(signs), signs)
    for name, value in ALL_OF_IMAGES.items():
        assert not np.array_equal(changed(signs, **{name: value}), signs), name


def test_a_flip_mirrors_half_of_the_pictures_and_keeps_every_pixel(signs):
    found = changed(signs, horizontal_flip=True)
    mirrored = (found == signs.numpy()[:, :, ::-1]).all(axis=(1, 2, 3))
    assert 16 < mirrored.sum() < 48
    assert np.array_equal(found[~mirrored], signs.numpy()[~mirrored])


def test_a_turn_turns_around_the_middle_and_a_shift_goes_no_farther_than_asked(signs):
    square = np.array([4.5, 5.5])
    middle = np.array([9.5, 11.5])
    for image in changed(signs, rotation=30, fill="constant"):
        place = np.argwhere(image[..., 0] > 150).mean(axis=0)
        assert np.linalg.norm(place - middle) == pytest.approx(np.linalg.norm(square - middle), abs=0.7)
    moves = [
        np.argwhere(image[..., 0] > 150).mean(axis=0) - square
        for image in changed(signs, shift=0.1, fill="constant")
    ]
    assert (np.abs(moves).max(axis=0) <= [2.6, 3]).all()
    assert np.ptp(moves, axis=0).min() > 2


def test_colors_turn_and_gray_pictures_stay_gray(signs):
    hues = changed(signs, hue=0.5)[:, 4, 5]
    assert np.ptp(hues, axis=0).min() > 50
    luma = hues @ np.array([0.299, 0.587, 0.114])
    unclipped = (hues > 0).all(axis=1) & (hues < 255).all(axis=1)
    assert luma[unclipped] == pytest.approx(luma[unclipped][0], abs=1)
    gray = tf.repeat(signs[..., :1], 3, axis=3)
    found = changed(gray, hue=0.5, saturation=1.0)
    assert found == pytest.approx(gray.numpy(), abs=0.5)


def test_erasing_paints_over_one_rectangle_as_often_as_asked(signs):
    found = changed(signs + 50, erasing=0.5)
    touched = (found != signs.numpy() + 50).any(axis=(1, 2, 3))
    assert 16 < touched.sum() < 48


def test_sound_is_changed_from_the_seed_alone_and_stays_in_range():
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)
    sound = tf.constant(np.tile(tone, (16, 1)), tf.float32)
    settings = chosen(**ALL_OF_SOUND)
    first, again = (augmented_sound(sound, SEED, settings, 8000).numpy() for _ in range(2))
    assert np.array_equal(first, again) and first.shape == (16, 4000)
    assert np.abs(first).max() <= 32768
    for name, value in ALL_OF_SOUND.items():
        assert not np.allclose(augmented_sound(sound, SEED, chosen(**{name: value}), 8000), sound), name


def test_speed_changes_the_pitch_within_its_bounds_and_a_mask_silences():
    tone = 8000 * np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    sound = tf.constant(np.tile(tone, (16, 1)), tf.float32)
    faster = augmented_sound(sound, SEED, chosen(speed=0.2), 8000).numpy()
    pitches = np.abs(np.fft.rfft(faster, axis=1)).argmax(axis=1)
    assert pitches.min() > 800 and pitches.max() < 1230 and np.ptp(pitches) > 100
    masked = augmented_sound(sound, SEED, chosen(time_mask=0.5), 8000).numpy()
    silent = (np.abs(masked) < 1e-3).mean(axis=1)
    assert silent.max() > 0.3 and silent.max() < 0.5 + 1 / 4
    band = augmented_sound(sound, SEED, chosen(frequency_mask=0.9), 8000).numpy()
    strength = np.sqrt((band**2).mean(axis=1))
    assert (strength < 100).any() and (strength > 5000).any()


VOCABULARY = ["", "[UNK]", "good", "bad", "fine", "film", "movie", "the", "was", "poor"]


@pytest.fixture(scope="module")
def texts():
    """The film was good, 64 times, with room for more."""
    return tf.constant(np.tile([[7, 5, 8, 2, 1, 3, 0, 0, 0, 0]], (64, 1)), tf.int32)


def changed_texts(texts, **values):
    table = tf.constant(
        synonym_table(VOCABULARY, synonym_groups("good, fine; film, movie; Bad, poor, awful"))
    )
    return augmented_tokens(texts, SEED, chosen(**values), table).numpy()


def test_synonyms_take_the_place_of_words_and_nothing_else_changes(texts):
    found = changed_texts(texts, synonym_replacement=0.5)
    pairs = {(int(old), int(new)) for old, new in zip(texts.numpy().ravel(), found.ravel(), strict=True)}
    assert pairs - {(n, n) for n in range(10)} == {(2, 4), (5, 6), (3, 9)}


def test_words_are_left_out_put_in_and_swapped(texts):
    original = texts.numpy()[0]
    shorter = changed_texts(texts, word_deletion=0.3)
    assert (shorter > 0).sum() < 0.85 * 6 * 64 and (shorter > 0).any(axis=1).all()
    assert all(np.array_equal(row[row > 0], original[np.isin(original, row[row > 0])]) for row in shorter)
    longer = changed_texts(texts, word_insertion=0.3)
    assert (longer > 0).sum() > 1.15 * 6 * 64
    assert set(longer.ravel()) <= {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
    # Padding stays at the end.
    assert all((np.diff((row > 0).astype(int)) <= 0).all() for row in np.concatenate([shorter, longer]))
    swapped = changed_texts(texts, word_swap=0.5)
    assert np.array_equal(np.sort(swapped, axis=1), np.sort(texts, axis=1))
    assert (swapped != texts.numpy()).any(axis=1).mean() > 0.5
    assert (swapped[:, 6:] == 0).all()


def test_a_text_of_one_word_is_never_emptied():
    lone = tf.constant([[3, 0, 0]] * 32, tf.int32)
    assert (changed_texts(lone, word_deletion=0.5)[:, 0] == 3).all()


@pytest.mark.parametrize("values", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.2, "cutmix": 1.0}])
def test_mixed_samples_share_their_classes_as_they_share_their_pixels(values):
    numbers = np.repeat([0, 1], 32)
    images = tf.constant(np.broadcast_to(numbers[:, None, None, None], (64, 8, 8, 1)), tf.float32)
    targets, weights = tf.one_hot(numbers, 2), tf.constant(1.0 + numbers, tf.float32)
    found, shares, blended = mixed(images, targets, weights, SEED, chosen(**values))
    assert np.allclose(tf.reduce_mean(found, axis=(1, 2, 3)), shares[:, 1], atol=1e-5)
    assert np.allclose(tf.reduce_sum(shares, axis=1), 1)
    assert np.allclose(blended, 1 + shares[:, 1], atol=1e-5)
    assert ((shares[:, 1] > 0.01) & (shares[:, 1] < 0.99)).numpy().any()


def test_what_is_not_asked_for_changes_nothing(prepared_sample):
    spec = prepared_sample("digits").spec
    assert augmentation({}, spec) is None
    assert augmentation(chosen(fill="nearest", noise=0.5), spec) is None


def test_samples_that_cannot_be_mixed_are_told(prepared_sample):
    with pytest.raises(BuilderError, match="CutMix needs samples that are one picture each"):
        augmentation(chosen(cutmix=1.0), prepared_sample("sms_spam").spec)


def test_augmentation_leaves_what_is_prepared_as_it_is(tmp_path):
    recipe = DataRecipe(sample_source("digits"))
    turned = replace(recipe, augmentation={"rotation": 10})
    first, second = (prepare(item, tmp_path) for item in (recipe, turned))
    assert first.folder == second.folder
    assert second.augmentation["rotation"] == 10 and not first.augmentation["rotation"]


def test_a_recipe_tells_what_misfits_its_augmentation():
    def codes(task, augmentation, **preprocessing):
        recipe = DataRecipe(
            {"kind": "sample", "name": "x"}, task, preprocessing=preprocessing, augmentation=augmentation
        )
        return [problem.code for problem in recipe.check()]

    assert codes("classification", {"rotation": 10, "mixup": 0.2}) == []
    assert codes("forecasting", {"noise": 0.1}) == ["augmentation_misfit"]
    assert codes("regression", {"mixup": 0.2}) == ["mixing_needs_classes"]
    assert codes("classification", {"synonym_replacement": 0.1}, tokenizer="character") == [
        "synonyms_need_words"
    ]
    assert codes("classification", {"rotation": 500}) == ["bad_parameter"]
    assert codes("classification", {"rotate": 5}) == ["unknown_parameter"]
