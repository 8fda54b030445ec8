"""Pictures with a mask each, in two parallel folders of a folder or zip of unknown origin."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from builder.data.archives import Files, list_files
from builder.data.class_folders import TEST_FOLDERS
from builder.data.encodings import encoding_of
from builder.data.files import BrokenFile
from builder.data.images import EXTENSIONS, Grays, decode_image, decode_plain, settled_grays
from builder.errors import Problem, stop

MASK_FOLDERS = frozenset(
    ("mask", "masks", "label", "labels", "annotation", "annotations", "segmentation", "segmentations")
    + ("segmentationclass", "gt", "ground_truth", "groundtruth", "target", "targets")
)
PICTURE_FOLDERS = frozenset(("image", "images", "img", "imgs", "jpegimages", "picture", "pictures", "photos"))
CLASS_FILES = ("classes.txt", "labels.txt", "class_names.txt")
# What Pascal VOC and most tools write where a pixel belongs to no class.
IGNORED_VALUE = 255
_ENDING = re.compile(r"[_\-. ](mask|masks|seg|segmentation|label|labels|gt|labelids)$", re.IGNORECASE)
_SHOWN = 5


@dataclass(frozen=True)
class MaskSource:
    """The pictures of a source and their masks, not yet decoded.

    ``read(row)`` decodes a picture, ``read_mask(row)`` its mask as class values, uint8 (height, width); both
    raise ``BrokenFile``. ``named`` holds the names of the values 0, 1, … where a file says them; ``grays`` is
    as in an ``ImageSource``.
    """

    title: str
    names: Sequence[str]
    read: Callable[[int], Image.Image]
    read_mask: Callable[[int], np.ndarray]
    files: tuple[Path, ...]
    named: tuple[str, ...] = ()
    is_test: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()
    grays: Grays | None = None


@dataclass
class _Found:
    pictures: dict[str, str] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)


def holds_masks(names: Sequence[str]) -> bool:
    """Tell whether files, by their paths, are pictures and masks: in folders named so, with equal stems."""
    found = _sorted_out(names)
    return bool(found.masks) and len(found.masks.keys() & found.pictures.keys()) > 0.5 * len(found.masks)


def read_masks(path: Path, title: str | None = None) -> MaskSource:
    """Return the pictures of a folder or zip that have a mask: ``images/x.jpg`` and ``masks/x.png``.

    Folders named train, val or test may stand above or below. A file ``classes.txt`` names the values of the
    masks, line by line from 0.

    Raises:
        BuilderError: where there are no pairs, or the archive is not safe to read.
    """
    listed = list_files(path)
    found = _sorted_out(listed.names)
    keys = sorted(found.pictures.keys() & found.masks.keys())
    if not keys:
        raise _no_pairs(path, found)
    tests = [bool(TEST_FOLDERS & set(key.lower().split("/")[:-1])) for key in keys]
    pictures, masks = [found.pictures[key] for key in keys], [found.masks[key] for key in keys]
    title = title or path.name
    grays, problems = settled_grays(title, pictures, listed.read)
    return MaskSource(
        title=title,
        names=pictures,
        read=lambda row: decode_image(listed.read(pictures[row]), grays),
        read_mask=lambda row: mask_values(listed.read(masks[row])),
        files=tuple(path / name for name in (*pictures, *masks)) if path.is_dir() else (path,),
        named=_named(listed),
        is_test=np.array(tests) if any(tests) and not all(tests) else None,
        problems=(*listed.problems, *_alone(path, found), *problems),
        grays=grays,
    )


def mask_values(data: bytes) -> np.ndarray:
    """Return the class values in the bytes of a mask, uint8 (height, width).

    Raises:
        BrokenFile: where they are no picture, or one whose values cannot be classes.
    """
    image = decode_plain(data)
    if image.format == "JPEG":
        raise BrokenFile("it is a JPEG, which changes values while saving; masks must be PNG files")
    if image.mode in ("1", "P", "L"):
        values = np.asarray(image)
        return (values * np.uint8(255 if image.mode == "1" else 1)).astype(np.uint8)
    if image.mode.startswith("I"):
        wide = np.asarray(image)
        if wide.min(initial=0) < 0 or wide.max(initial=0) > 255:
            raise BrokenFile("it has values above 255, too many for classes")
        return wide.astype(np.uint8)
    colors = np.asarray(image.convert("RGB"))
    if (colors != colors[..., :1]).any():
        raise BrokenFile("it is in color; save masks with a palette or in gray, one value a class")
    return colors[..., 0]


def class_values(found: Sequence[int], named: Sequence[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the values of masks that are classes, and a name for each.

    255 beside other values than 0 marks pixels to be left out, as in Pascal VOC; masks of 0 and 255 alone
    are background and object, whatever the two are called.

    Args:
        found: the values that the masks hold.
        named: the names of the values 0, 1, …; empty where nothing names them.
    """
    values = sorted(set(found))
    if values == [0, IGNORED_VALUE] and len(named) in (0, 2):
        return (0, IGNORED_VALUE), tuple(named) or ("background", "object")
    if named:
        return tuple(range(len(named))), tuple(named)
    kept = tuple(value for value in values if value != IGNORED_VALUE)
    return kept, tuple(f"class {value}" for value in kept)


def unnamed_values(source: MaskSource, found: Sequence[int], values: Sequence[int]) -> list[Problem]:
    """Return a warning where masks hold values that are no class, because the file of names ends before.

    Args:
        source: the pictures and their masks.
        found: the values that the masks hold.
        values: those that are classes, from ``class_values``.
    """
    others = sorted(set(found) - set(values) - {IGNORED_VALUE})
    if not others:
        return []
    lines = len(source.named)
    message = (
        f"The masks of {source.title} hold the value(s) {', '.join(map(str, others[:_SHOWN]))}"
        f"{' …' if len(others) > _SHOWN else ''}, but the file of class names has {lines} line(s), for the "
        f"values 0 to {lines - 1}. Pixels of other values are left out. Add a line for each value, or save "
        "the masks again with these values."
    )
    return [Problem("values_without_name", message, field="source", severity="warning")]


def _sorted_out(names: Sequence[str]) -> _Found:
    """Sort pictures from masks by the folders in their paths; the keys are what both have in common."""
    found = _Found()
    for name in names:
        if not name.lower().endswith(EXTENSIONS):
            continue
        *folders, file = name.split("/")
        stem = file.rsplit(".", 1)[0]
        if any(folder.lower() in MASK_FOLDERS for folder in folders):
            kept = [folder for folder in folders if folder.lower() not in MASK_FOLDERS]
            found.masks["/".join([*kept, _ENDING.sub("", stem)])] = name
        else:
            kept = [folder for folder in folders if folder.lower() not in PICTURE_FOLDERS]
            found.pictures["/".join([*kept, stem])] = name
    return found


def _named(listed: Files) -> tuple[str, ...]:
    file = next((name for name in listed.names if name.lower().rsplit("/", 1)[-1] in CLASS_FILES), None)
    if file is None:
        return ()
    data = listed.read(file)
    lines = [line.strip() for line in data.decode(encoding_of(data), "replace").splitlines()]
    return tuple(line for line in lines if line)[:IGNORED_VALUE]


def _no_pairs(path: Path, found: _Found) -> Exception:
    if found.masks and found.pictures:
        mask, picture = next(iter(found.masks.values())), next(iter(found.pictures.values()))
        what = f"no picture and mask have the same name (such as {picture} and {mask})"
    else:
        what = f"it has {len(found.pictures):,} picture(s) and {len(found.masks):,} mask(s)"
    message = (
        f"{path.name} holds no pictures with masks: {what}. Put the pictures into a folder 'images' and, "
        "under the same names, the masks as PNG files into a folder 'masks' beside it."
    )
    return stop("no_masks", message, field="source")


def _alone(path: Path, found: _Found) -> list[Problem]:
    problems = []
    for one, own, others in (
        ("picture(s)", found.pictures, found.masks),
        ("mask(s)", found.masks, found.pictures),
    ):
        alone = [name for key, name in own.items() if key not in others]
        if alone:
            lacking = "mask" if one == "picture(s)" else "picture"
            message = (
                f"{len(alone):,} {one} of {path.name} have no {lacking} and were left out: "
                f"{', '.join(alone[:_SHOWN])}{' …' if len(alone) > _SHOWN else ''}."
            )
            problems.append(Problem("files_skipped", message, field="source", severity="warning"))
    return problems
