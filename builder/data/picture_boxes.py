"""Pictures with boxes around the things on them, in a folder or zip of unknown origin.

Read are the formats that tools for drawing boxes write: Pascal VOC (an XML file a picture), COCO (one JSON
file), YOLO (a text file a picture) and a table (CSV: image, xmin, ymin, xmax, ymax, class).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from builder.data.archives import Files, list_files
from builder.data.box_targets import PictureFinder, stem_of
from builder.data.class_folders import TEST_FOLDERS
from builder.data.encodings import encoding_of, encoding_problems
from builder.data.images import EXTENSIONS, TURN, Grays, decode_image, settled_grays
from builder.data.naming import in_natural_order
from builder.data.safe_xml import UnsafeXml, read_xml
from builder.data.yolo_boxes import class_names, looks_like_yolo, picture_of, yolo_boxes
from builder.errors import Problem, shown_value, stop

_SHOWN = 5
# What boxes are meant for whose sides are shares of the picture's size.
_OF_SHARES = (1.0, 1.0)
_IMAGE_COLUMNS = ("image", "filename", "file", "path", "image_path", "file_name")
_CLASS_COLUMNS = ("class", "label", "name", "class_name", "category")
_SIDES = (("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"), ("left", "top", "right", "bottom"))
_TEST_LIST = "imagesets/main/test.txt"


@dataclass(frozen=True)
class Box:
    """A box around one thing, in pixels of the picture: ``label`` names what it is."""

    label: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class BoxSource:
    """The pictures of a source, not yet decoded, and the boxes on each.

    ``sizes`` holds the (width, height) that the boxes are meant for, or None for the picture's own; ``grays``
    is as in an ``ImageSource``.
    """

    title: str
    names: Sequence[str]
    read: Callable[[int], Image.Image]
    boxes: Sequence[tuple[Box, ...]]
    sizes: Sequence[tuple[float, float] | None]
    class_names: tuple[str, ...]
    files: tuple[Path, ...]
    is_test: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()
    grays: Grays | None = None


@dataclass
class _Marked:
    """What the annotations say of the pictures, by path."""

    boxes: dict[str, list[Box]] = field(default_factory=dict)
    sizes: dict[str, tuple[float, float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    guessed: list[Problem] = field(default_factory=list)

    def add(self, picture: str, label: str, sides: Sequence[Any], where: str) -> None:
        """Keep a box, or note what is wrong with it."""
        try:
            left, top, right, bottom = (float(side) for side in sides)
        except (TypeError, ValueError, OverflowError):
            self.faults.append(f"{where}: the sides {shown_value(list(sides))} are no numbers")
            return
        if not np.isfinite([left, top, right, bottom]).all() or right <= left or bottom <= top:
            self.faults.append(
                f"{where}: the box {left:g}, {top:g}, {right:g}, {bottom:g} has no area; the order is left, "
                "top, right, bottom"
            )
            return
        if not label:
            self.faults.append(f"{where}: a box has no class")
            return
        self.boxes[picture].append(Box(label, left, top, right, bottom))


def boxes_on(source: BoxSource, row: int, picture: Image.Image) -> tuple[Sequence[Box], tuple[float, float]]:
    """Return the boxes of a row, and the (width, height) that they are meant for, as a picture shows them.

    Some tools draw on a picture as it is stored, which for a photo may be on its side; the size that they
    write down tells it.

    Args:
        source: the pictures and boxes.
        row: which picture.
        picture: from the source's ``read``, upright.
    """
    boxes, size = source.boxes[row], source.sizes[row] or picture.size
    width, height = size
    turn = picture.info.get(TURN)
    is_upright = abs(width * picture.height - height * picture.width)
    is_stored = abs(width * picture.width - height * picture.height)
    if turn not in (5, 6, 7, 8) or is_upright <= is_stored:
        return boxes, size
    return [_turned(box, width, height, turn) for box in boxes], (height, width)


def _turned(box: Box, width: float, height: float, turn: int) -> Box:
    """Return a box as it lies on the upright picture of one that is stored on its side."""
    left, right = (height - box.bottom, height - box.top) if turn in (6, 7) else (box.top, box.bottom)
    top, bottom = (width - box.right, width - box.left) if turn in (7, 8) else (box.left, box.right)
    return Box(box.label, left, top, right, bottom)


def holds_boxes(names: Sequence[str]) -> bool:
    """Tell whether files, by their paths, are pictures with XML files of the same names."""
    stems = {stem_of(name) for name in names if name.lower().endswith(EXTENSIONS)}
    described = {stem_of(name) for name in names if name.lower().endswith(".xml")}
    return bool(described) and len(described & stems) > 0.5 * len(described)


def has_box_file(names: Sequence[str], read: Callable[[str], bytes]) -> bool:
    """Tell whether a COCO file, a table of boxes or text files of YOLO lie among pictures."""
    pictures = [name for name in names if name.lower().endswith(EXTENSIONS)]
    if not pictures:
        return False
    for name in names:
        if name.lower().endswith(".csv"):
            first = read(name)[:2000].decode("utf-8-sig", "replace").splitlines()
            if first and _columns(next(csv.reader(first[:1]), [])) is not None:
                return True
        if name.lower().endswith(".json"):
            head = read(name)
            if b'"annotations"' in head and b'"bbox"' in head:
                return True
    return looks_like_yolo(names, read, pictures)


def read_boxes(path: Path, title: str | None = None) -> BoxSource:
    """Return the pictures of a folder or zip that have boxes.

    Pictures under a folder named test, or listed in ``ImageSets/Main/test.txt``, are test pictures.

    Raises:
        BuilderError: where nothing describes boxes, or the archive is not safe to read.
    """
    listed = list_files(path)
    pictures = [name for name in listed.names if name.lower().endswith(EXTENSIONS)]
    marked = _marked(listed, pictures)
    names = [name for name in pictures if name in marked.boxes]
    labels = in_natural_order({box.label for name in names for box in marked.boxes[name]})
    if not labels:
        raise _no_boxes(path, pictures, marked.faults)
    tests = _tests(listed, names)
    title = title or path.name
    grays, problems = settled_grays(title, names, listed.read)
    return BoxSource(
        title=title,
        names=names,
        read=lambda row: decode_image(listed.read(names[row]), grays),
        boxes=[tuple(marked.boxes[name]) for name in names],
        sizes=[marked.sizes.get(name) for name in names],
        class_names=tuple(labels),
        files=tuple(path / name for name in listed.names) if path.is_dir() else (path,),
        is_test=tests if tests.any() and not tests.all() else None,
        problems=(
            *(*listed.problems, *marked.guessed),
            *(*_warnings(path, pictures, names, marked.faults), *problems),
        ),
        grays=grays,
    )


@dataclass(frozen=True)
class BoxTable:
    """The one table that describes the boxes of a folder or zip.

    ``columns`` are the places of the image, the four sides and the class; ``are_shares`` says whether the
    sides are shares of the picture's size instead of pixels.
    """

    name: str
    columns: tuple[int, ...]
    encoding: str
    are_shares: bool


def table_of_boxes(path: Path) -> BoxTable | None:
    """Return the one table that describes the boxes of a folder or zip; None where other files do so, too."""
    listed = list_files(path)
    if any(name.lower().endswith((".xml", ".json", _TEST_LIST)) for name in listed.names):
        return None
    found = []
    for name in listed.names:
        if name.lower().endswith(".csv"):
            data = listed.read(name)
            encoding = encoding_of(data)
            lines = _lines(data, encoding)
            columns = _columns(next(lines, []))
            if columns is not None:
                found.append(BoxTable(name, columns, encoding, _hold_shares(_rows(lines)[0], columns)))
    return found[0] if len(found) == 1 else None


def _marked(listed: Files, pictures: Sequence[str]) -> _Marked:
    marked = _Marked()
    find = PictureFinder(pictures)
    for name in listed.names:
        lower = name.lower()
        if lower.endswith(".xml"):
            _read_voc(name, listed.read(name), find, marked)
        elif lower.endswith(".json"):
            _read_coco(name, listed.read(name), find, marked)
        elif lower.endswith(".csv"):
            _read_table(name, listed.read(name), find, marked)
    if looks_like_yolo(listed.names, listed.read, pictures):
        _read_yolo(listed, pictures, marked)
    return marked


def _read_yolo(listed: Files, pictures: Sequence[str], marked: _Marked) -> None:
    by_path = {name.rpartition(".")[0]: name for name in pictures}
    names = class_names(listed.names, listed.read)
    for name in listed.names:
        picture = picture_of(name, by_path) if name.lower().endswith(".txt") else None
        if picture is None or picture in marked.boxes:
            continue
        boxes = yolo_boxes(listed.read(name))
        if boxes is None:
            marked.faults.append(
                f"{name}: a line is not a class and four numbers, or the points of an outline"
            )
            continue
        marked.boxes.setdefault(picture, [])
        marked.sizes[picture] = _OF_SHARES
        for line, (number, sides) in enumerate(boxes, start=1):
            label = names[number] if number < len(names) else f"class {number}"
            marked.add(picture, label, sides, f"{name}, line {line}")


def _read_voc(name: str, data: bytes, find: PictureFinder, marked: _Marked) -> None:
    try:
        root = read_xml(data)
    except UnsafeXml as error:
        marked.faults.append(f"{name}: {error}")
        return
    if root.tag != "annotation":
        marked.faults.append(f"{name}: it holds <{root.tag:.20}>, not an <annotation> of Pascal VOC")
        return
    # The files are often renamed, so that the XML's own name says more than what stands in it.
    picture = find(stem_of(name), name) or find(root.findtext("filename", "").strip(), name)
    if picture is None:
        marked.faults.append(f"{name}: there is no picture of this name")
        return
    marked.boxes.setdefault(picture, [])
    _keep_size(marked, picture, root.findtext("size/width"), root.findtext("size/height"))
    for number, thing in enumerate(root.iter("object"), start=1):
        sides = [thing.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
        marked.add(picture, (thing.findtext("name") or "").strip(), sides, f"{name}, object {number}")


def _read_coco(name: str, data: bytes, find: PictureFinder, marked: _Marked) -> None:
    try:
        document = json.loads(data)
        images = {item["id"]: item for item in document["images"]}
        labels = {item["id"]: str(item["name"]).strip() for item in document["categories"]}
        annotations = list(document["annotations"])
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        marked.faults.append(f"{name}: it is no COCO file with images, categories and annotations ({error})")
        return
    places: dict[Any, str] = {}
    for key, item in images.items():
        picture = find(str(item.get("file_name", "")), name)
        if picture is None:
            marked.faults.append(f"{name}: there is no picture {shown_value(item.get('file_name'))}")
            continue
        places[key] = picture
        marked.boxes.setdefault(picture, [])
        _keep_size(marked, picture, item.get("width"), item.get("height"))
    for item in annotations:
        where = f"{name}, annotation {item.get('id', '?') if isinstance(item, Mapping) else '?'}"
        if not isinstance(item, Mapping) or item.get("iscrowd"):
            continue
        image, category, box = item.get("image_id"), item.get("category_id"), item.get("bbox")
        if isinstance(image, list | dict) or isinstance(category, list | dict):
            marked.faults.append(f"{where}: 'image_id' and 'category_id' must be numbers or texts")
            continue
        picture = places.get(image)
        if picture is None:
            continue
        if (
            not isinstance(box, list)
            or len(box) != 4
            or not all(isinstance(side, int | float) for side in box)
        ):
            marked.faults.append(f"{where}: 'bbox' must be [left, top, width, height]")
            continue
        left, top, width, height = box
        try:
            sides = (left, top, left + width, top + height)
        except OverflowError:
            sides = tuple(box)
        marked.add(picture, labels.get(category, ""), sides, where)


def _read_table(name: str, data: bytes, find: PictureFinder, marked: _Marked) -> None:
    encoding = encoding_of(data)
    lines = _lines(data, encoding)
    columns = _columns(next(lines, []))
    if columns is None:
        return
    marked.guessed += encoding_problems(name, encoding)
    rows, fault = _rows(lines)
    marked.faults += [] if fault is None else [f"{name}, {fault}"]
    are_shares = _hold_shares(rows, columns)
    for line, row in rows:
        _read_row(name, line, row, columns, find, marked, are_shares)


def _rows(lines: Any) -> tuple[list[tuple[int, list[str]]], str | None]:
    """Return the rows of a table, each with the line it ends on, and what is wrong behind the last one."""
    rows = []
    try:
        for row in lines:
            rows.append((lines.line_num, row))
    except csv.Error as error:
        return rows, f"line {lines.line_num}: {error}"
    return rows, None


def _hold_shares(rows: Sequence[tuple[int, Sequence[str]]], columns: tuple[int, ...]) -> bool:
    """Tell whether all sides are shares of the pictures' sizes: boxes of pixels are not that small."""
    sides = (row[place] for _, row in rows if len(row) > max(columns) for place in columns[1:5])
    numbers = [number for number in map(_number, sides) if number is not None]
    return bool(numbers) and all(0 <= number <= 1 for number in numbers)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _lines(data: bytes, encoding: str) -> Any:
    return csv.reader(io.StringIO(data.decode(encoding, "replace"), newline=""))


def _read_row(
    name: str,
    line: int,
    row: Sequence[str],
    columns: tuple[int, ...],
    find: PictureFinder,
    marked: _Marked,
    are_shares: bool,
) -> None:
    where = f"{name}, line {line}"
    if not row:
        return
    if len(row) <= max(columns):
        marked.faults.append(f"{where}: {len(row)} column(s), fewer than the header")
        return
    wanted, *sides, label = (row[place].strip() for place in columns)
    picture = find(wanted, name)
    if picture is None:
        marked.faults.append(f"{where}: there is no picture '{wanted:.60}'")
        return
    marked.boxes.setdefault(picture, [])
    if are_shares:
        marked.sizes[picture] = _OF_SHARES
    if any(sides):
        marked.add(picture, label, sides, where)


def _columns(header: Sequence[str]) -> tuple[int, ...] | None:
    """Return the places of image, four sides and class in a table's header, or None where it lacks some."""
    names = [name.strip().lower() for name in header]
    image = next((names.index(name) for name in _IMAGE_COLUMNS if name in names), None)
    label = next((names.index(name) for name in _CLASS_COLUMNS if name in names), None)
    sides = next((known for known in _SIDES if set(known) <= set(names)), None)
    if image is None or label is None or sides is None:
        return None
    return (image, *(names.index(side) for side in sides), label)


def _keep_size(marked: _Marked, picture: str, width: Any, height: Any) -> None:
    try:
        size = float(width), float(height)
    except (TypeError, ValueError, OverflowError):
        return
    if min(size) > 0:
        marked.sizes[picture] = size


def _tests(listed: Files, names: Sequence[str]) -> np.ndarray:
    file = next((name for name in listed.names if name.lower().endswith(_TEST_LIST)), None)
    data = b"" if file is None else listed.read(file)
    stems = set(data.decode(encoding_of(data), "replace").split())
    return np.array(
        [stem_of(name) in stems or bool(TEST_FOLDERS & set(name.lower().split("/")[:-1])) for name in names],
        dtype=bool,
    )


def _no_boxes(path: Path, pictures: Sequence[str], faults: Sequence[str]) -> Exception:
    reason = f" The first thing that is wrong: {faults[0]}." if faults else ""
    message = (
        f"{path.name} holds {len(pictures):,} picture(s), but no boxes on them.{reason} Put beside the "
        "pictures an XML file (Pascal VOC) or a text file (YOLO) each, a COCO JSON file, or a CSV file with "
        "the columns image, xmin, ymin, xmax, ymax, class."
    )
    return stop("no_boxes", message, field="source")


def _warnings(
    path: Path, pictures: Sequence[str], names: Sequence[str], faults: Sequence[str]
) -> Iterator[Problem]:
    known = set(names)
    alone = [name for name in pictures if name not in known]
    if alone:
        message = (
            f"{len(alone):,} picture(s) of {path.name} have no description of their boxes and were left out: "
            f"{', '.join(alone[:_SHOWN])}{' …' if len(alone) > _SHOWN else ''}."
        )
        yield Problem("files_skipped", message, field="source", severity="warning")
    if faults:
        message = (
            f"{len(faults):,} description(s) in {path.name} cannot be used and were left out: "
            f"{'; '.join(faults[:_SHOWN])}{' …' if len(faults) > _SHOWN else ''}."
        )
        yield Problem("boxes_skipped", message, field="source", severity="warning")
