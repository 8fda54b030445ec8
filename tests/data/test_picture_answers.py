"""Pictures with masks or boxes are read from what drawing tools write; what is broken is named."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from builder.codegen.mask_code import _values
from builder.data.images import decode_image
from builder.data.picture_boxes import Box, read_boxes
from builder.data.prepare import Prepared, prepare
from builder.data.profile import profile, propose
from builder.data.sniffing import source_at
from builder.data.sources import SAMPLES_FOLDER
from builder.data.spec import IGNORED
from builder.detections import true_boxes
from builder.errors import BuilderError, Problem

SCENES = SAMPLES_FOLDER / "clothes_scenes" / "scenes.zip"
CELLS = SAMPLES_FOLDER / "blood_cells" / "blood_cells.zip"


def png(values: np.ndarray, mode: str | None = None) -> bytes:
    stream = io.BytesIO()
    image = Image.fromarray(values)
    (image.convert(mode) if mode else image).save(stream, "PNG")
    return stream.getvalue()


def picture(height: int = 20, width: int = 30) -> bytes:
    return png(np.zeros((height, width, 3), np.uint8))


def folder_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_bytes(data)
    return tmp_path / "data"


def prepared_at(path: Path, tmp_path: Path) -> Prepared:
    return prepare(propose(source_at(path)), tmp_path / "cache")


def refusal(path: Path, tmp_path: Path) -> Problem:
    with pytest.raises(BuilderError) as error:
        prepared_at(path, tmp_path)
    return error.value.problems[0]


def masks(values: list[np.ndarray], **further: bytes) -> dict[str, bytes]:
    files = {f"images/{number}.png": picture() for number in range(len(values))}
    return files | {f"masks/{number}.png": png(mask) for number, mask in enumerate(values)} | further


def test_the_sample_of_scenes_keeps_its_classes_names_and_test_part(tmp_path: Path) -> None:
    recipe = propose(source_at(SCENES))
    assert (recipe.source["kind"], recipe.task, recipe.split) == (
        "masks",
        "segmentation",
        {"method": "given"},
    )
    found = prepare(recipe, tmp_path)
    assert found.spec.class_names[:2] == ("background", "trouser") and found.spec.rows["test"] == 100
    assert set(np.unique(found.targets)) == {IGNORED, *range(6)}
    shown = profile(recipe)
    assert shown["problems"] == [] and shown["examples"][0]["image"].startswith("data:image/png")
    assert sum(shown["class_balance"].values()) > 0


def test_masks_of_0_and_255_are_background_and_object(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[5:10] = 255
    found = prepared_at(folder_of(tmp_path, masks([mask] * 12)), tmp_path)
    assert found.spec.class_names == ("background", "object")
    assert (np.asarray(found.targets[0]) == (mask > 0)).all()


def test_masks_of_0_and_255_keep_the_names_of_a_file(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[5:10] = 255
    files = masks([mask] * 12, **{"classes.txt": b"ground\nroad\n"})
    recipe = propose(source_at(folder_of(tmp_path, files)))
    found = prepare(recipe, tmp_path / "cache")
    assert found.spec.class_names == ("ground", "road")
    assert (np.asarray(found.targets[0]) == (mask > 0)).all()
    assert profile(recipe)["class_balance"]["road"] > 0
    assert _values(recipe, found.spec) == [0, 255]


def test_values_of_masks_that_a_file_does_not_name_are_told(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[:, 10:15], mask[:, 15:20], mask[:, 20:] = 1, 4, 255
    files = masks([mask] * 12, **{"classes.txt": b"ground\nroad\n"})
    recipe = propose(source_at(folder_of(tmp_path, files)))
    told = [problem.to_json() for problem in prepare(recipe, tmp_path / "cache").problems]
    for problems in (told, profile(recipe)["problems"]):
        (message,) = [item["message"] for item in problems if item["code"] == "values_without_name"]
        assert "hold the value(s) 4, but the file of class names has 2 line(s)" in message


def test_255_beside_other_values_is_left_out_and_masks_are_resized_without_mixing(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[:, 10:20], mask[:, 20:] = 7, 255
    recipe = propose(source_at(folder_of(tmp_path, masks([mask] * 12))))
    recipe = type(recipe)(
        recipe.source, recipe.task, {}, {"image_height": 8, "image_width": 15}, recipe.split
    )
    found = prepare(recipe, tmp_path / "cache")
    assert found.spec.class_names == ("class 0", "class 7")
    assert np.asarray(found.targets[0])[0].tolist() == [0] * 5 + [1] * 5 + [IGNORED] * 5


def test_what_is_wrong_with_masks_is_told_by_name(tmp_path: Path) -> None:
    good = np.arange(600, dtype=np.uint8).reshape(20, 30) % 3
    files = masks([good] * 40, **{"images/alone.png": picture()})
    files["masks/1.png"] = png(np.zeros((30, 20), np.uint8))
    files["masks/2.png"] = png(np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8))
    found = prepared_at(folder_of(tmp_path, files), tmp_path)
    messages = " ".join(problem.message for problem in found.problems)
    assert "images/1.png (its mask of 20 x 30 pixels has another shape" in messages
    assert "images/2.png (it is in color; save masks with a palette" in messages
    assert "images/alone.png" in messages
    assert sum(found.spec.rows.values()) == 38


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        (np.zeros((20, 30), np.uint8), "one_class", "one class only"),
        (
            np.full((20, 30, 3), (9, 0, 0), np.uint8),
            "broken_masks",
            "images/0.png: it is in color; save masks",
        ),
    ],
)
def test_masks_without_classes_are_refused(tmp_path: Path, values: np.ndarray, code: str, words: str) -> None:
    problem = refusal(folder_of(tmp_path, masks([values] * 12)), tmp_path)
    assert problem.code == code and words in problem.message


def voc(name: str, *things: str, size: str = "") -> bytes:
    return f"<annotation><filename>{name}</filename>{size}{''.join(things)}</annotation>".encode()


def thing(label: str, *sides: float) -> str:
    named = zip(("xmin", "ymin", "xmax", "ymax"), sides, strict=True)
    box = "".join(f"<{side}>{value}</{side}>" for side, value in named)
    return f"<object><name>{label}</name><bndbox>{box}</bndbox></object>"


def coco(count: int) -> bytes:
    return json.dumps(
        {
            "images": [{"id": n, "file_name": f"{n}.png", "width": 30, "height": 20} for n in range(count)],
            "categories": [{"id": 4, "name": "cat"}, {"id": 9, "name": "dog"}],
            "annotations": [
                {"image_id": n, "category_id": 9, "bbox": [3, 4, 12, 10]} for n in range(count - 1)
            ],
        }
    ).encode()


def table(count: int) -> bytes:
    rows = [f"{n}.png,3,4,15,14,dog" for n in range(count - 1)]
    return "\n".join(["image,xmin,ymin,xmax,ymax,class", *rows, f"{count - 1}.png,,,,,"]).encode()


def yolo(line: str, names: dict[str, str]) -> dict[str, bytes]:
    files = {f"{n}.txt": line if n < 11 else "" for n in range(12)} | names
    return {name: text.encode() for name, text in files.items()}


FORMATS = {
    "voc": {f"{n}.xml": voc(f"{n}.png", *[thing("dog", 3, 4, 15, 14)] * (n < 11)) for n in range(12)},
    "coco": {"_annotations.coco.json": coco(12)},
    "table": {"boxes.csv": table(12)},
    "shares": {"boxes.csv": table(12).replace(b",3,4,15,14,", b",0.1,0.2,0.5,0.7,")},
    "yolo": yolo("1 0.3 0.45 0.4 0.5\n", {"classes.txt": "cat\ndog\n"}),
    "outline": yolo("1 0.1 0.2 0.5 0.2 0.5 0.7 0.1 0.7", {"data.yaml": "nc: 2\nnames: ['cat', \"dog\"]\n"}),
    "listed": yolo("1 0.3 0.45 0.4 0.5 0.98", {"data.yaml": "names:\n- cat\n- dog\nnc: 2\n"}),
    "numbered": yolo("1 0.3 0.45 0.4 0.5", {"data.yaml": "path: .\nnames:\n  0: cat\n  1: dog\n"}),
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_the_same_boxes(form: str, tmp_path: Path) -> None:
    files = {f"{number}.png": picture() for number in range(12)} | FORMATS[form]
    found = prepared_at(folder_of(tmp_path, files), tmp_path)
    assert found.spec.task == "detection" and found.spec.class_names == ("dog",)
    kinds, boxes = true_boxes(np.asarray(found.targets[0]))
    assert kinds.tolist() == [0] and boxes[0] == pytest.approx([0.1, 0.2, 0.5, 0.7])
    # A picture that is listed without boxes has nothing on it, which is worth learning.
    assert sum(found.spec.rows.values()) == 12
    assert (np.asarray(found.targets)[..., 0] == IGNORED).sum() == 1


def test_the_sample_of_cells_is_found_in_its_zip(tmp_path: Path) -> None:
    recipe = propose(source_at(CELLS))
    assert (recipe.source["kind"], recipe.split) == ("boxes", {"method": "given"})
    shown = profile(recipe)
    assert shown["class_balance"] == {"Platelets": 361, "RBC": 4153, "WBC": 372} and shown["problems"] == []
    assert shown["parts"]["test"] == 72


def test_what_is_wrong_with_boxes_is_told_with_its_place(tmp_path: Path) -> None:
    files = {f"{number}.png": picture() for number in range(14)}
    files["boxes.csv"] = (
        table(12) + b"\n1.png,9,9,5,5,dog\nlost.png,1,1,2,2,dog\n2.png,a,1,2,2,dog\n3.png,1,1,90,9,dog"
    )
    found = prepared_at(folder_of(tmp_path, files), tmp_path)
    messages = " ".join(problem.message for problem in found.problems)
    assert "line 14: the box 9, 9, 5, 5 has no area" in messages
    assert "line 15: there is no picture 'lost.png'" in messages
    assert "line 16: the sides ['a', '1', '2', '2'] are no numbers" in messages
    assert "boxes reach beyond the edge" in messages and "3.png" in messages
    assert "2 picture(s) of data have no description of their boxes" in messages


def test_parts_with_pictures_of_the_same_names_keep_apart(tmp_path: Path) -> None:
    files = {}
    for part, label in (("train", "cat"), ("test", "dog")):
        for number in range(12):
            files[f"{part}/images/{number}.png"] = picture()
            files[f"{part}/annotations/{number}.xml"] = voc("x.png", thing(label, 3, 4, 15, 14))
    found = read_boxes(folder_of(tmp_path, files))
    assert found.problems == () and len(found.names) == 24
    for name, (box,) in zip(found.names, found.boxes, strict=True):
        assert box.label == ("cat" if name.startswith("train/") else "dog")


def test_labels_of_yolo_stand_for_the_images_of_their_own_part(tmp_path: Path) -> None:
    files = {}
    for part, kind in (("train", 0), ("test", 1)):
        for number in range(12):
            files[f"images/{part}/{number}.png"] = picture()
            files[f"labels/{part}/{number}.txt"] = f"{kind} 0.5 0.5 0.2 0.2\n".encode()
    files["labels/train/3.txt"] = b"a note\n"
    found = read_boxes(folder_of(tmp_path, files))
    assert found.is_test is not None and found.is_test.sum() == 12 and len(found.names) == 23
    assert "labels/train/3.txt: a line is not a class" in " ".join(item.message for item in found.problems)
    for name, (box,) in zip(found.names, found.boxes, strict=True):
        assert box.label == ("class 0" if "/train/" in name else "class 1")


def test_texts_beside_pictures_are_no_boxes(tmp_path: Path) -> None:
    files = {f"{n}.png": picture() for n in range(12)} | {
        f"{n}.txt": f"{n} words".encode() for n in range(12)
    }
    assert source_at(folder_of(tmp_path, files))["kind"] == "images"


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("drawn_upright", [False, True])
def test_boxes_stay_on_their_thing_whatever_way_up_a_photo_is_stored(
    turn: int, drawn_upright: bool, tmp_path: Path
) -> None:
    """A white patch at the upper left of a stored picture, 40 wide and 20 high."""
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[2:8, 4:20] = 255
    stored, exif = Image.fromarray(pixels), Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    stream = io.BytesIO()
    stored.save(stream, "PNG", exif=exif)
    drawn_on = decode_image(stream.getvalue()) if drawn_upright or turn < 5 else stored
    rows, columns = np.nonzero(np.asarray(drawn_on)[..., 0])
    sides = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    size = f"<size><width>{drawn_on.width}</width><height>{drawn_on.height}</height></size>"
    files = {f"{n}.png": stream.getvalue() for n in range(12)}
    files |= {f"{n}.xml": voc(f"{n}.png", thing("patch", *sides), size=size) for n in range(12)}
    recipe = propose(source_at(folder_of(tmp_path, files)))
    found = prepare(replace(recipe, preprocessing={"image_height": 40, "image_width": 40}), tmp_path / "c")
    _, left, top, right, bottom = (np.asarray(found.targets[0])[0] * 40).round().astype(int)
    white = found.arrays["image"][0][..., 0] > 127
    assert white[top:bottom, left:right].all() and not white[:, right:].any() and not white[bottom:].any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image_id": [1]}, "'image_id' and 'category_id' must be numbers or texts"),
        ({"category_id": {}}, "'image_id' and 'category_id' must be numbers or texts"),
        ({"bbox": [1, 1, 10**400, 3]}, "are no numbers"),
        ({"bbox": [1.5, 1, 10**400, 3]}, "are no numbers"),
    ],
)
def test_a_crafted_annotation_is_left_out_with_its_place(change: dict, words: str, tmp_path: Path) -> None:
    good = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 3, 3]}
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 10**400, "height": 20}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [good, {**good, "id": 2, **change}],
    }
    files = {"a.png": picture(), "marks.json": json.dumps(document).encode()}
    found = read_boxes(folder_of(tmp_path, files))
    assert found.boxes == [(Box("cell", 1, 1, 4, 4),)]
    assert "annotation 2" in found.problems[0].message and words in found.problems[0].message


def test_xml_that_makes_entities_is_never_unfolded(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;">]><annotation>&y;</annotation>'
    outside = b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation></annotation>'
    files = {f"{number}.png": picture() for number in range(2)} | {"0.xml": bomb, "1.xml": outside}
    problem = refusal(folder_of(tmp_path, files), tmp_path)
    assert problem.code == "no_boxes" and "DOCTYPE" in problem.message


def test_a_zip_of_pictures_with_boxes_is_checked_as_every_zip(tmp_path: Path) -> None:
    file = tmp_path / "boxes.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("0.png", picture())
        archive.writestr("0.xml", voc("0.png", thing("dog", 1, 1, 5, 5)))
        archive.writestr("../evil.xml", b"<annotation/>")
    assert refusal(file, tmp_path).code == "unsafe_path"
