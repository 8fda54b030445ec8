"""Where data come from: the bundled samples, and a person's own CSV file, image folder or zip."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import builder
from builder.data.files import unreadable
from builder.data.images import ImageSource, image_pixels, read_image_arrays, read_images
from builder.data.tables import TableSource, join_tables, read_table
from builder.errors import stop
from builder.params import suggestion
from builder.project import PRESETS_FOLDER

SAMPLES_FOLDER = PRESETS_FOLDER / "samples"


@dataclass(frozen=True)
class Sample:
    """A bundled data set and what is known about it.

    ``kind`` is ``"image"``, ``"text"`` or ``"table"``. ``reference`` is a published or measured
    figure to compare with: ``{"metric", "value", "text"}``. ``data`` says how its files are read.
    """

    name: str
    title: str
    task: str
    kind: str
    license: str
    origin: str
    rows: int
    description: str
    folder: Path
    citation: str
    reference: Mapping[str, Any]
    recommended_preset: str
    data: Mapping[str, Any]

    @property
    def has_given_test(self) -> bool:
        """Whether the sample comes with test rows of its own."""
        return self.data["format"] == "arrays" or "test_file" in self.data

    @property
    def roles(self) -> dict[str, str]:
        """The roles of columns that the sample's description fixes; the others are proposed."""
        return dict(self.data.get("roles", {}))


def samples() -> list[Sample]:
    """Return the bundled samples, ordered by name."""
    found = []
    for file in sorted(SAMPLES_FOLDER.glob("*/sample.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        found.append(Sample(**facts, folder=file.parent))
    return found


def sample(name: Any) -> Sample:
    """Return the bundled sample of this name.

    Raises:
        BuilderError: where there is none; the message names those that exist.
    """
    known = {item.name: item for item in samples()}
    if name not in known:
        message = (
            f"There is no sample '{name}'.{suggestion(str(name), list(known))} "
            f"The samples are: {', '.join(known)}."
        )
        raise stop("unknown_sample", message, field="source")
    return known[name]


def open_source(source: Mapping[str, Any]) -> TableSource | ImageSource:
    """Return the content of a source: a table's columns, or the list of an image set's pictures.

    Args:
        source: ``{"kind": "sample", "name": ...}`` or ``{"kind": "csv" | "images", "path": ...}``.

    Raises:
        BuilderError: where the source is missing, of the wrong kind, broken or hostile.
    """
    if source.get("kind") == "sample":
        return _open_sample(sample(source.get("name")))
    path = _existing_path(source)
    return read_table(path) if source.get("kind") == "csv" else read_images(path)


def read_image(path: Path) -> np.ndarray:
    """Return the pixels of a picture file, for a prediction: uint8, shape (height, width, 1 or 3).

    Raises:
        BuilderError: where the file is missing or no usable picture.
    """
    try:
        return image_pixels(path.read_bytes(), path.name)
    except OSError as error:
        raise unreadable(path, error) from error


def fingerprint(source: Mapping[str, Any]) -> str:
    """Return a quick mark of a source's present content: sizes and times, not bytes.

    Raises:
        BuilderError: where the source is missing.
    """
    if source.get("kind") == "sample":
        return f"{sample(source.get('name')).name} {builder.__version__}"
    path = _existing_path(source)
    marks = hashlib.sha256()
    for file in _files(path):
        facts = file.stat(follow_symlinks=False)
        marks.update(f"{file}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return f"{path.resolve()} {marks.hexdigest()}"


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, names, files in os.walk(path):
        names.sort()
        yield from (Path(folder, name) for name in sorted(files))


def _existing_path(source: Mapping[str, Any]) -> Path:
    given = source.get("path")
    if source.get("kind") not in ("csv", "images"):
        message = (
            f"The data source must be a sample, a CSV file or images. Got {source.get('kind')!r} instead."
        )
        raise stop("bad_recipe", message, field="source")
    if not isinstance(given, str) or not given:
        raise stop("no_source", "No file is chosen yet. Choose a data file or a sample.", field="source")
    path = Path(given)
    if not path.exists():
        message = f"The file {path.name} is no longer at {path}. Choose it again or upload it again."
        raise stop("source_missing", message, field="source")
    return path


def _open_sample(item: Sample) -> TableSource | ImageSource:
    file = item.folder / item.data["file"]
    if item.data["format"] == "arrays":
        return read_image_arrays(file, tuple(item.data["class_names"]), item.title)
    if item.data["format"] == "images":
        return read_images(file, item.title)
    table = replace(read_table(file, item.title), roles=item.roles)
    if not item.has_given_test:
        return table
    return join_tables(table, read_table(item.folder / item.data["test_file"]))
