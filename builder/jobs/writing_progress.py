"""What a language model has written so far, as one process tells it and others read it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from builder.runs.files import write_json

PROGRESS_FILE = "writing.json"
_SECONDS = 0.2


def told(
    pieces: Iterator[str],
    folder: Path,
    prompt: str,
    settings: Mapping[str, Any],
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Return the pieces of a text as one, telling in the run's folder what there is of it meanwhile."""
    key, text, last = _key(prompt, settings), "", clock()
    for piece in pieces:
        text += piece
        if clock() - last >= _SECONDS:
            write_json(folder / PROGRESS_FILE, {"key": key, "text": text})
            last = clock()
    return text


def writing_progress(folder: Path, prompt: str, settings: Mapping[str, Any]) -> str:
    """Return what is written so far for a prompt; empty where nothing is told."""
    try:
        seen = json.loads((folder / PROGRESS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(seen["text"]) if seen["key"] == _key(prompt, settings) else ""


def _key(prompt: str, settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps([prompt, dict(settings)], sort_keys=True).encode()).hexdigest()
