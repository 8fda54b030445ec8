"""Masks and boxes are mirrored with their pictures, and follow no other change."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from builder.augmentation_parameters import AUGMENTATION_PARAMETERS, check_augmentation, offered
from builder.data.augmentation import augmentation
from builder.data.prepare import Prepared, prepare
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
            assert np.array_equal(answers[place], new_answers[place])
            continue
        assert np.array_equal(np.flip(pictures[place], axis - 1), new_pictures[place])
        if prepared.spec.predicts_boxes:
            low, high = (1, 3) if axis == 2 else (2, 4)
            assert new_answers[place, :, low] == pytest.approx(1 - answers[place, :, high], abs=1e-6)
            assert new_answers[place, :, high] == pytest.approx(1 - answers[place, :, low], abs=1e-6)
            assert np.array_equal(new_answers[place, :, 0], answers[place, :, 0])
        else:
            assert np.array_equal(np.flip(answers[place], axis - 1), new_answers[place])


def test_colors_change_and_answers_stay(prepared: Prepared) -> None:
    pictures, answers, new_pictures, new_answers = changed(prepared, brightness=0.2)
    assert not np.array_equal(pictures, new_pictures) and np.array_equal(answers, new_answers)


def test_what_answers_do_not_follow_is_refused_and_not_offered(prepared: Prepared) -> None:
    task = prepared.spec.task
    assert check_augmentation({"vertical_flip": True, "hue": 0.1}, task, "word") == []
    (problem,) = check_augmentation({"rotation": 10, "cutmix": 1}, task, "word")
    assert "rotation, cutmix" in problem.message
    assert "horizontal_flip" in offered(task) and "rotation" not in offered(task)


def test_changed_pictures_are_shown_with_their_answers(prepared: Prepared) -> None:
    settings = with_defaults(AUGMENTATION_PARAMETERS, {"horizontal_flip": True})
    (item,) = augmented(replace(prepared, augmentation=settings))["inputs"]
    assert len(item["samples"]) == 4
    assert all(
        shown["image"].startswith("data:image/png") for one in item["samples"] for shown in one["after"]
    )
