"""Masks and boxes move along with their pictures."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS, check_augmentation, offered
from builder.data.augment_images import augmented_images
from builder.data.augmentation import augmentation
from builder.data.moving_images import moved_boxes, moved_masks, movement
from builder.data.prepare import Prepared, prepare
from builder.data.sources import SAMPLES_FOLDER
from builder.data.spec import IGNORED
from builder.explain.augmented import augmented
from builder.params import with_defaults
from builder.project import load_preset

PRESETS = {"segmentation": "images/unet", "detection": "images/detection"}
SEED = tf.constant([3, 4], tf.int32)


@pytest.fixture(scope="module", params=PRESETS)
def prepared(request, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    cache: Path = tmp_path_factory.mktemp("prepared")
    return prepare(load_preset(PRESETS[request.param]).data, cache)


def changed(prepared: Prepared, **values: object) -> tuple[np.ndarray, ...]:
    """Return pictures and answers of the first rows, before and after."""
    settings = with_defaults(AUGMENTATION_PARAMETERS, values)
    change = augmentation(settings, prepared.spec)
    assert change is not None
    pictures = np.asarray(prepared.arrays["image"][:24]).astype(np.float32)
    answers = np.asarray(prepared.targets[:24])
    arrays, targets, _ = change({"image": tf.constant(pictures)}, tf.constant(answers), None, SEED)
    return pictures, answers, arrays["image"].numpy(), targets.numpy()


@pytest.mark.parametrize(("name", "axis"), [("horizontal_flip", 2), ("vertical_flip", 1)])
def test_answers_are_mirrored_where_their_pictures_are(prepared: Prepared, name: str, axis: int) -> None:
    pictures, answers, new_pictures, new_answers = changed(prepared, **{name: True})
    is_mirrored = [not np.array_equal(old, new) for old, new in zip(pictures, new_pictures, strict=True)]
    assert 0 < sum(is_mirrored) < len(pictures)
    for place, mirrored in enumerate(is_mirrored):
        if not mirrored:
            assert new_answers[place] == pytest.approx(answers[place], abs=1e-6)
            continue
        assert np.array_equal(np.flip(pictures[place], axis - 1), new_pictures[place])
        if prepared.spec.predicts_boxes:
            low, high = (1, 3) if axis == 2 else (2, 4)
            assert np.array_equal(new_answers[place, :, 0], answers[place, :, 0])
            real = answers[place, :, 0] != IGNORED
            old, new = answers[place, real], new_answers[place, real]
            assert new[:, low] == pytest.approx(1 - old[:, high], abs=1e-6)
            assert new[:, high] == pytest.approx(1 - old[:, low], abs=1e-6)
        else:
            assert np.array_equal(np.flip(answers[place], axis - 1), new_answers[place])


def test_colors_change_and_answers_stay(prepared: Prepared) -> None:
    pictures, answers, new_pictures, new_answers = changed(prepared, brightness=0.2)
    assert not np.array_equal(pictures, new_pictures) and np.array_equal(answers, new_answers)


MOVING = {"rotation": 25, "zoom": 0.2, "shift": 0.1, "crop": 0.2, "horizontal_flip": True}


def test_masks_show_the_classes_of_the_moved_pixels() -> None:
    classes = np.asarray(Image.open(io.BytesIO(_scene())))
    masks = np.repeat(classes[np.newaxis].astype(np.int16), 16, axis=0)
    pictures = tf.constant(masks[..., np.newaxis] * 40, tf.float32)
    settings = with_defaults(AUGMENTATION_PARAMETERS, MOVING)
    moved, places = augmented_images(pictures, SEED, settings)
    found = moved_masks(tf.constant(masks), places, settings["fill"]).numpy()
    assert not np.array_equal(found, masks)
    # Between two classes the picture's pixels are blended; elsewhere they tell the class.
    tell = np.isclose(moved[..., 0] % 40, 0, atol=1e-3)
    assert tell.mean() > 0.7
    assert np.array_equal(np.rint(moved[..., 0].numpy()[tell] / 40), found[tell])


def _scene() -> bytes:
    with zipfile.ZipFile(SAMPLES_FOLDER / "clothes_scenes" / "scenes.zip") as scenes:
        return scenes.read(min(name for name in scenes.namelist() if "masks/" in name))


def test_black_edges_of_a_mask_belong_to_no_class() -> None:
    masks = tf.ones((8, 32, 32), tf.int16)
    places = movement({"shift_x": tf.fill((8,), 0.5)}, 32, 32)
    found = moved_masks(masks, places, "constant").numpy()
    assert set(np.unique(found)) == {IGNORED, 1}


def test_boxes_stay_around_the_things_that_moved() -> None:
    rows, columns = np.mgrid[:96, :96]
    thing = ((columns - 55) / 18) ** 2 + ((rows - 40) / 9) ** 2 <= 1
    pictures = tf.constant(np.repeat(thing[np.newaxis, ..., np.newaxis] * 255.0, 24, axis=0), tf.float32)
    box = [2, 37 / 96, 31 / 96, 74 / 96, 50 / 96]
    boxes = tf.constant([[box, [IGNORED, 0, 0, 0, 0]]] * 24, tf.float32)
    settings = with_defaults(AUGMENTATION_PARAMETERS, {**MOVING, "fill": "constant"})
    moved, places = augmented_images(pictures, SEED, settings)
    found = moved_boxes(boxes, places, 96, 96).numpy()
    assert (found[:, 1, 0] == IGNORED).all()
    seen = found[:, 0, 0] == 2
    assert seen.sum() > 12
    for picture, answer in zip(moved.numpy()[seen, ..., 0], found[seen, 0, 1:], strict=True):
        down, across = np.nonzero(picture > 127)
        true = [across.min(), down.min(), across.max() + 1, down.max() + 1]
        assert answer * 96 == pytest.approx(true, abs=2.5)


def test_a_box_that_leaves_the_picture_is_dropped() -> None:
    boxes = tf.constant([[[1, 0.0, 0.4, 0.2, 0.6]]] * 2, tf.float32)
    places = movement({"shift_x": tf.constant([0.19, 0.1])}, 64, 64)
    gone, cut = moved_boxes(boxes, places, 64, 64).numpy()[:, 0]
    assert gone[0] == IGNORED
    assert cut == pytest.approx([1, 0.0, 0.4, 0.1, 0.6], abs=1e-5)


def test_what_answers_do_not_follow_is_refused_and_not_offered(prepared: Prepared) -> None:
    task = prepared.spec.task
    assert check_augmentation({"vertical_flip": True, "hue": 0.1, "rotation": 10}, task, "word") == []
    (problem,) = check_augmentation({"erasing": 0.5, "cutmix": 1}, task, "word")
    assert "erasing, cutmix" in problem.message
    assert "rotation" in offered(task) and "erasing" not in offered(task)
    assert ("fill" in offered(task)) == (task == "segmentation")


def test_changed_pictures_are_shown_with_their_answers(prepared: Prepared) -> None:
    settings = with_defaults(AUGMENTATION_PARAMETERS, {"horizontal_flip": True})
    (item,) = augmented(replace(prepared, augmentation=settings))["inputs"]
    assert len(item["samples"]) == 4
    assert all(
        shown["image"].startswith("data:image/png") for one in item["samples"] for shown in one["after"]
    )
