"""Pictures in class folders, in a folder or a zip of unknown origin, and as the samples' arrays."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from builder.data.archives import FolderFiles, ZipFiles, list_folder, list_zip
from builder.data.naming import natural_key
from builder.errors import Problem, stop

MAXIMUM_PIXELS = 50_000_000
# Formats whose readers start no other program.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
# Damaged files make the readers of the formats fail in all these ways.
_FAILURES = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    struct.error,
)
_TEST_FOLDERS = frozenset({"test", "testing"})
_PART_FOLDERS = _TEST_FOLDERS | {"train", "training", "val", "valid", "validation"}


class BrokenImage(Exception):
    """A picture that cannot be decoded, with the reason in plain words."""


@dataclass(frozen=True)
class ImageSource:
    """The pictures of a source, not yet decoded.

    ``labels`` holds a class index a picture; ``read(row)`` decodes one picture and raises
    ``BrokenImage``; ``is_test`` marks the source's own test pictures, if it has any.
    """

    title: str
    names: Sequence[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    read: Callable[[int], Image.Image]
    files: tuple[Path, ...]
    is_test: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()


def read_images(path: Path, title: str | None = None) -> ImageSource:
    """Return the pictures of a folder or zip in which every class has a folder of its own.

    A class is named by the path of its folder below the folder that all share. Top folders named
    train, val or test are parts, not classes; the pictures under test become the given test part.

    Raises:
        BuilderError: where there are no pictures, no class folders, or the archive is not safe to read.
    """
    listed: FolderFiles | ZipFiles = list_folder(path) if path.is_dir() else list_zip(path)
    pictures = [name for name in listed.names if name.lower().endswith(EXTENSIONS)]
    others = [name for name in listed.names if not name.lower().endswith(EXTENSIONS)]
    if not pictures:
        message = (
            f"{path.name} holds no pictures. Put files such as {', '.join(EXTENSIONS[:4])} into one folder "
            "for "
            "each class."
        )
        raise stop("no_images", message, field="source")
    parts, is_test = _without_part_folders(_below_common(pictures))
    classes = _classes(path, pictures, parts)
    class_names = tuple(sorted(set(classes), key=natural_key))
    index = {name: number for number, name in enumerate(class_names)}
    return ImageSource(
        title=title or path.name,
        names=pictures,
        labels=np.array([index[name] for name in classes], dtype=np.int32),
        class_names=class_names,
        read=lambda row: decode_image(listed.read(pictures[row])),
        files=tuple(path / name for name in pictures) if path.is_dir() else (path,),
        is_test=is_test,
        problems=(*listed.problems, *_skipped(path, others)),
    )


def read_image_arrays(path: Path, class_names: tuple[str, ...], title: str) -> ImageSource:
    """Return the pictures of a NumPy archive with ``x_train``, ``y_train``, ``x_test``, ``y_test``.

    ``x_…`` are uint8, (rows, height, width) or (rows, height, width, 3); ``y_…`` class indices.
    """
    with np.load(path, allow_pickle=False) as arrays:
        pictures = np.concatenate([arrays["x_train"], arrays["x_test"]])
        labels = np.concatenate([arrays["y_train"], arrays["y_test"]])
        test_rows = len(arrays["y_test"])
    return ImageSource(
        title=title,
        names=[f"picture {number}" for number in range(1, len(labels) + 1)],
        labels=labels.astype(np.int32),
        class_names=class_names,
        read=lambda row: Image.fromarray(pictures[row]),
        files=(path,),
        is_test=np.arange(len(labels)) >= len(labels) - test_rows,
    )


def decode_image(data: bytes) -> Image.Image:
    """Return the picture in the bytes of a file, turned upright.

    Raises:
        BrokenImage: where the bytes are no picture, are cut off, or would unfold to too many pixels.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns about odd metadata; its warning about huge pictures comes with our own limit.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MAXIMUM_PIXELS:
                raise BrokenImage(f"it has {image.width} x {image.height} pixels, too many")
            image.load()
            return ImageOps.exif_transpose(image)
    except Image.DecompressionBombError as error:
        raise BrokenImage("it has too many pixels") from error
    except _FAILURES as error:
        raise BrokenImage("it is damaged or no picture") from error


def image_pixels(data: bytes, name: str = "the picture") -> np.ndarray:
    """Return the pixels in the bytes of a picture file, for a prediction: uint8, (height, width, 1 or 3).

    Raises:
        BuilderError: where the bytes are no usable picture; the message calls it ``name``.
    """
    try:
        image = decode_image(data)
    except BrokenImage as error:
        raise stop("broken_image", f"{name} cannot be read: {error}. Choose another picture.") from error
    flat = _flattened(image)
    channels = 1 if flat.mode in ("1", "L") else 3
    return to_array(flat, flat.height, flat.width, channels)


def is_color(image: Image.Image) -> bool:
    """Tell whether a picture has colors: three different channels somewhere."""
    pixels = np.asarray(_flattened(image).convert("RGB").resize((16, 16)), dtype=np.int16)
    return bool((np.ptp(pixels, axis=-1) > 8).any())


def to_array(image: Image.Image, height: int, width: int, channels: int) -> np.ndarray:
    """Return a picture of any mode and size as uint8, shape (height, width, channels).

    Transparent pixels become white; 16-bit gray is scaled to 8 bit; resizing is bilinear with
    smoothing when it shrinks. ``channels`` is 1 (gray) or 3 (red, green, blue).
    """
    flat = _flattened(image).convert("L" if channels == 1 else "RGB")
    if flat.size != (width, height):
        flat = flat.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(flat, dtype=np.uint8).reshape(height, width, channels)


def _flattened(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if values.max(initial=0) > 255 else 255.0
        return Image.fromarray(np.uint8(np.round(values.clip(0, top) * (255.0 / top))))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    return image


def _below_common(names: list[str]) -> list[tuple[str, ...]]:
    """Return each picture's folders, without the ones that all pictures share."""
    folders = [tuple(name.split("/")[:-1]) for name in names]
    shared = 0
    while all(len(item) > shared and item[shared] == folders[0][shared] for item in folders):
        shared += 1
    return [item[shared:] for item in folders]


def _without_part_folders(folders: list[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], np.ndarray | None]:
    tops = {item[0].lower() if len(item) > 1 else "" for item in folders}
    if not tops <= _PART_FOLDERS:
        return folders, None
    is_test = np.array([item[0].lower() in _TEST_FOLDERS for item in folders])
    return [item[1:] for item in folders], is_test if is_test.any() and not is_test.all() else None


def _classes(path: Path, pictures: list[str], folders: list[tuple[str, ...]]) -> list[str]:
    loose = [name for name, item in zip(pictures, folders, strict=True) if not item]
    if not loose:
        return ["/".join(item) for item in folders]
    if len(loose) == len(pictures):
        message = (
            f"All {len(pictures):,} pictures of {path.name} lie in one folder, so there is only one class. "
            "Put the "
            "pictures of each class into a folder of its own, named after the class."
        )
        raise stop("one_class", message, field="source")
    message = (
        f"{len(loose):,} picture(s) of {path.name} lie beside the class folders (for example {loose[0]}), "
        "so their "
        "class is not known. Move them into the folder of their class or remove them."
    )
    raise stop("image_without_class", message, field="source")


def _skipped(path: Path, others: list[str]) -> list[Problem]:
    if not others:
        return []
    message = (
        f"{len(others):,} file(s) of {path.name} are no pictures and were left out, for example {others[0]}."
    )
    return [Problem("files_skipped", message, field="source", severity="warning")]
