"""Compose the sample of the segmentation preset: clothes of Fashion-MNIST on shaded ground, with masks.

    python -m benchmarks.compose_scenes FOLDER

writes ``scenes.zip`` (``images/``, ``masks/`` and ``classes.txt``). The scenes are made, not photographed:
the masks are thresholds of the clothes' own pixels, with a border of one pixel that belongs to no class.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from builder.data.sources import SAMPLES_FOLDER

SIDE = 64
SCENES = 420
TEST_SCENES = 100
# The places of the classes in Fashion-MNIST, and what they are called.
CLOTHES = {1: "trouser", 2: "pullover", 7: "sneaker", 8: "bag", 9: "ankle boot"}
THRESHOLD = 24
IGNORED = 255
SEED = 7
PALETTE = [0, 0, 0, 57, 135, 229, 217, 89, 38, 25, 158, 112, 201, 133, 0, 144, 133, 233]


def main() -> None:
    """Write the zip into the folder that is named on the command line."""
    random = np.random.default_rng(SEED)
    with np.load(SAMPLES_FOLDER / "fashion" / "fashion.npz") as arrays:
        parts = {part: (arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")}
    with zipfile.ZipFile(Path(sys.argv[1]) / "scenes.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("classes.txt", "\n".join(["background", *CLOTHES.values()]) + "\n")
        for number in range(SCENES):
            part = "test" if number < TEST_SCENES else "train"
            picture, mask = scene(*parts[part], random)
            archive.writestr(f"{part}/images/{number:03}.png", png(Image.fromarray(picture)))
            painted = Image.fromarray(mask, "P")
            painted.putpalette(PALETTE + [255] * (768 - len(PALETTE)))
            archive.writestr(f"{part}/masks/{number:03}.png", png(painted))


def scene(
    pictures: np.ndarray, labels: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a gray scene of two to four pieces of clothing and its mask, uint8 (64, 64) both."""
    ground = shaded(random)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    usable = np.flatnonzero(np.isin(labels, list(CLOTHES)))
    for row in random.choice(usable, random.integers(2, 5), replace=False):
        own = pictures[row].astype(np.float32)
        own = ndimage.zoom(own, random.uniform(0.8, 1.3), order=1)
        inside = ndimage.binary_fill_holes(own > THRESHOLD)
        top, left = (random.integers(-4, SIDE - size + 5) for size in own.shape)
        rows = slice(max(top, 0), min(top + own.shape[0], SIDE))
        columns = slice(max(left, 0), min(left + own.shape[1], SIDE))
        cut = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        inside, own = inside[cut], own[cut]
        ground[rows, columns] = np.where(inside, np.maximum(own, 60), ground[rows, columns])
        border = ndimage.binary_dilation(inside) & ~inside
        place = list(CLOTHES).index(int(labels[row])) + 1
        own_mask = mask[rows, columns]
        mask[rows, columns] = np.where(inside, place, np.where(border, IGNORED, own_mask))
    return np.uint8(np.round(ground.clip(0, 255) / 4) * 4), mask


def shaded(random: np.random.Generator) -> np.ndarray:
    """Return a ground of soft spots and a slope of light, float32 (64, 64)."""
    spots = ndimage.zoom(random.uniform(0, 110, (5, 5)), SIDE / 5, order=1)[:SIDE, :SIDE]
    slope = np.linspace(*random.uniform(0, 60, 2), SIDE)
    return (spots + (slope if random.random() < 0.5 else slope[:, np.newaxis])).astype(np.float32)


def png(image: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


if __name__ == "__main__":
    main()
