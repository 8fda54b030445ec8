"""Preparing data once: every array encoded and split into a folder, opened at once ever after."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.images import dark_problems
from builder.data.marks import changed
from builder.data.masking import shown
from builder.data.picture_boxes import BoxSource
from builder.data.picture_pairs import MaskSource
from builder.data.prepare_files import prepare_files
from builder.data.prepare_forecast import prepare_forecast
from builder.data.prepare_language import prepare_language
from builder.data.prepare_masked import prepare_masked
from builder.data.prepare_pairs import prepare_pairs
from builder.data.prepare_pictures import prepare_boxes, prepare_masks
from builder.data.prepare_table import prepare_table
from builder.data.prepare_tokens import prepare_tokens
from builder.data.reconstruction import Pixels
from builder.data.some_rows import spread
from builder.data.sources import fingerprint, open_source
from builder.data.spec import ARRAY_KINDS, DataSpec, ModelInput
from builder.data.splits import PARTS
from builder.data.table_source import TableSource
from builder.data.tokenizers import text_of
from builder.data.windows import SERIES_FILE, TARGET_FILE, TOKENS_FILE, series_windows, token_windows
from builder.data.writing import explained_disk_errors, further_targets_file, read_row, write_json
from builder.data.zip_names import names_reading
from builder.errors import BuilderError, Problem, stop
from builder.project import DataRecipe
from builder.tasks import TASKS

# Raise it when the same recipe gives other arrays than before.
PREPARED_VERSION = 7
Progress = Callable[[float, str], None]
_TEMPORARY = ".preparing-"
_PICTURES_LOOKED_AT = 40
_ABANDONED_SECONDS = 24 * 3600
# How a table is prepared for tasks that do not take it row by row.
_TABLE_TASKS = {
    "forecasting": prepare_forecast,
    "generation": prepare_forecast,
    "language_model": prepare_language,
    "masked_language_model": prepare_masked,
    "text_to_text": prepare_pairs,
    "token_classification": prepare_tokens,
}


@dataclass(frozen=True)
class Prepared:
    """Prepared data: arrays, targets and the rows of each part, memory-mapped from ``folder``.

    ``arrays`` maps an ``ArraySpec``'s name to (rows, *shape), images as uint8, sound as int16; ``targets`` is
    (rows, *target_shape), int32 class indices or float32 in the target's unit, and ``further_targets`` are
    the same for each of the specification's further targets; ``indices`` maps ``"train"``, ``"validation"``
    and ``"test"`` to row numbers. ``problems`` are the warnings of the preparation.
    ``augmentation`` says how training rows are changed on their way to a model; the arrays never are.
    """

    folder: Path
    spec: DataSpec
    arrays: dict[str, np.ndarray]
    targets: np.ndarray
    indices: dict[str, np.ndarray]
    problems: tuple[Problem, ...]
    further_targets: tuple[np.ndarray, ...] = ()
    augmentation: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Prepared:
        """Return the prepared data in a folder that ``prepare`` made."""
        spec = DataSpec.from_json(_read_json(folder / "spec.json"))
        arrays, targets = _arrays(folder, spec)
        return cls(
            folder=folder,
            spec=spec,
            arrays=arrays,
            targets=targets,
            indices={part: np.load(folder / f"{part}.npy", mmap_mode="r") for part in PARTS},
            problems=tuple(Problem(**item) for item in _read_json(folder / "problems.json")),
            further_targets=tuple(
                np.load(folder / further_targets_file(number), mmap_mode="r")
                for number in range(len(spec.further_targets))
            ),
        )

    @property
    def all_targets(self) -> tuple[np.ndarray, ...]:
        """The targets and the further targets."""
        return (self.targets, *self.further_targets)

    @property
    def each_target(self) -> tuple[Prepared, ...]:
        """These data once for every target, as if that were the only one."""
        pairs = zip(self.spec.each_target, self.all_targets, strict=True)
        return tuple(replace(self, spec=spec, targets=array, further_targets=()) for spec, array in pairs)

    def arrays_of(self, rows: Any) -> dict[str, np.ndarray]:
        """Return the arrays of some rows in the dtypes that the model takes."""
        return {
            item.name: np.asarray(self.arrays[item.name][rows]).astype(item.dtype)
            for item in self.spec.arrays
        }

    def sample(self, row: int) -> dict[str, Any]:
        """Return the sample of a row for display.

        ``{"kind": "image", "array": uint8 (height, width, channels)}``, ``{"kind": "audio", "array": int16
        (samples,), "rate": ...}``, ``{"kind": "series", "array": float32 (steps, channels)}``,
        ``{"kind": "text", "text": ...}`` (of tagged words also ``tokens`` and ``tags``, of pairs of texts
        also ``answer``) or
        ``{"kind": "table", "row": {column: value or None}}``. Where a table names pictures or recordings,
        ``"files"`` has the samples of these, by the inputs' names.
        """
        first, *others = self.spec.inputs
        if first.kind in ARRAY_KINDS and "file_column" not in first.settings:
            return self._array_sample(first, row)
        if self.spec.task in ("language_model", "masked_language_model"):
            tokens = self.arrays[first.arrays[0].name][row]
            if self.spec.task == "masked_language_model":
                tokens = shown(np.where, tokens, self.targets[row])
            tokens = tokens.tolist()
            return {"kind": "text", "text": text_of(first.settings, tokens)}
        values = read_row(self.folder / "rows.arrow", row)
        if self.spec.task == "token_classification":
            return {"kind": "text", "text": " ".join(values["tokens"]), **values}
        if self.spec.task == "text_to_text":
            answer = values[self.spec.target_name]
            return {"kind": "text", "text": values[first.settings["column"]], "answer": answer}
        if first.kind == "text" and not others:
            return {"kind": "text", "text": values[first.settings["column"]]}
        linked = [item for item in self.spec.inputs if item.kind in ARRAY_KINDS]
        files = {item.name: self._array_sample(item, row) for item in linked}
        return {"kind": "table", "row": values} | ({"files": files} if files else {})

    def _array_sample(self, item: ModelInput, row: int) -> dict[str, Any]:
        found = {"kind": item.kind, "array": np.array(self.arrays[item.arrays[0].name][row])}
        return found | ({"rate": item.settings["rate"]} if item.kind == "audio" else {})


def prepare(recipe: DataRecipe, cache_folder: Path, on_progress: Progress | None = None) -> Prepared:
    """Return the recipe's data, prepared now or taken from the cache.

    The same recipe over the same source gives the same arrays and parts, bit for bit. The folder
    appears whole or not at all, also when several processes prepare the same data at once.

    Args:
        recipe: what to read and how; without roles, the proposed ones are used.
        cache_folder: where prepared data are kept.
        on_progress: called with the done share, 0 to 1, and what is being done.

    Raises:
        BuilderError: where the recipe or the data are unusable, or the disk is full.
    """
    _raise_errors(recipe.check())
    folder = _folder(recipe, cache_folder)
    if not folder.exists():
        with explained_disk_errors(cache_folder):
            _prepare_whole(recipe, folder, on_progress or _no_progress)
    return replace(Prepared.open(folder), augmentation=recipe.augmentation_settings())


def prepared_spec(recipe: DataRecipe, cache_folder: Path) -> DataSpec | None:
    """Return the specification if the recipe's data are prepared already, else None. Takes milliseconds."""
    if any(problem.severity == "error" for problem in recipe.check()):
        return None
    try:
        file = _folder(recipe, cache_folder) / "spec.json"
    except BuilderError:
        return None
    return DataSpec.from_json(_read_json(file)) if file.exists() else None


def _folder(recipe: DataRecipe, cache_folder: Path) -> Path:
    # Augmentation changes batches, not what is prepared.
    kept = replace(recipe, augmentation={}).to_json()
    everything = {
        "version": PREPARED_VERSION,
        "recipe": kept | {"preprocessing": recipe.settings(), "split": recipe.split_settings()},
        "content": fingerprint(recipe.source),
    }
    text = json.dumps(everything, sort_keys=True)
    return cache_folder / hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _prepare_whole(recipe: DataRecipe, folder: Path, on_progress: Progress) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder.parent))
    try:
        on_progress(0.0, "Reading the data")
        source = open_source(recipe.source)
        if isinstance(source, TableSource):
            _check_table_task(recipe, source)
            prepare_rows = _TABLE_TASKS.get(recipe.task, prepare_table)
            spec, problems = prepare_rows(recipe, source, temporary, on_progress)
        elif isinstance(source, MaskSource):
            spec, problems = prepare_masks(recipe, source, temporary, on_progress)
        elif isinstance(source, BoxSource):
            spec, problems = prepare_boxes(recipe, source, temporary, on_progress)
        else:
            spec, problems = prepare_files(recipe, source, temporary, on_progress)
        if isinstance(recipe.source.get("path"), str):
            reading = {**spec.reading, **names_reading(Path(recipe.source["path"]))}
            spec = replace(spec, reading=reading)
        write_json(temporary / "spec.json", spec.to_json())
        problems = [*changed(recipe.source), *problems, *_dark(temporary, spec)]
        write_json(temporary / "problems.json", [problem.to_json() for problem in problems])
        _publish(temporary, folder)
        on_progress(1.0, "Ready")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _dark(folder: Path, spec: DataSpec) -> list[Problem]:
    """Return a warning where nothing much can be seen on the prepared pictures."""
    arrays = [item.arrays[0].name for item in spec.inputs if item.kind == "image"]
    written = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in arrays]
    pictures = (array[row] for array in written for row in spread(len(array), _PICTURES_LOOKED_AT))
    return dark_problems(spec.source_title, pictures)


def _check_table_task(recipe: DataRecipe, source: TableSource) -> None:
    if TASKS[recipe.task].of_pictures:
        message = f"{source.title} is a table; the task {TASKS[recipe.task].noun} needs pictures. Bring some."
        raise stop("task_of_other_data", message, field="task")


def _arrays(folder: Path, spec: DataSpec) -> tuple[dict[str, np.ndarray], Any]:
    """Return the input arrays by name and the targets, memory-mapped."""
    if "horizon" in spec.windows:
        past, future = series_windows(
            np.load(folder / SERIES_FILE, mmap_mode="r"),
            np.load(folder / TARGET_FILE, mmap_mode="r"),
            spec.windows,
        )
        return {spec.arrays[0].name: past}, future
    if spec.task == "language_model":
        tokens, following = token_windows(np.load(folder / TOKENS_FILE, mmap_mode="r"), spec.windows)
        return {spec.arrays[0].name: tokens}, following
    arrays = {item.name: np.load(folder / f"{item.name}.npy", mmap_mode="r") for item in spec.arrays}
    if spec.task == "reconstruction" and spec.inputs[0].kind == "image":
        return arrays, Pixels(arrays[spec.arrays[0].name])
    return arrays, np.load(folder / "targets.npy", mmap_mode="r")


def _publish(temporary: Path, folder: Path) -> None:
    temporary.chmod(0o755)
    try:
        os.rename(temporary, folder)
    except OSError:
        # Another process was faster; its folder holds the same bits.
        if not folder.exists():
            raise


def _remove_abandoned(cache_folder: Path) -> None:
    """Remove what a killed process left behind."""
    for left in cache_folder.glob(f"{_TEMPORARY}*"):
        # Another process may finish with it, and take it away, at any moment.
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _raise_errors(problems: list[Problem]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise BuilderError(errors)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _no_progress(share: float, text: str) -> None:
    return None
