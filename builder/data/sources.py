"""Where data come from: the bundled samples, public data sets, and a person's own files and folders."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import builder
from builder.data.array_files import read_arrays
from builder.data.audio import AudioSource, Recording, read_recordings, recorded
from builder.data.columnar import read_parquet
from builder.data.files import unreadable
from builder.data.huggingface import read_hub_dataset, read_saved_dataset
from builder.data.images import ImageSource, image_pixels, read_image_arrays, read_images
from builder.data.json_lines import read_json_lines
from builder.data.keras_datasets import read_keras_dataset
from builder.data.linked import read_linked
from builder.data.picture_boxes import BoxSource, read_boxes
from builder.data.picture_pairs import MaskSource, read_masks
from builder.data.series import SeriesSource
from builder.data.signs import without_signs
from builder.data.table_source import TableSource
from builder.data.tables import join_tables, read_table
from builder.data.tagged_text import read_tagged
from builder.data.text_files import read_text, read_text_folders
from builder.data.thousands import without_thousands_marks
from builder.errors import shown_value, stop
from builder.params import suggestion
from builder.project import PRESETS_FOLDER, SOURCE_KINDS

SAMPLES_FOLDER = PRESETS_FOLDER / "samples"


@dataclass(frozen=True)
class Sample:
    """A bundled data set and what is known about it.

    ``kind`` is ``"image"``, ``"audio"``, ``"text"`` or ``"table"``. ``reference`` is a published or measured
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
        given = bool({"test_file", "test_column"} & set(self.data))
        return given or self.data["format"] in ("arrays", "masks", "boxes")

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


Content = TableSource | ImageSource | AudioSource | SeriesSource | MaskSource | BoxSource
_Reader = Callable[[Path], Content]

# How each kind of source that lies at a path is read.
READERS: Mapping[str, _Reader] = {
    "csv": read_table,
    "images": read_images,
    "parquet": lambda path: read_parquet([path], path.name),
    "jsonl": read_json_lines,
    "npz": read_arrays,
    "texts": read_text_folders,
    "conll": read_tagged,
    "masks": read_masks,
    "boxes": read_boxes,
    "audio": read_recordings,
    "linked": read_linked,
}
# Of a text or of tagged words every cell stays as it is.
_TABLES = ("csv", "jsonl", "parquet", "linked")


def open_source(source: Mapping[str, Any]) -> Content:
    """Return the content of a source: a table's columns, or the list of pictures, recordings or series.

    Args:
        source: ``{"kind": ..., "path": ...}`` with a kind of ``SOURCE_KINDS``; ``{"kind": "sample" |
            "keras" | "huggingface", "name": ...}``; of one ``text``, ``"unit"`` may be ``"paragraph"``.

    Raises:
        BuilderError: where the source is missing, of the wrong kind, broken or hostile.
    """
    kind = source.get("kind")
    if kind == "sample":
        return _open_sample(sample(source.get("name")))
    if kind == "keras":
        return read_keras_dataset(source.get("name"))
    if kind == "huggingface" and "path" not in source:
        return read_hub_dataset(source.get("name"))
    path = _existing_path(source)
    if kind == "huggingface":
        return read_saved_dataset(path)
    if kind == "text":
        return read_text(path, str(source.get("unit", "line")))
    content = READERS[str(kind)](path)
    if isinstance(content, TableSource) and kind in _TABLES:
        return without_thousands_marks(without_signs(content))
    return content


def read_image(path: Path) -> np.ndarray:
    """Return the pixels of a picture file, for a prediction; see ``image_pixels``.

    Raises:
        BuilderError: where the file is missing or no usable picture.
    """
    try:
        return image_pixels(path.read_bytes(), path.name)
    except OSError as error:
        raise unreadable(path, error) from error


def read_recording(path: Path) -> Recording:
    """Return the sound in a file, for a prediction.

    Raises:
        BuilderError: where the file is missing or no usable recording.
    """
    try:
        return recorded(path.read_bytes(), path.name)
    except OSError as error:
        raise unreadable(path, error) from error


def fingerprint(source: Mapping[str, Any]) -> str:
    """Return a quick mark of a source's present content: sizes and times, not bytes.

    Raises:
        BuilderError: where the source is missing.
    """
    if source.get("kind") == "sample":
        return f"{sample(source.get('name')).name} {builder.__version__}"
    if source.get("kind") == "keras":
        return f"keras {source.get('name')}"
    if source.get("kind") == "huggingface" and "path" not in source:
        return f"huggingface {source.get('name')}"
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
    if source.get("kind") not in SOURCE_KINDS:
        got = shown_value(source.get("kind"))
        message = f"The data source must be one of {', '.join(SOURCE_KINDS)}. Got {got} instead."
        raise stop("bad_recipe", message, field="source")
    if not isinstance(given, str) or not given:
        raise stop("no_source", "No file is chosen yet. Choose a data file or a sample.", field="source")
    path = Path(given)
    if not path.exists():
        message = f"The file {path.name} is no longer at {path}. Choose it again or upload it again."
        raise stop("source_missing", message, field="source")
    return path


def _open_sample(item: Sample) -> Content:
    file = item.folder / item.data["file"]
    if item.data["format"] == "arrays":
        return read_image_arrays(file, tuple(item.data["class_names"]), item.title)
    if item.data["format"] == "images":
        return read_images(file, item.title)
    if item.data["format"] == "masks":
        return read_masks(file, item.title)
    if item.data["format"] == "boxes":
        return read_boxes(file, item.title)
    if item.data["format"] == "audio":
        return read_recordings(file, item.title)
    if item.data["format"] == "linked":
        found = read_linked(file, item.title)
        column = item.data.get("test_column")
        is_test = (found.frame[column] == "test").to_numpy() if column else None
        return replace(found, roles={**found.roles, **item.roles}, is_test=is_test)
    if item.data["format"] == "text":
        return read_text(file, "paragraph", item.title)
    read = read_tagged if item.data["format"] == "conll" else read_table
    table = replace(read(file, item.title), roles=item.roles)
    if not item.has_given_test:
        return table
    return join_tables(table, read(item.folder / item.data["test_file"]))
