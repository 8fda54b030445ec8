"""Decoding pictures, recordings or series of classes into one array, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.audio import AudioSource
from builder.data.files import BrokenFile, hash_files
from builder.data.images import ImageSource
from builder.data.labels import check_labels, label_names, multi_hot
from builder.data.prepare_audio import audio_input
from builder.data.prepare_images import EncodeFile, image_input
from builder.data.prepare_series import series_input
from builder.data.reconstruction import ANOMALIES_FILE, parts_of_normal, settled_normal
from builder.data.series import SeriesSource
from builder.data.spec import DataSpec, ModelInput
from builder.data.split_files import split_files
from builder.data.targets import check_classes
from builder.data.writing import ArrayWriter, write_array
from builder.errors import Problem, stop
from builder.project import DataRecipe
from builder.tasks import TASKS

FileSource = ImageSource | AudioSource | SeriesSource
STORED_AS = {"image": "uint8", "audio": "int16", "series": "float32"}
_WORDS = {
    "image": ("picture", "pictures"),
    "audio": ("recording", "recordings"),
    "series": ("series", "series"),
}
_BROKEN_SHARE = 0.1
_BROKEN_ALWAYS_SKIPPED = 3
_CHUNK_BYTES = 16_000_000


def prepare_files(
    recipe: DataRecipe, source: FileSource, folder: Path, on_progress: Callable[[float, str], None]
) -> tuple[DataSpec, list[Problem]]:
    """Write a source's samples, classes and parts as arrays; return the specification and warnings.

    Raises:
        BuilderError: where the samples or classes are unusable.
    """
    check_class_recipe(recipe, source)
    item, encode = _input(recipe, source)
    good, problems = _write(source, item, encode, folder, on_progress)
    labels = source.labels[good]
    if recipe.task == "reconstruction":
        return _reconstructed(recipe, source, good, item, folder), [*source.problems, *problems]
    parts, split_problems = split_files(recipe.split_settings(), source, good, recipe.task)
    values, names = _targets(recipe, source, labels)
    write_array(folder / "targets.npy", values)
    for part, rows in parts.items():
        write_array(folder / f"{part}.npy", rows)
    spec = DataSpec(
        task=recipe.task,
        inputs=(item,),
        class_names=names,
        target_name="class",
        target_shape=values.shape[1:],
        rows={part: len(rows) for part, rows in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
    )
    return spec, [*source.problems, *problems, *split_problems]


def _reconstructed(
    recipe: DataRecipe, source: FileSource, good: np.ndarray, item: ModelInput, folder: Path
) -> DataSpec:
    """Write the parts, and which pictures are anomalies; the pictures themselves are the target."""
    settings, classes = recipe.settings(), source.labels[good]
    normal = settled_normal(settings["normal_class"], source.class_names, classes)
    is_test = None if source.is_test is None else source.is_test[good]
    parts = parts_of_normal(recipe.split_settings(), classes == normal, is_test)
    write_array(folder / ANOMALIES_FILE, (classes != normal).astype(np.uint8))
    for part, rows in parts.items():
        write_array(folder / f"{part}.npy", rows)
    return DataSpec(
        task=recipe.task,
        inputs=(item,),
        target_name="the picture",
        target_shape=item.arrays[0].shape,
        rows={part: len(rows) for part, rows in parts.items()},
        data_hash=hash_files(source.files),
        source_title=source.title,
        anomaly={"normal": source.class_names[normal], "quantile": settings["anomaly_quantile"]},
    )


def _targets(
    recipe: DataRecipe, source: FileSource, labels: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the targets and the names of classes, or of labels where a folder's name holds several."""
    if recipe.task != "multi_label":
        return labels, source.class_names
    lists, names = label_names(source.class_names, source.class_names)
    return multi_hot(lists, names)[labels], names


def check_class_recipe(recipe: DataRecipe, source: FileSource) -> None:
    """Check that a recipe's task suits files in class folders, and that there are classes.

    Raises:
        BuilderError: where they do not fit.
    """
    if recipe.task == "generation" and kind_of(source) != "audio":
        return
    if recipe.task in TASKS and TASKS[recipe.task].of_pictures:
        message = (
            f"{source.title} has {_WORDS[kind_of(source)][1]} in class folders, but no masks and no boxes on "
            "them. Choose the task classification, or bring pictures with masks (a folder 'masks' beside "
            "'images') or with boxes (Pascal VOC, COCO, YOLO, or a CSV file)."
        )
        raise stop("task_of_other_data", message, field="task")
    if recipe.task == "multi_label":
        names = label_names(source.class_names, source.class_names)[1]
        check_labels(names, f"'{source.title}'", "source")
        return
    if recipe.task == "reconstruction" and kind_of(source) == "image":
        check_classes(source.class_names, len(source.labels), source.title, "source")
        return
    if recipe.task != "classification":
        message = (
            f"{_WORDS[kind_of(source)][1].capitalize()} in class folders can be classified; they hold no "
            "numbers to predict. Choose the task classification."
        )
        raise stop("task_needs_numbers", message, field="task")
    if isinstance(source, ImageSource) and len(source.class_names) == 1:
        message = (
            f"All {len(source.labels):,} pictures of {source.title} lie in one folder, so there is only one "
            "class. Put the pictures of each class into a folder of its own, named after the class; or "
            "choose the task of making up new pictures, which needs no classes."
        )
        raise stop("one_class", message, field="source")
    check_classes(source.class_names, len(source.labels), source.title, "source")


def kind_of(source: FileSource) -> str:
    """Return the kind of input that a source's samples become."""
    if isinstance(source, ImageSource):
        return "image"
    return "audio" if isinstance(source, AudioSource) else "series"


def _input(recipe: DataRecipe, source: FileSource) -> tuple[ModelInput, EncodeFile]:
    settings: Mapping[str, Any] = recipe.settings()
    if isinstance(source, ImageSource):
        return image_input(source, settings)
    if isinstance(source, AudioSource):
        return audio_input(source, settings)
    parts, _ = split_files(recipe.split_settings(), source, np.arange(len(source.labels)), recipe.task)
    return series_input(source, settings, parts["train"])


def _write(
    source: FileSource,
    item: ModelInput,
    encode: EncodeFile,
    folder: Path,
    on_progress: Callable[[float, str], None],
) -> tuple[np.ndarray, list[Problem]]:
    good: list[int] = []
    broken: list[str] = []
    array, total = item.arrays[0], len(source.labels)
    stored = np.dtype(STORED_AS[item.kind])
    chunk = int(np.clip(_CHUNK_BYTES // (np.prod(array.shape) * stored.itemsize), 1, 1024))
    words = _WORDS[item.kind][1]
    with (folder / f"{array.name}.npy").open("wb") as stream:
        writer = ArrayWriter(stream, array.shape, stored.str)
        for start in range(0, total, chunk):
            decoded = []
            for row in range(start, min(start + chunk, total)):
                try:
                    decoded.append(encode(row))
                    good.append(row)
                except BrokenFile as error:
                    broken.append(f"{source.names[row]} ({error})")
            writer.append(np.stack(decoded) if decoded else np.empty((0,), dtype=stored))
            done = min(start + chunk, total)
            on_progress(0.95 * done / total, f"Decoding {words} ({start:,} of {total:,})")
        writer.finish()
    return np.array(good, dtype=np.int64), broken_problems(source.title, item.kind, broken, total)


def too_many_broken(broken: int, total: int) -> bool:
    """Tell whether files that cannot be read are more than a few and more than one in ten."""
    return broken > _BROKEN_ALWAYS_SKIPPED and broken > _BROKEN_SHARE * total


def broken_problems(title: str, kind: str, broken: list[str], total: int) -> list[Problem]:
    """Return a warning about files of a kind that cannot be read.

    Raises:
        BuilderError: where they are more than a few and more than one in ten.
    """
    if not broken:
        return []
    one, many = _WORDS[kind]
    code = "image" if one == "picture" else "file"
    shown = ", ".join(broken[:5]) + (" …" if len(broken) > 5 else "")
    if too_many_broken(len(broken), total):
        message = (
            f"{len(broken):,} of {total:,} {many} of {title} cannot be read: {shown}. Copy or "
            f"pack the {many} again."
        )
        raise stop(f"broken_{code}s", message, field="source")
    message = f"{len(broken):,} {one}(s) of {title} cannot be read and were left out: {shown}."
    return [Problem(f"{code}s_skipped", message, field="source", severity="warning")]
