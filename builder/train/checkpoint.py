"""Everything that a run needs to go on exactly, in one file that is written whole or not at all."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from builder.errors import BuilderError, stop
from builder.runs.files import atomic_path

VERSION = 2
Values = Mapping[str, Sequence[Any]]


def write_checkpoint(path: Path, values: Values, state: Mapping[str, Any]) -> None:
    """Write groups of arrays and a JSON-ready state; the file that was there before stays until the end.

    Args:
        path: a name that ends in ``.npz``.
        values: group name -> Keras variables or arrays, in a fixed order.
        state: JSON-ready data.

    Raises:
        BuilderError: ``disk_full`` or ``unwritable``.
    """
    arrays = {
        f"{group}_{index:05d}": np.asarray(item)
        for group, items in values.items()
        for index, item in enumerate(items)
    }
    text = json.dumps({"version": VERSION, **state})
    with atomic_path(path) as temporary:
        np.savez(temporary, allow_pickle=False, state=np.array(text), **arrays)


def read_checkpoint(path: Path) -> tuple[dict[str, list[np.ndarray]], dict[str, Any]] | None:
    """Return the groups and the state in a checkpoint, or None where there is no such file.

    Raises:
        BuilderError: ``broken_checkpoint`` where the file is damaged or of another version.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            state = json.loads(str(file["state"]))
            groups: dict[str, list[np.ndarray]] = {}
            for name in sorted(set(file.files) - {"state"}):
                groups.setdefault(name.rsplit("_", 1)[0], []).append(file[name])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise _broken(path, "it cannot be read") from error
    if state.get("version") != VERSION:
        raise _broken(path, "it was written by another version")
    return groups, state


def assign(variables: Sequence[Any], arrays: Sequence[np.ndarray], path: Path) -> None:
    """Give saved values to Keras variables.

    Raises:
        BuilderError: ``broken_checkpoint`` where number or shapes do not match; nothing is changed then.
    """
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [array.shape for array in arrays]:
        raise _broken(path, "it belongs to another model")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def copies(variables: Sequence[Any]) -> list[np.ndarray]:
    """Return the values of Keras variables as arrays that later training does not change."""
    return [np.array(np.asarray(variable)) for variable in variables]


def _broken(path: Path, reason: str) -> BuilderError:
    message = f"The checkpoint {path.name} of this run cannot be used: {reason}. Start a new run."
    return stop("broken_checkpoint", message)
