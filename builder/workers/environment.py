"""The environment of a process of ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# TensorFlow reads them while it is imported. Without the second, the first process with TensorFlow takes the
# whole memory of a GPU.
_TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def use_own_environment() -> None:
    """Give this process what TensorFlow should find in a worker's environment, before it is imported."""
    for name, value in _TENSORFLOW.items():
        os.environ.setdefault(name, value)


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a worker: this one's, with ``builder`` importable and TensorFlow quiet."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    own = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": path}
    return {**_TENSORFLOW, **os.environ, **own, **(extra or {})}
