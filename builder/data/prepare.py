"""Preparing data once: every array encoded and split into a folder, opened at once ever after."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from builder.data.images import ImageSource
from builder.data.prepare_images import prepare_images
from builder.data.prepare_table import prepare_table
from builder.data.sources import fingerprint, open_source
from builder.data.spec import DataSpec
from builder.data.splits import PARTS
from builder.data.writing import explained_disk_errors, read_row, write_json
from builder.errors import BuilderError, Problem
from builder.project import DataRecipe

# Raise it when the same recipe gives other arrays than before.
PREPARED_VERSION = 2
Progress = Callable[[float, str], None]
_TEMPORARY = ".preparing-"
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Prepared:
    """Prepared data: arrays, targets and the rows of each part, memory-mapped from ``folder``.

    ``arrays`` maps an ``ArraySpec``'s name to (rows, *shape), images as uint8; ``targets`` is
    (rows,), int32 class indices or float32 in the target's unit; ``indices`` maps ``"train"``,
    ``"validation"`` and ``"test"`` to row numbers. ``problems`` are the warnings of the preparation.
    """

    folder: Path
    spec: DataSpec
    arrays: dict[str, np.memmap]
    targets: np.memmap
    indices: dict[str, np.ndarray]
    problems: tuple[Problem, ...]

    @classmethod
    def open(cls, folder: Path) -> Prepared:
        """Return the prepared data in a folder that ``prepare`` made."""
        spec = DataSpec.from_json(_read_json(folder / "spec.json"))
        return cls(
            folder=folder,
            spec=spec,
            arrays={item.name: np.load(folder / f"{item.name}.npy", mmap_mode="r") for item in spec.arrays},
            targets=np.load(folder / "targets.npy", mmap_mode="r"),
            indices={part: np.load(folder / f"{part}.npy") for part in PARTS},
            problems=tuple(Problem(**item) for item in _read_json(folder / "problems.json")),
        )

    def sample(self, row: int) -> dict[str, Any]:
        """Return the sample of a row for display.

        ``{"kind": "image", "array": uint8 (height, width, channels)}``, ``{"kind": "text", "text": ...}``
        or ``{"kind": "table", "row": {column: value or None}}``.
        """
        if self.spec.inputs[0].kind == "image":
            return {"kind": "image", "array": np.array(self.arrays["image"][row])}
        values = read_row(self.folder / "rows.arrow", row)
        if [item.kind for item in self.spec.inputs] == ["text"]:
            return {"kind": "text", "text": values[self.spec.inputs[0].settings["column"]]}
        return {"kind": "table", "row": values}


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
    return Prepared.open(folder)


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
    everything = {
        "version": PREPARED_VERSION,
        "recipe": recipe.to_json() | {"preprocessing": recipe.settings(), "split": recipe.split_settings()},
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
        if isinstance(source, ImageSource):
            spec, problems = prepare_images(recipe, source, temporary, on_progress)
        else:
            spec, problems = prepare_table(recipe, source, temporary, on_progress)
        write_json(temporary / "spec.json", spec.to_json())
        write_json(temporary / "problems.json", [problem.to_json() for problem in problems])
        _publish(temporary, folder)
        on_progress(1.0, "Ready")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
