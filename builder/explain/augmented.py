"""Some training samples as they are, and as augmentation changes them on their way to the model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from builder.data.audio import Recording
from builder.data.augmentation import augmentation, mixes_samples
from builder.data.labels import label_words
from builder.data.overlays import with_boxes, with_classes
from builder.data.pixels import as_pixels
from builder.data.prepare import Prepared
from builder.data.preprocessing import audio_input
from builder.data.showing import picture_address, sound_address
from builder.data.spec import ModelInput
from builder.data.tokenizers import text_of
from builder.detections import plain_boxes, true_boxes
from builder.explain.preview.png import colored
from builder.tasks import TASKS

SAMPLES = 4
VARIANTS = 3
_PICTURE_SIDE = 160
_SHOWN_KINDS = ("image", "audio", "text")


def augmented(
    prepared: Prepared, seed: int = 0, samples: int = SAMPLES, variants: int = VARIANTS
) -> dict[str, Any]:
    """Return training samples before and after augmentation, ready to be shown.

    Args:
        prepared: the data, with the augmentation of their recipe.
        seed: other samples and other changes for every number.
        samples: how many samples.
        variants: how often each is changed.

    Returns:
        ``{"inputs": [{"kind", "samples": [{"before": shown, "after": [shown, …]}, …]}, …]}``, one for every
        input of pictures, sound or text. ``shown`` is ``{"label"}`` and ``{"image"}`` (a PNG data address),
        ``{"text"}``, or ``{"sound", "spectrogram"}`` (WAV and PNG data addresses).

    Raises:
        BuilderError: ``mixing_misfit`` where samples are to be mixed that cannot be.
    """
    random = np.random.default_rng(seed)
    training = np.asarray(prepared.indices["train"])
    rows = np.sort(random.choice(training, min(samples, len(training)), replace=False))
    before = {name: tf.constant(_as_entered(array[rows])) for name, array in prepared.arrays.items()}
    targets = tuple(tf.constant(array[rows]) for array in prepared.all_targets)
    targets = targets if len(targets) > 1 else targets[0]
    change = augmentation(prepared.augmentation, prepared.spec)
    results = [(before, targets)]
    for number in range(variants):
        own_seed = tf.constant([seed, number], tf.int32)
        changed = (before, targets, None) if change is None else change(before, targets, None, own_seed)
        results.append(changed[:2])
    shown = [item for item in prepared.spec.inputs if item.kind in _SHOWN_KINDS]
    return {"inputs": [_shown_input(prepared, item, results) for item in shown]}


def _as_entered(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype in (np.uint8, np.int16) else np.asarray(array)


def _shown_input(prepared: Prepared, item: ModelInput, results: list[tuple[Any, Any]]) -> dict[str, Any]:
    is_mixed = mixes_samples(prepared.augmentation, prepared.spec)
    columns = []
    for number, (arrays, targets) in enumerate(results):
        values = np.asarray(arrays[item.arrays[0].name])
        first = targets[0] if isinstance(targets, tuple) else targets
        if TASKS[prepared.spec.task].of_pictures:
            columns.append(
                [{**one, "label": ""} for one in _pictures(item, _answered(prepared, values, first))]
            )
            continue
        shown = _SHOW[item.kind](item, values)
        labels = [_label(prepared, target, is_mixed and number > 0) for target in np.asarray(first)]
        columns.append([{**one, "label": label} for one, label in zip(shown, labels, strict=True)])
    rows = [{"before": first, "after": list(others)} for first, *others in zip(*columns, strict=True)]
    return {"kind": item.kind, "samples": rows}


def _label(prepared: Prepared, target: Any, is_share: bool) -> str:
    names = prepared.spec.class_names
    if prepared.spec.predicts_labels and not is_share:
        return label_words(target, names)
    if not is_share:
        return names[int(target)] if names else f"{float(target):g}"
    likeliest = np.argsort(-target, kind="stable")[: None if prepared.spec.predicts_labels else 2]
    return ", ".join(f"{target[place]:.0%} {names[place]}" for place in likeliest if target[place] > 0)


def _pictures(item: ModelInput, values: np.ndarray) -> list[dict[str, Any]]:
    pixels = as_pixels(values)
    images = [Image.fromarray(one[..., 0] if one.shape[-1] == 1 else one) for one in pixels]
    return [{"image": picture_address(_enlarged(image), _PICTURE_SIDE)} for image in images]


def _answered(prepared: Prepared, values: np.ndarray, targets: Any) -> np.ndarray:
    """Return pictures with their masks or boxes drawn on them, uint8 (samples, height, width, 3)."""
    pixels = as_pixels(values)
    drawn = []
    for picture, target in zip(pixels, np.asarray(targets), strict=True):
        if prepared.spec.predicts_boxes:
            classes, boxes = true_boxes(target)
            drawn.append(with_boxes(picture, plain_boxes(classes, boxes), max(picture.shape)))
        else:
            drawn.append(with_classes(picture, target))
    return np.stack(drawn)


def _enlarged(image: Image.Image) -> Image.Image:
    """Return a small picture with large pixels: smoothed ones would hide what was changed."""
    times = max(1, _PICTURE_SIDE // max(image.size))
    return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)


def _sounds(item: ModelInput, values: np.ndarray) -> list[dict[str, Any]]:
    rate = item.settings["rate"]
    inputs, output = audio_input(
        "audio", values.shape[1], rate, "log_mel_sequence", item.settings["mel_bins"]
    )
    spectrograms = np.asarray(keras.Model(inputs[0], output)(values))
    found = []
    for samples, spectrogram in zip(values / 32768, spectrograms, strict=True):
        image = Image.fromarray(colored(np.flipud(spectrogram.T)))
        # As wide as a row shows it; the smallest frequencies below.
        image = image.resize((320, 80), Image.Resampling.NEAREST)
        found.append(
            {
                "sound": sound_address(Recording(samples.astype(np.float32), rate)),
                "spectrogram": picture_address(image, 320),
            }
        )
    return found


def _texts(item: ModelInput, values: np.ndarray) -> list[dict[str, Any]]:
    return [{"text": text_of(item.settings, [int(token) for token in row if token])} for row in values]


_SHOW = {"image": _pictures, "audio": _sounds, "text": _texts}
