"""NumPy archives (.npz) with x and y: images, series or a table. Pickled arrays are never loaded."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from builder.data.images import ImageSource
from builder.data.naming import in_natural_order
from builder.data.series import SeriesSource
from builder.data.table_source import TableSource
from builder.errors import BuilderError, Problem, stop
from builder.sizes import GB, size_words

MAXIMUM_BYTES = 2 * GB
_INPUTS = ("x", "images", "data", "features", "inputs", "samples")
_TARGETS = ("y", "labels", "label", "target", "targets", "classes")
_PARTS = ("train", "test", "val", "valid", "validation")
_CHANNELS = (1, 3, 4)
_SMALLEST_SIDE = 8
# NumPy's letters for what is true or false, whole or decimal, and for words.
_KINDS = "buifSU"
# Pictures of 0 to 1 may go a little beyond after they were resized.
_TOP_OF_SHARES = 2
# Damaged and protected archives make the reader fail in all these ways.
_FAILURES = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    OSError,
    EOFError,
    KeyError,
    RuntimeError,
)


def read_arrays(path: Path, title: str | None = None) -> ImageSource | SeriesSource | TableSource:
    """Return the samples of an archive with arrays ``x`` and ``y``, or ``x_train``, ``y_train``, ``x_test`` …

    Arrays of shape (rows, height, width, 1, 3 or 4) are images, and so are those of shape (rows, height,
    width) where they hold bytes, or where height and width are equal and no number is negative. Other
    three-dimensional arrays are series (rows, steps, channels), two-dimensional ones are tables.

    Raises:
        BuilderError: where the file is damaged, too large or pickled, or holds no such arrays.
    """
    arrays = _load(path)
    inputs, targets, is_test = _parts(path, arrays)
    _check_lengths(path, inputs, targets)
    _check_kinds(path, inputs, targets)
    title = title or path.name
    if inputs.ndim == 2:
        return _table(path, title, inputs, targets, is_test)
    labels, class_names = class_indices(targets, path.name)
    names = [f"sample {number}" for number in range(1, len(labels) + 1)]
    if _is_images(inputs):
        pixels, problems = _to_pixels(inputs, path.name)
        return ImageSource(
            title=title,
            names=names,
            labels=labels,
            class_names=class_names,
            read=lambda row: Image.fromarray(pixels[row]),
            files=(path,),
            is_test=is_test,
            problems=problems,
        )
    if inputs.ndim == 3 and inputs.dtype.kind in "fiu":
        with np.errstate(over="ignore"):
            series = inputs.astype(np.float32)
        shape = (series.shape[1], series.shape[2])
        return SeriesSource(
            title=title,
            names=names,
            labels=labels,
            class_names=class_names,
            shape=shape,
            read=lambda row: series[row],
            files=(path,),
            is_test=is_test,
            problems=_gaps(path, inputs, series),
        )
    is_first = inputs.ndim == 4 and inputs.shape[1] in _CHANNELS
    last = " Put the channels last: numpy.moveaxis(x, 1, -1)." if is_first else ""
    message = (
        f"The array of inputs in {path.name} has the shape {inputs.shape} and the type {inputs.dtype}. "
        "Images need (rows, height, width[, channels]), series (rows, steps, channels), tables (rows, "
        f"columns).{last}"
    )
    raise stop("array_shape", message, field="source")


def class_indices(targets: np.ndarray, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return int32 class indices and class names of targets: numbers, words, or one column a class.

    Raises:
        BuilderError: where the targets are none of these.
    """
    targets = _in_one_row(targets)
    if targets.ndim == 2 and np.isin(targets, (0, 1)).all() and (targets.sum(axis=1) == 1).all():
        targets = targets.argmax(axis=1)
    is_whole = targets.ndim == 1 and (
        targets.dtype.kind in "iubUS"
        or (targets.dtype.kind == "f" and (np.isfinite(targets) & (targets == np.round(targets))).all())
    )
    if not is_whole:
        message = (
            f"The targets in {name} have the shape {targets.shape} and the type {targets.dtype}; one class a "
            "row is needed: whole numbers or words."
        )
        raise stop("array_targets", message, field="source")
    if targets.dtype.kind == "S":
        targets = np.char.decode(targets, "utf-8", "replace")
    values, indices = np.unique(targets, return_inverse=True)
    words = [str(value) if targets.dtype.kind == "U" else f"{int(value)}" for value in values]
    order = [words.index(word) for word in in_natural_order(words)]
    place = np.empty(len(words), dtype=np.int32)
    place[order] = np.arange(len(words))
    return place[indices], tuple(words[number] for number in order)


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_headers(path, archive)
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except _FAILURES as error:
        message = (
            f"{path.name} is damaged, was cut off, or holds other things than arrays. Save it again with "
            "numpy.savez."
        )
        raise stop("damaged_file", message, field="source") from error


def _check_headers(path: Path, archive: zipfile.ZipFile) -> None:
    """Look at what every array would take before any is loaded."""
    total = 0
    for member in archive.infolist():
        with archive.open(member) as stream:
            head = io.BytesIO(stream.read(1 << 16))
        version = np.lib.format.read_magic(head)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, kind = read(head)
        if kind.hasobject:
            raise _pickled(path, member.filename)
        if min(shape, default=0) < 0:
            raise ValueError("a negative size")
        total += int(np.prod(shape, dtype=np.float64)) * kind.itemsize
    if total > MAXIMUM_BYTES:
        message = (
            f"The arrays in {path.name} take {size_words(total)}; at most {size_words(MAXIMUM_BYTES)} can "
            "be read. Save a part of the rows, or the images as files in class folders."
        )
        raise stop("file_too_large", message, field="source")


def _pickled(path: Path, member: str) -> BuilderError:
    message = (
        f"The array '{member.removesuffix('.npy')}' in {path.name} is pickled. Opening a pickle can run any "
        "program hidden in it, so it is never opened here. Save plain numbers or fixed-length words."
    )
    return stop("pickle_refused", message, field="source")


def _parts(path: Path, arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    by_name = {name.lower(): array for name, array in arrays.items()}
    pairs = {}
    for part in ("", *_PARTS):
        for separator in ("_", "") if part else ("",):
            found = [
                _first(by_name, names, f"{separator}{part}", f"{part}{separator}")
                for names in (_INPUTS, _TARGETS)
            ]
            if found[0] is not None and found[1] is not None:
                pairs[part] = (found[0], _in_one_row(found[1]))
    if not pairs:
        message = (
            f"{path.name} holds the arrays {', '.join(list(arrays)[:8])}; 'x' and 'y' are needed, or "
            "'x_train', 'y_train', 'x_test' and 'y_test'."
        )
        raise stop("no_arrays", message, field="source")
    if "train" not in pairs:
        inputs, targets = next(iter(pairs.values()))
        return inputs, targets, None
    ordered = [pairs[part] for part in _PARTS if part in pairs]
    for inputs, targets in ordered:
        _check_lengths(path, inputs, targets)
    if len({(inputs.shape[1:], targets.shape[1:]) for inputs, targets in ordered}) > 1:
        message = f"The training and test arrays in {path.name} have different shapes. Save them alike."
        raise stop("array_shape", message, field="source")
    is_test = np.concatenate(
        [np.full(len(pairs[part][0]), part == "test") for part in _PARTS if part in pairs]
    )
    return (
        np.concatenate([inputs for inputs, _ in ordered]),
        np.concatenate([targets for _, targets in ordered]),
        is_test if is_test.any() else None,
    )


def _in_one_row(targets: np.ndarray) -> np.ndarray:
    return targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets


def _first(
    arrays: Mapping[str, np.ndarray], names: tuple[str, ...], ending: str, beginning: str
) -> np.ndarray | None:
    wanted = [word for name in names for word in (f"{name}{ending}", f"{beginning}{name}")]
    return next((arrays[word] for word in wanted if word in arrays), None)


def _check_lengths(path: Path, inputs: np.ndarray, targets: np.ndarray) -> None:
    if not inputs.ndim or not targets.ndim or len(inputs) != len(targets) or not inputs.size:
        message = (
            f"The inputs in {path.name} have the shape {inputs.shape}, the targets {targets.shape}: both "
            "need as many rows, at least one, and values in them. Save the arrays again."
        )
        raise stop("array_lengths", message, field="source")


def _check_kinds(path: Path, inputs: np.ndarray, targets: np.ndarray) -> None:
    for what, array in (("inputs", inputs), ("targets", targets)):
        if array.dtype.kind not in _KINDS:
            message = (
                f"The {what} in {path.name} are of the type {str(array.dtype)[:60]}; whole numbers, decimals "
                "or words are needed. Save them as such with numpy.savez."
            )
            raise stop("array_type", message, field="source")


def _gaps(path: Path, inputs: np.ndarray, series: np.ndarray) -> tuple[Problem, ...]:
    """Return a warning about values of series that are not there, or that float32 cannot hold."""
    gaps = ~np.isfinite(series)
    count = int(gaps.sum())
    if not count:
        return ()
    message = (
        f"{count:,} value(s) of the series in {path.name} are missing, infinite or beyond 3.4e+38 (such as "
        f"{inputs[gaps][0]}). Each counts as the mean of its channel."
    )
    return (Problem("series_gaps", message, field="source", severity="warning"),)


def _is_images(inputs: np.ndarray) -> bool:
    if inputs.ndim == 4 and inputs.shape[-1] in _CHANNELS:
        return inputs.dtype.kind in "buif"
    if inputs.ndim != 3 or min(inputs.shape[1:]) < _SMALLEST_SIDE:
        return False
    is_square = inputs.shape[1] == inputs.shape[2] and inputs.dtype.kind in "buif"
    return inputs.dtype == np.uint8 or (is_square and not (inputs < 0).any())


def _to_pixels(inputs: np.ndarray, name: str) -> tuple[np.ndarray, tuple[Problem, ...]]:
    problems: tuple[Problem, ...] = ()
    if inputs.dtype != np.uint8:
        is_known = np.isfinite(inputs)
        bottom = min(float(inputs.min(where=is_known, initial=0)), 0.0)
        top = float(inputs.max(where=is_known, initial=0))
        if bottom < 0:
            problems = (_spread_warning(name, bottom, top),)
        scale = _pixel_scale(inputs.dtype.kind, bottom, top)
        shifted = np.nan_to_num(inputs.astype(np.float32)) - np.float32(bottom)
        inputs = np.clip(shifted * np.float32(scale), 0, 255).astype(np.uint8)
    return (inputs[..., 0] if inputs.ndim == 4 and inputs.shape[-1] == 1 else inputs), problems


def _pixel_scale(kind: str, bottom: float, top: float) -> float:
    """Return what pixels of ``bottom`` to ``top`` are multiplied by, once they begin at 0."""
    if bottom < 0:
        return 255.0 / (top - bottom)
    if top <= 1 or (kind == "f" and top < _TOP_OF_SHARES):
        return 255.0 / max(top, 1.0)
    return 1.0 if top <= 255 else 255.0 / top


def _spread_warning(name: str, bottom: float, top: float) -> Problem:
    message = (
        f"The pictures in {name} hold numbers from {bottom:g} to {top:g}, where pictures have 0 to 255. They "
        "were spread over that. Save them as they were before they were normalized, if you can."
    )
    return Problem("pixels_spread", message, field="source", severity="warning")


def _table(
    path: Path, title: str, inputs: np.ndarray, targets: np.ndarray, is_test: np.ndarray | None
) -> TableSource:
    if targets.ndim == 2 and targets.shape[1] > 1:
        labels, names = class_indices(targets, path.name)
        targets = np.array(names)[labels]
    columns = {f"x_{number}": inputs[:, number - 1] for number in range(1, inputs.shape[1] + 1)}
    columns["y"] = targets.reshape(len(targets))
    frame = pd.DataFrame({name: _words(values) for name, values in columns.items()})
    lines = np.arange(len(frame)) + 1
    return TableSource(title, frame, lines, (path,), is_test=is_test, roles={"y": "target"})


def _words(values: np.ndarray) -> pd.Series:
    words = pd.Series(values).astype("str")
    return words.where(words.notna() & (words != "nan"), "")
