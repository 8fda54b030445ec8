"""How training samples are changed at random, declared once: form, checks and input pipeline read it.

Nothing is changed by default. Only training rows are ever changed, and only on their way to the model:
what is validated, tested and exported never is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.errors import Problem
from builder.params import Boolean, Choice, Float, Integer, Parameter, Text, with_defaults

BUNDLED_SYNONYMS = "bundled"

_IMAGE = (
    Parameter("rotation", Float(0, 180), 0, "Turn by up to so many degrees, either way."),
    Parameter("zoom", Float(0, 0.9), 0, "Enlarge or shrink by up to this share, such as 0.2."),
    Parameter("shift", Float(0, 0.9), 0, "Move by up to this share of the width and the height."),
    Parameter(
        "crop",
        Float(0, 0.9),
        0,
        "Cut off up to this share of the sides at a place chosen by chance, and enlarge what is left.",
    ),
    Parameter("horizontal_flip", Boolean(), False, "Mirror left and right in half of the cases."),
    Parameter(
        "vertical_flip", Boolean(), False, "Mirror top and bottom in half of the cases. Seldom fits photos."
    ),
    Parameter("brightness", Float(0, 1), 0, "Make lighter or darker by up to this share of the full range."),
    Parameter("contrast", Float(0, 1), 0, "Raise or lower the contrast by up to this share."),
    Parameter("saturation", Float(0, 1), 0, "Make colors stronger or paler by up to this share."),
    Parameter("hue", Float(0, 0.5), 0, "Turn the circle of colors by up to this share; 0.5 turns it around."),
    Parameter(
        "erasing",
        Float(0, 1),
        0,
        "How often a rectangle is painted over, so that the model looks at more than one detail.",
    ),
    Parameter(
        "rand_augment",
        Integer(0, 8),
        0,
        "RandAugment: so many changes for every picture, out of twelve chosen by chance.",
        label="RandAugment changes",
        advanced=True,
    ),
    Parameter(
        "rand_augment_strength",
        Float(0, 1),
        0.3,
        "How far each change of RandAugment goes.",
        label="RandAugment strength",
        advanced=True,
        when={"rand_augment": tuple(range(1, 9))},
    ),
    Parameter(
        "fill",
        Choice(("reflect", "nearest", "constant")),
        "reflect",
        "What moves in at the edges: a mirror image, the edge's own pixels, or black.",
        label="Edges",
        advanced=True,
    ),
    Parameter(
        "cutmix",
        Float(0, 4),
        0,
        "CutMix: paste a piece of another picture, and ask for both answers by their shares. 1 is usual, "
        "0 is off.",
        label="CutMix",
        advanced=True,
    ),
)
_IMAGE_AND_AUDIO = (
    Parameter(
        "mixup",
        Float(0, 4),
        0,
        "MixUp: blend two samples, and ask for both answers by their shares. 0.2 is usual, 0 is off.",
        label="MixUp",
        advanced=True,
    ),
)
_TEXT = (
    Parameter(
        "synonym_replacement",
        Float(0, 0.5),
        0,
        "Share of the words that give way to one of their synonyms. For texts cut into words.",
    ),
    Parameter("word_deletion", Float(0, 0.5), 0, "Share of the words, or pieces, that are left out."),
    Parameter(
        "word_insertion",
        Float(0, 0.5),
        0,
        "Share of the places where another word of the text is put in, or a synonym of it.",
    ),
    Parameter("word_swap", Float(0, 0.5), 0, "Share of the words that change places with each other."),
    Parameter(
        "synonyms",
        Text(20_000),
        BUNDLED_SYNONYMS,
        "'bundled' is a small English table. Yours: words with the same meaning between commas, groups "
        "between semicolons, such as 'good, fine, great; bad, poor'.",
        advanced=True,
    ),
)
_AUDIO = (
    Parameter("noise", Float(0, 1), 0, "Add noise of up to this share of the sound's own strength."),
    Parameter("gain", Float(0, 40), 0, "Make louder or softer by up to so many decibels.", label="Volume"),
    Parameter("speed", Float(0, 0.5), 0, "Play faster or slower by up to this share; the pitch follows."),
    Parameter("time_shift", Float(0, 0.5), 0, "Move by up to this share of the length."),
    Parameter("time_mask", Float(0, 0.9), 0, "Silence a stretch of up to this share of the length."),
    Parameter(
        "frequency_mask",
        Float(0, 0.9),
        0,
        "Silence a band of up to this share of the pitches, as SpecAugment does in the spectrogram.",
    ),
)

AUGMENTATIONS: Mapping[str, tuple[Parameter, ...]] = {
    "image": (*_IMAGE, *_IMAGE_AND_AUDIO),
    "text": _TEXT,
    "audio": (*_AUDIO, *_IMAGE_AND_AUDIO),
}
AUGMENTATION_PARAMETERS: tuple[Parameter, ...] = (*_IMAGE, *_IMAGE_AND_AUDIO, *_TEXT, *_AUDIO)
# Settings that only say how others work.
_HOW = ("rand_augment_strength", "fill", "synonyms")
# The answers of these tasks say something about a sample as a whole, which holds after a change as well.
AUGMENTED_TASKS = ("classification", "multi_label", "ordinal", "regression", "count")
MIXED_TASKS = ("classification", "multi_label")
# Masks and boxes move along with their pictures. A painted or mixed picture would need another answer.
ANSWERED_WITH_PICTURES = ("segmentation", "detection")
_FOLLOWED = tuple(item.name for item in _IMAGE if item.name not in ("erasing", "cutmix"))


def augments(values: Mapping[str, Any], kind: str | None = None) -> bool:
    """Tell whether any sample, or any of one kind, is changed by these settings."""
    declared = AUGMENTATION_PARAMETERS if kind is None else AUGMENTATIONS.get(kind, ())
    return any(values.get(item.name) for item in declared if item.name not in _HOW)


def offered(task: str) -> tuple[str, ...]:
    """Return the names of the settings that suit a task; those of any kind of data."""
    if task in ANSWERED_WITH_PICTURES:
        # What moves in at the edges of a picture with boxes must hold nothing that has none.
        return tuple(name for name in _FOLLOWED if name != "fill" or task == "segmentation")
    if task not in AUGMENTED_TASKS:
        return ()
    mixing = () if task in MIXED_TASKS else ("mixup", "cutmix")
    return tuple(item.name for item in AUGMENTATION_PARAMETERS if item.name not in mixing)


def mixes(values: Mapping[str, Any]) -> bool:
    """Tell whether two samples may become one, whose answer is a mixture."""
    return bool(values.get("mixup") or values.get("cutmix"))


def check_augmentation(values: Mapping[str, Any], task: str, tokenizer: str) -> list[Problem]:
    """Return how augmentation misfits the rest of a recipe; every value by itself is good.

    Args:
        values: the given settings.
        task: the recipe's task.
        tokenizer: what texts are cut into.
    """
    chosen = with_defaults(AUGMENTATION_PARAMETERS, values)
    if task in ANSWERED_WITH_PICTURES:
        return _not_followed(chosen)
    if augments(chosen) and task not in AUGMENTED_TASKS:
        message = (
            "Augmentation changes samples whose answer stays the same. The task of this project asks for an "
            "answer at every place, which would have to move along. Set the augmentation to 0."
        )
        return [Problem("augmentation_misfit", message, field="augmentation")]
    if mixes(chosen) and task not in MIXED_TASKS:
        message = "MixUp and CutMix mix the classes of two samples, so they need classes. Set them to 0."
        return [Problem("mixing_needs_classes", message, field="mixup")]
    if chosen["synonym_replacement"] and tokenizer != "word":
        message = (
            "Synonyms take the place of whole words, but the texts are cut into smaller pieces. Cut them "
            "into words, or set the synonym replacement to 0."
        )
        return [Problem("synonyms_need_words", message, field="synonym_replacement")]
    return []


def _not_followed(chosen: Mapping[str, Any]) -> list[Problem]:
    """Return the changes that masks or boxes cannot follow."""
    names = [name for name, value in chosen.items() if value and name not in (*_FOLLOWED, *_HOW)]
    if not names:
        return []
    words = ", ".join(name.replace("_", " ") for name in names)
    message = (
        f"The masks or boxes of the pictures would no longer be right after: {words}. Set it to 0; turning, "
        "moving, mirroring and colors may stay."
    )
    return [Problem("augmentation_misfit", message, field="augmentation")]
