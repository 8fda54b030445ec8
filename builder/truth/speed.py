"""How fast a TFLite file answers on this machine, on one thread and on all, and with how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from builder.errors import stop
from builder.export.launching import environment

# What files are timed with: samples, and samples with the spectrogram in the sound's place.
SAMPLES_FILE, SPECTROGRAMS_FILE = "samples.npz", "spectrograms.npz"
SECONDS = 300.0
_WORKER = "builder.truth.speed_worker"


def threads_here() -> int:
    """Return how many processor threads this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def speed(file: Path, samples: Path) -> dict[str, Any]:
    """Return the latency of single samples, in milliseconds, and the memory, in bytes.

    Args:
        file: a TFLite file.
        samples: an ``.npz`` file with the inputs by name, each of shape ``(samples, …)``.

    Returns:
        ``{"one": {"p50", "p95", "calls"}, "all": {...}, "threads", "memory_bytes"}``; memory is the
        growth of a process of its own while it loads the file and answers on one thread.

    Raises:
        BuilderError: ``not_timed`` where the process fails.
    """
    threads = threads_here()
    one = _timed(file, samples, 1)
    every = _timed(file, samples, threads) if threads > 1 else one
    memory = one.pop("memory_bytes")
    every.pop("memory_bytes", None)
    return {"one": one, "all": every, "threads": threads, "memory_bytes": memory}


def _timed(file: Path, samples: Path, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", _WORKER, str(file), str(samples), str(threads)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, env=environment(), check=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        message = f"The speed of {file.name} could not be measured: its runtime ended or took too long."
        raise stop("not_timed", message) from error
    found: dict[str, Any] = json.loads(done.stdout)
    return found
