"""Pictures of unknown origin are read upright and whole, or refused in words that help."""

import io
import pickle
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from making import picture, two_classes
from PIL import Image

from builder.data import archives
from builder.data.images import (
    BrokenImage,
    decode_image,
    image_pixels,
    is_color,
    read_image_arrays,
    read_images,
    to_array,
)
from builder.data.sources import read_image, sample
from builder.errors import BuilderError


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(BuilderError) as caught:
        read_images(path)
    return caught.value.problems[0].code, caught.value.problems[0].message


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def test_the_sample_of_photos_is_read_like_any_zip():
    source = read_images(sample("sign_language").folder / "sign_language.zip")
    assert source.class_names == tuple("0123456789")
    assert len(source.labels) == 2062
    assert source.read(0).size == (64, 64)


def test_a_folder_and_a_zip_of_it_are_the_same(zip_file, tmp_path):
    members = two_classes()
    for name, content in members.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    zipped, folder = read_images(zip_file(members)), read_images(tmp_path / "folder")
    assert list(zipped.names) == list(folder.names)
    assert zipped.class_names == folder.class_names == ("cats", "dogs")
    assert np.array_equal(zipped.labels, folder.labels)


def test_classes_are_the_folders_below_the_shared_one_in_the_order_of_their_numbers(zip_file):
    members = {f"data/all/{name}/x.png": picture() for name in ("class 10", "class 2", "b/deep")}
    assert read_images(zip_file(members)).class_names == ("b/deep", "class 2", "class 10")


def test_train_and_test_folders_are_parts_not_classes(zip_file):
    members = {
        f"set/{part}/{name}": content for part in ("train", "test") for name, content in two_classes().items()
    }
    source = read_images(zip_file(members))
    assert source.class_names == ("cats", "dogs")
    assert source.is_test is not None and source.is_test.sum() == 16


def test_pictures_that_lie_in_train_and_test_themselves_have_no_classes(zip_file):
    loose = {f"set/{part}/{n}.png": picture() for part in ("train", "test") for n in range(8)}
    source = read_images(zip_file(loose))
    assert len(source.class_names) == 1 and source.is_test.sum() == 8
    mixed = {f"set/train/{name}": content for name, content in two_classes().items()}
    code, message = refusal(zip_file(mixed | {"set/test/0.png": picture()}))
    assert code == "image_without_class" and "set/test/0.png" in message


def test_system_files_are_overlooked_and_other_files_told(zip_file):
    extra = {
        "__MACOSX/cats/._1.png": b"x",
        "cats/.DS_Store": b"x",
        "cats/notes.txt": b"x",
        ".hidden/a.png": b"x",
    }
    source = read_images(zip_file(two_classes() | extra))
    assert len(source.names) == 16
    assert [problem.code for problem in source.problems] == ["files_skipped"]
    assert "cats/notes.txt" in source.problems[0].message


@pytest.mark.parametrize(
    "name", ["../evil.png", "cats/../../evil.png", "/etc/evil.png", "C:/evil.png", "..\\evil.png"]
)
def test_paths_that_lead_outside_are_refused(zip_file, name):
    code, message = refusal(zip_file(two_classes() | {name: picture()}))
    assert code == "unsafe_path"
    assert "outside" in message


def test_links_in_a_zip_are_refused(zip_file):
    path = zip_file(two_classes())
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("cats/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal(path)[0] == "link_in_zip"


def test_links_in_a_folder_are_left_out_and_told(zip_file, tmp_path):
    with zipfile.ZipFile(zip_file(two_classes())) as archive:
        archive.extractall(tmp_path / "folder")
    (tmp_path / "folder" / "cats" / "link.png").symlink_to("/etc/passwd")
    (tmp_path / "folder" / "everything").symlink_to("/")
    source = read_images(tmp_path / "folder")
    assert len(source.names) == 16
    assert "2 link(s)" in source.problems[0].message


def test_a_file_that_would_fill_the_memory_is_refused(zip_file):
    code, message = refusal(zip_file(two_classes() | {"cats/bomb.png": bytes(30 << 20)}))
    assert code == "zip_bomb"
    assert "30 MB" in message


def test_many_files_that_would_fill_the_disk_are_refused(zip_file, monkeypatch):
    monkeypatch.setattr(archives, "MAXIMUM_TOTAL_BYTES", 500)
    assert refusal(zip_file(two_classes()))[0] == "zip_bomb"


def test_a_false_record_of_the_size_does_not_help_a_bomb(zip_file):
    path = zip_file(two_classes() | {"cats/a.png": bytes(5_000_000)})
    whole = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = whole.find(mark)
        while start >= 0:
            if struct.unpack_from("<I", whole, start + place)[0] == 5_000_000:
                struct.pack_into("<I", whole, start + place, 1000)
            start = whole.find(mark, start + 1)
    path.write_bytes(whole)
    source = read_images(path)
    with pytest.raises(BrokenImage):
        source.read(list(source.names).index("cats/a.png"))


@pytest.mark.parametrize("place", [6, 8, 46], ids=["version", "flags and name", "name"])
def test_a_damaged_list_of_files_is_told(zip_file, place):
    path = zip_file({f"ä/{number}.png": picture() for number in range(3)})
    whole = bytearray(path.read_bytes())
    entry = whole.index(b"PK\x01\x02")
    whole[entry + place] = 0xFF
    path.write_bytes(whole)
    code, message = refusal(path)
    assert code in ("not_a_zip", "encrypted_zip") and path.name in message


def test_what_comes_out_of_a_zip_is_counted(zip_file, monkeypatch):
    listed = archives.list_zip(zip_file(two_classes()))
    monkeypatch.setattr(archives, "MAXIMUM_FILE_BYTES", 20)
    with pytest.raises(BuilderError, match=r"cats/0\.png is larger"):
        listed.read("cats/0.png")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no zip at all", "not_a_zip"),
        (pickle.dumps([1]), "pickle_refused"),
        (b"", "not_a_zip"),
        (b"%PDF-1.7 ...", "not_a_zip"),
    ],
)
def test_other_files_are_refused(tmp_path, content, code):
    path = tmp_path / "pictures.zip"
    path.write_bytes(content)
    assert refusal(path)[0] == code


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"readme.txt": b"x"}, "no_images"),
        ({"cats/a.png": picture(), "dogs/b.png": picture(), "c.png": picture()}, "image_without_class"),
    ],
)
def test_pictures_need_class_folders(zip_file, members, code):
    assert refusal(zip_file(members))[0] == code


def test_a_picture_is_turned_upright():
    image = Image.new("RGB", (20, 10), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_image(saved(image, "JPEG", exif=exif)).size == (10, 20)


@pytest.mark.parametrize(
    ("image", "form", "expected"),
    [
        (Image.new("L", (4, 4), 128), "PNG", (128, 128, 128)),
        (Image.new("1", (4, 4), 1), "PNG", (255, 255, 255)),
        (Image.new("LA", (4, 4), (0, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 255)), "PNG", (255, 0, 0)),
        (Image.new("RGB", (4, 4), (0, 0, 255)).quantize(), "PNG", (0, 0, 255)),
        (Image.new("CMYK", (4, 4), (0, 0, 0, 0)), "JPEG", (255, 255, 255)),
        (Image.new("I;16", (4, 4), 65535), "PNG", (255, 255, 255)),
        (Image.new("I;16", (4, 4), 32896), "PNG", (128, 128, 128)),
        (Image.new("F", (4, 4), 0.5), "TIFF", (128, 128, 128)),
        (Image.new("F", (4, 4), 64.0), "TIFF", (64, 64, 64)),
        (Image.new("F", (4, 4), float("nan")), "TIFF", (0, 0, 0)),
    ],
)
def test_every_mode_becomes_eight_bit_colour(image, form, expected):
    array = to_array(decode_image(saved(image, form)), 2, 3, 3)
    assert array.shape == (2, 3, 3) and array.dtype == np.uint8
    assert np.abs(array.astype(int) - expected).max() <= 1


def test_grey_has_one_channel():
    assert to_array(Image.new("RGB", (4, 4), "white"), 4, 4, 1).shape == (4, 4, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        picture(form="JPEG", side=64)[:-200],
        picture()[:40],
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        saved(Image.new("LAB", (4, 4)), "TIFF"),
    ],
)
def test_broken_pictures_are_known(data):
    with pytest.raises(BrokenImage):
        decode_image(data)


def test_a_picture_of_too_many_pixels_is_never_unfolded():
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    for side in (10_000, 60_000):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
        with pytest.raises(BrokenImage, match="too many"):
            decode_image(data)


def test_colour_is_told_from_grey():
    digits = sample("digits")
    source = read_image_arrays(digits.folder / "digits.npz", tuple(digits.data["class_names"]), digits.title)
    assert not is_color(source.read(0))
    assert not is_color(source.read(0).convert("RGB"))
    assert is_color(read_images(sample("sign_language").folder / "sign_language.zip").read(0))


def test_arrays_with_pickles_inside_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", x_train=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_image_arrays(tmp_path / "x.npz", ("a", "b"), "x")


def test_a_picture_for_a_prediction_is_read_or_refused(tmp_path):
    path = tmp_path / "one.png"
    path.write_bytes(picture(128, "L"))
    assert read_image(path).shape == (12, 12, 1)
    assert image_pixels(picture()).shape == (12, 12, 3)
    with pytest.raises(BuilderError, match="me.gif cannot be read"):
        image_pixels(b"x", "me.gif")
    with pytest.raises(BuilderError, match="cannot be read"):
        read_image(tmp_path / "gone.png")
