"""How far a long work is, as one process tells it in a file and others read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.runs.files import read_json, write_json

# Called with the done share, 0 to 1, and words.
Progress = Callable[[float, str], None]


def told_in(file: Path, on_progress: Progress | None = None) -> Progress:
    """Return what tells progress in a file, and to whoever listens in this process.

    Raises:
        BuilderError: when it is called, where the disk refuses.
    """

    def tell(share: float, words: str) -> None:
        write_json(file, {"share": share, "words": words})
        if on_progress is not None:
            on_progress(share, words)

    return tell


def progress_in(file: Path) -> dict[str, Any]:
    """Return what a file tells: ``{"share": 0 to 1, "words"}``; the beginning where there is none."""
    seen = read_json(file) or {}
    return {"share": float(seen.get("share", 0.0)), "words": str(seen.get("words", "Getting ready"))}
