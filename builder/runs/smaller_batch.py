"""The batch that a run had to take for want of memory: half as many samples, accumulated twice as often.

The weights then change as often and from as many samples as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.runs.files import read_json, write_json

BATCH_FILE = "batch.json"
NAMES = ("batch_size", "accumulation_steps")


def halved(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the settings with half the batch and twice the accumulation; None where it is one sample."""
    if settings["batch_size"] < 2:
        return None
    return {
        **settings,
        "batch_size": settings["batch_size"] // 2,
        "accumulation_steps": settings["accumulation_steps"] * 2,
    }


def keep_batch(folder: Path, settings: Mapping[str, Any]) -> None:
    """Remember in a run's folder with which batches it goes on.

    Raises:
        BuilderError: where the disk refuses.
    """
    write_json(folder / BATCH_FILE, {name: settings[name] for name in NAMES})


def with_kept_batch(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with the batches that a run had to take for want of memory, if it had to."""
    return {**settings, **(read_json(folder / BATCH_FILE) or {})}


def smaller_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what a person is told of the change."""
    return (
        f"The memory ran out with {before['batch_size']} samples a step. The run goes on from its last "
        f"checkpoint with {after['batch_size']} samples a step, and the weights change every "
        f"{after['accumulation_steps']} steps, so that as many samples as before count for each change."
    )
