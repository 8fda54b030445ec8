"""The environment of a process of ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a worker: this one's, with ``builder`` importable and TensorFlow quiet."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
    # Without it the first TensorFlow process takes the whole memory of a GPU.
    shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    return {**shared, **os.environ, **quiet, "PYTHONPATH": path, **(extra or {})}
