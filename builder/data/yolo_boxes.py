"""Boxes as YOLO's tools write them: a text file a picture, of which each line is a class and a box."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from builder.data.box_targets import stem_of
from builder.data.encodings import encoding_of

# A class and four numbers, or the points of an outline.
_LINE = re.compile(r"\d+(\s+[0-9.]+(e-?\d+)?){4,}", re.IGNORECASE)
_NAME_FILES = ("classes.txt", "obj.names", "labels.txt", "data.yaml", "data.yml", "dataset.yaml")
# Files are empty where nothing is on the picture.
_FILES_LOOKED_AT = 20


def looks_like_yolo(names: Sequence[str], read: Callable[[str], bytes], pictures: Sequence[str]) -> bool:
    """Tell whether text files describe the boxes on pictures of the same names."""
    stems = {stem_of(name) for name in pictures}
    described = (name for name in names if name.lower().endswith(".txt") and stem_of(name) in stems)
    return any(yolo_boxes(read(name)) for name in islice(described, _FILES_LOOKED_AT))


def yolo_boxes(data: bytes) -> list[tuple[int, tuple[float, float, float, float]]] | None:
    """Return the number of the class, and left, top, right and bottom as shares, of every line of a file.

    None stands for a file of something else. A line has the box's middle, width and height, or the points of
    an outline, around which the box then is.
    """
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    if not all(_LINE.fullmatch(line) for line in lines):
        return None
    found = []
    for line in lines:
        number, *values = line.split()
        try:
            sides = _sides([float(value) for value in values])
        except ValueError:
            return None
        found.append((int(number), sides))
    return found


def _sides(values: list[float]) -> tuple[float, float, float, float]:
    if len(values) < 6:
        # A fifth number says how sure a model was.
        x, y, width, height = values[:4]
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    across, down = values[0::2], values[1::2]
    return min(across), min(down), max(across), max(down)


def picture_of(name: str, by_path: Mapping[str, str]) -> str | None:
    """Return the picture that a text file describes: beside it, or in ``images`` where it is in ``labels``.

    Args:
        name: the path of the text file.
        by_path: the paths of pictures, by the same without their endings.
    """
    path = name.rpartition(".")[0]
    folders = path.split("/")
    ways = (
        "/".join([*folders[:place], "images", *folders[place + 1 :]])
        for place, folder in enumerate(folders[:-1])
        if folder.lower() == "labels"
    )
    return next((by_path[way] for way in (path, *ways) if way in by_path), None)


def class_names(names: Sequence[str], read: Callable[[str], bytes]) -> list[str]:
    """Return the names of the classes 0, 1, … where a file lists them."""
    files = {name.rsplit("/", 1)[-1].lower(): name for name in names}
    name = next((files[known] for known in _NAME_FILES if known in files), None)
    if name is None:
        return []
    data = read(name)
    text = data.decode(encoding_of(data), "replace")
    if not name.lower().endswith(("yaml", "yml")):
        return [line.strip() for line in text.splitlines() if line.strip()]
    return _listed(text)


def _listed(text: str) -> list[str]:
    """Return the names in a YAML file: in brackets, or in a line each, with or without their numbers."""
    in_line = re.search(r"^names:\s*[\[{](.*?)[\]}]", text, re.MULTILINE | re.DOTALL)
    if in_line:
        items = in_line[1].split(",")
    else:
        below = re.search(r"^names:\s*\n((?:\s*(?:-|\d+:).*\n?)+)", text, re.MULTILINE)
        items = below[1].splitlines() if below else []
    plain = (re.sub(r"^\s*(-\s*|\d+\s*:\s*)?", "", item).strip().strip("'\"") for item in items)
    return [item for item in plain if item]
