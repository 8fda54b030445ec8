"""Pictures in class folders, in a folder or a zip of unknown origin, and as the samples' arrays."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

from builder.data.class_folders import FileKind, read_class_folders
from builder.data.files import BrokenFile
from builder.data.pixels import flattened, gray_range, is_deep, to_array
from builder.data.some_rows import spread
from builder.errors import Problem, stop

# The position of a picture in its file, as EXIF counts it: 1 is upright, 5 to 8 lie on a side.
TURN = "turn"
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
# What Pillow can turn into gray and into red, green and blue; it cannot do so with CIELAB.
_MODES = frozenset(
    ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "F")
    + ("I", "I;16", "I;16L", "I;16B", "I;16N")
)
PICTURES = FileKind(EXTENSIONS, "picture", "pictures")
# The numbers that are black and white.
Grays = tuple[float, float]
# The formats that hold more than 8 bits a pixel.
_DEEP_EXTENSIONS = (".png", ".tif", ".tiff", ".pgm")
_LOOKED_AT = 40
# Pictures are dark where nearly all pixels are below an eighth of white.
_NEARLY_ALL, _DARK = 0.999, 32
_PIXELS_LOOKED_AT = 100_000


class BrokenImage(BrokenFile):
    """A picture that cannot be decoded, with the reason in plain words."""


@dataclass(frozen=True)
class ImageSource:
    """The pictures of a source, not yet decoded.

    ``labels`` holds a class index a picture; ``read(row)`` decodes one picture and raises
    ``BrokenImage``; ``is_test`` marks the source's own test pictures, if it has any; ``grays`` are the
    numbers that are black and white, where there are pictures of more than 8 bits.
    """

    title: str
    names: Sequence[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    read: Callable[[int], Image.Image]
    files: tuple[Path, ...]
    is_test: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()
    grays: Grays | None = None


def read_images(path: Path, title: str | None = None) -> ImageSource:
    """Return the pictures of a folder or zip in which every class has a folder of its own.

    Pictures that all lie in one folder are of one class, which is enough to make up new ones.

    Raises:
        BuilderError: where there are no pictures, no class folders, or the archive is not safe to read.
    """
    found = read_class_folders(path, PICTURES, unsorted=True)
    title = title or path.name
    grays, problems = settled_grays(title, found.names, found.listed.read)
    return ImageSource(
        title=title,
        names=found.names,
        labels=found.labels,
        class_names=found.class_names,
        read=lambda row: decode_image(found.read(row), grays),
        files=found.files,
        is_test=found.is_test,
        problems=(*found.problems, *problems),
        grays=grays,
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


def settled_grays(
    title: str, names: Sequence[str], read: Callable[[str], bytes]
) -> tuple[Grays | None, tuple[Problem, ...]]:
    """Return which numbers are black and white in all files of a source that have more than 8 bits a pixel.

    They are found by some of the pictures; None where none of these is so deep.

    Args:
        title: what messages call the source.
        names: the paths of pictures.
        read: returns the bytes of one.
    """
    deep = [name for name in names if name.lower().endswith(_DEEP_EXTENSIONS)]
    pictures = (_deep_picture(read(deep[place])) for place in spread(len(deep), _LOOKED_AT))
    seen = [ends for picture in pictures if picture is not None and len(ends := _ends(picture))]
    if not seen:
        return None, ()
    grays = gray_range(seen)
    return grays, _gray_problems(title, grays, np.array(seen))


def _deep_picture(data: bytes) -> Image.Image | None:
    try:
        with _told_failures():
            # Nothing is decoded yet.
            if not is_deep(_opened(data)):
                return None
        return decode_plain(data)
    except BrokenImage:
        return None


def _ends(picture: Image.Image) -> np.ndarray:
    """Return the smallest and the largest number of a picture, or nothing where it holds no numbers."""
    values = np.asarray(picture)
    known = values[np.isfinite(values)]
    return np.array([known.min(), known.max()], dtype=np.float64) if known.size else np.empty(0)


def _gray_problems(title: str, grays: Grays, seen: np.ndarray) -> tuple[Problem, ...]:
    black, white = grays
    if black == 0 and (white <= 255 or white == 65535):
        return ()
    message = (
        f"The pictures of {title} are gray with more than 8 bits: they hold numbers from {seen.min():,.6g} "
        f"to {seen.max():,.6g}. {black:,.6g} is taken as black and {white:,.6g} as white, also in pictures "
        "of your own. If other numbers are, save them again with 8 bits, or spread over 0 to 65,535."
    )
    return (Problem("gray_range", message, field="source", severity="warning"),)


def dark_problems(title: str, pictures: Iterable[np.ndarray]) -> list[Problem]:
    """Return a warning where nothing much can be seen on any of some pictures, arrays of uint8."""
    some = (picture.ravel()[:: max(1, picture.size // _PIXELS_LOOKED_AT)] for picture in pictures)
    bright = [float(np.quantile(pixels, _NEARLY_ALL)) for pixels in some]
    if not bright or max(bright) >= _DARK:
        return []
    message = (
        f"The pictures of {title} are nearly black: hardly a pixel of those looked at is above "
        f"{max(bright):.0f}, where 255 is white. That is so where colors of 10 or 12 bits are stored in 16, "
        "or where pixels hold the numbers of classes. Save them again with their brightness spread."
    )
    return [Problem("dark_pictures", message, field="source", severity="warning")]


def decode_image(data: bytes, grays: Grays | None = None) -> Image.Image:
    """Return the picture in the bytes of a file, turned upright; its ``info[TURN]`` says from what position.

    With the ``grays`` of its source it has 8 bits a channel.

    Raises:
        BrokenImage: where the bytes are no picture, are cut off, or would unfold to too many pixels.
    """
    image = decode_plain(data)
    try:
        turn = image.getexif().get(ExifTags.Base.Orientation, 1)
        upright = ImageOps.exif_transpose(image)
        upright = upright if grays is None else flattened(upright, grays)
    except _FAILURES as error:
        raise BrokenImage("it is damaged or no picture") from error
    upright.info[TURN] = turn
    return upright


def decode_plain(data: bytes) -> Image.Image:
    """Return the picture in the bytes of a file as it is stored, whatever way up the file says it is.

    Raises:
        BrokenImage: as ``decode_image``.
    """
    with _told_failures():
        image = _opened(data)
        if image.width * image.height > MAXIMUM_PIXELS:
            raise BrokenImage(f"it has {image.width} x {image.height} pixels, too many")
        image.load()
        if image.mode not in _MODES:
            raise BrokenImage(f"its colors are stored as {image.mode}; save it again as RGB")
        return image


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=FORMATS)


@contextmanager
def _told_failures() -> Iterator[None]:
    """Tell in plain words what a reader of a format fails with.

    Raises:
        BrokenImage: where it does.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns about odd metadata; its warning about huge pictures comes with our own limit.
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise BrokenImage("it has too many pixels") from error
    except _FAILURES as error:
        raise BrokenImage("it is damaged or no picture") from error


def image_pixels(data: bytes, name: str = "the picture") -> np.ndarray:
    """Return the pixels in the bytes of a picture file, for a prediction.

    They are uint8, (height, width, 1 or 3), or of more than 8 bits (height, width), as the file holds them.

    Raises:
        BuilderError: where the bytes are no usable picture; the message calls it ``name``.
    """
    try:
        image = decode_image(data)
    except BrokenImage as error:
        raise stop("broken_image", f"{name} cannot be read: {error}. Choose another picture.") from error
    if is_deep(image):
        pixels = np.asarray(image)
        return pixels.astype(pixels.dtype.newbyteorder("="))
    flat = flattened(image)
    channels = 1 if flat.mode in ("1", "L") else 3
    return to_array(flat, flat.height, flat.width, channels)


def is_color(image: Image.Image) -> bool:
    """Tell whether a picture has colors: three different channels somewhere."""
    pixels = np.asarray(flattened(image).convert("RGB").resize((16, 16)), dtype=np.int16)
    return bool((np.ptp(pixels, axis=-1) > 8).any())
