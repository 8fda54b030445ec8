"""Pictures of more than 8 bits a pixel, as microscopes write them, are as bright as they were meant."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.data.encode import encode
from builder.data.images import image_pixels
from builder.data.prepare import Prepared, prepare
from builder.data.profile import profile, propose
from builder.data.showing import small
from builder.data.sniffing import source_at
from builder.data.sources import Content, open_source
from builder.serving.samples import samples_of

SIDE = 16


def saved(values: np.ndarray, form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, form)
    return stream.getvalue()


def pictures(white: float, dtype: str = "uint16", black: float = 0) -> list[np.ndarray]:
    """Return pictures of which some are dark and the last ones reach from black to white."""
    random = np.random.default_rng(1)
    shares = random.random((20, SIDE, SIDE)) * np.linspace(0.05, 1, 20)[:, np.newaxis, np.newaxis]
    shares[-2:, 0, :2] = 0, 1
    return list((black + shares * (white - black)).astype(dtype))


def class_folders(values: list[np.ndarray], form: str = "PNG") -> dict[str, bytes]:
    ending = {"PNG": "png", "TIFF": "tif"}[form]
    return {f"{'ab'[n % 2]}/{n}.{ending}": saved(item, form) for n, item in enumerate(values)}


def masks(values: list[np.ndarray], form: str = "PNG") -> dict[str, bytes]:
    marked = np.zeros((SIDE, SIDE), np.uint8)
    marked[4:8] = 1
    images = {f"images/{n}.png": saved(item, form) for n, item in enumerate(values)}
    return images | {f"masks/{n}.png": saved(marked) for n in range(len(values))}


def boxes(values: list[np.ndarray], form: str = "PNG") -> dict[str, bytes]:
    lines = "".join(f"{n}.png,1,1,9,9,cell\n" for n in range(len(values)))
    images = {f"{n}.png": saved(item, form) for n, item in enumerate(values)}
    return images | {"boxes.csv": f"image,xmin,ymin,xmax,ymax,class\n{lines}".encode()}


def linked(values: list[np.ndarray], form: str = "PNG") -> dict[str, bytes]:
    lines = "".join(f"{n}.png,{n % 3},{'ab'[n % 2]}\n" for n in range(len(values)))
    images = {f"pictures/{n}.png": saved(item, form) for n, item in enumerate(values)}
    return images | {"table.csv": f"picture,size,class\n{lines}".encode()}


def expected(values: np.ndarray, black: float, white: float) -> np.ndarray:
    shares = (values.astype(float).clip(black, white) - black) / (white - black)
    return np.round(shares * 255).astype(np.uint8)[..., np.newaxis]


def told(content: Content | Prepared) -> dict[str, str]:
    return {problem.code: problem.message for problem in content.problems}


@pytest.mark.parametrize("arranged", [class_folders, masks, boxes, linked])
def test_pictures_of_12_bits_are_as_bright_as_they_were_meant(
    arranged: Callable[..., dict[str, bytes]], zip_file: Callable[..., Path], tmp_path: Path
) -> None:
    values = pictures(4095)
    recipe = propose(source_at(zip_file(arranged(values))))
    prepared = prepare(recipe, tmp_path / "cache")
    found = {item.tobytes() for item in prepared.arrays["image"]}
    assert found == {expected(item, 0, 4095).tobytes() for item in values}
    for problems in (told(prepared), {item["code"]: item["message"] for item in profile(recipe)["problems"]}):
        assert "from 0 to 4,095. 0 is taken as black and 4,095 as white" in problems["gray_range"]
        assert "dark_pictures" not in problems
    # A sample of one's own is read in the same way, also where it is a dark one by itself.
    dark = saved(values[0])
    raw = {"image": image_pixels(dark), "size": 1}
    (served,) = samples_of(prepared.spec, [{"image": {"b64": base64.b64encode(dark).decode()}}])
    for sample in (raw, served):
        np.testing.assert_array_equal(
            encode(prepared.spec, [sample])["image"][0], expected(values[0], 0, 4095)
        )


@pytest.mark.parametrize(
    ("top", "white", "is_told"),
    [
        (1, 1, False),
        (200, 255, False),
        (255, 255, False),
        (256, 1023, True),
        (1023, 1023, True),
        (3000, 4095, True),
        (16383, 16383, True),
        (40000, 65535, False),
        (65535, 65535, False),
    ],
)
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_white_is_the_largest_number_of_the_bits_in_use(
    top: int, white: int, is_told: bool, form: str, zip_file: Callable[..., Path], tmp_path: Path
) -> None:
    values = pictures(top)
    prepared = prepare(propose(source_at(zip_file(class_folders(values, form)))), tmp_path / "cache")
    assert prepared.spec.inputs[0].settings["gray_range"] == [0, white]
    found = {item.tobytes() for item in prepared.arrays["image"]}
    assert found == {expected(item, 0, white).tobytes() for item in values}
    assert ("gray_range" in told(prepared)) == is_told


@pytest.mark.parametrize(
    ("dtype", "black", "white", "grays"),
    [
        ("int32", -1000, 3000, [-1000, 3000]),
        ("float32", -1, 1, [-1, 1]),
        ("float32", 0, 1, [0, 1]),
        ("float32", 0, 1.25, [0, 1.25]),
        ("int32", 0, 200_000, [0, 200_000]),
    ],
)
def test_negative_numbers_decimals_and_very_large_ones_are_spread(
    dtype: str, black: float, white: float, grays: list[float], zip_file: Callable[..., Path], tmp_path: Path
) -> None:
    values = pictures(white, dtype, black)
    prepared = prepare(propose(source_at(zip_file(class_folders(values, "TIFF")))), tmp_path / "cache")
    assert prepared.spec.inputs[0].settings["gray_range"] == grays
    found = {item.tobytes() for item in prepared.arrays["image"]}
    assert found == {expected(item, black, white).tobytes() for item in values}


def one_bright_pixel() -> list[bytes]:
    """Return pictures of 12 bits, one of which has a pixel of 16 bits."""
    values = [np.tile(item, (4, 4)) for item in pictures(3000)]
    values[-1][3, 3] = 65535
    return [saved(item) for item in values]


def numbers_of_classes() -> list[bytes]:
    return [saved(np.full((SIDE, SIDE), n % 20, np.uint8)) for n in range(20)]


@pytest.mark.parametrize(("made", "most"), [(one_bright_pixel, 12), (numbers_of_classes, 19)])
def test_pictures_that_are_nearly_black_are_told(
    made: Callable[[], list[bytes]], most: int, zip_file: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = propose(source_at(zip_file({f"{'ab'[n % 2]}/{n}.png": item for n, item in enumerate(made())})))
    shown = {item["code"]: item["message"] for item in profile(recipe)["problems"]}
    for problems in (shown, told(prepare(recipe, tmp_path / "cache"))):
        assert f"is above {most}, where 255 is white" in problems["dark_pictures"]


def test_a_file_of_any_byte_order_is_a_sample(zip_file: Callable[..., Path], tmp_path: Path) -> None:
    values = [item.astype(">u2") for item in pictures(4095)]
    prepared = prepare(propose(source_at(zip_file(class_folders(values, "TIFF")))), tmp_path / "cache")
    (given,) = encode(prepared.spec, [{"image": image_pixels(saved(values[0], "TIFF"))}])["image"]
    np.testing.assert_array_equal(given, expected(values[0], 0, 4095))


def test_examples_are_shown_as_they_are_prepared(zip_file: Callable[..., Path]) -> None:
    values = pictures(1023)
    source = open_source(source_at(zip_file(class_folders(values))))
    shown = {small(source.read(row), SIDE)[..., :1].tobytes() for row in range(len(values))}
    assert shown == {expected(item, 0, 1023).tobytes() for item in values}


def test_pictures_of_8_bits_have_no_range_of_their_own(zip_file: Callable[..., Path], tmp_path: Path) -> None:
    values = pictures(255, "uint8")
    prepared = prepare(propose(source_at(zip_file(class_folders(values)))), tmp_path / "cache")
    assert "gray_range" not in prepared.spec.inputs[0].settings
    # A deep sample then goes by its own brightness.
    (given,) = encode(prepared.spec, [{"image": pictures(4095)[-1]}])["image"]
    np.testing.assert_array_equal(given, expected(pictures(4095)[-1], 0, 4095))
